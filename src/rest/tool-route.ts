import type { Tool } from '../tools/tool.js';

export const apiPrefix = '/api/v1';

export interface ToolRoute {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** `/api/v1/applications/{application}`, as OpenAPI writes it. */
  template: string;
  /** `/api/v1/applications/:application`, as Fastify writes it. */
  url: string;
  /** Names of the path parameters. */
  parameters: readonly string[];
}

/** The part of a declaration that its route and its arguments are made from. */
export type RoutedInput = Pick<Tool, 'name' | 'route' | 'input'>;

/** Takes a tool's declared route apart. Throws for one whose path parameters are not arguments: a mistake of ours. */
export function toolRoute(tool: RoutedInput): ToolRoute {
  const [method, path] = tool.route.split(' ') as [ToolRoute['method'], string];
  const template = apiPrefix + path;
  const parameters = [...template.matchAll(/\{([^{}/]+)\}/g)].map(([, name]) => name as string);
  for (const name of parameters) {
    if (!(name in tool.input.shape)) throw new Error(`${tool.name}: the path parameter ${name} is no argument`);
  }
  return { method, template, url: template.replace(/\{([^{}/]+)\}/g, ':$1'), parameters };
}
