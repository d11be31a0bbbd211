import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { countTokens } from 'gpt-tokenizer';
import { z } from 'zod';
import { toolDefinition } from '../../src/mcp/tool-definition.js';
import { catalog } from '../../src/tools/catalog/index.js';
import type { Tool } from '../../src/tools/tool.js';

/**
 * What `tools/list` may cost, for all tools together: some 700 tokens a tool, and about as many again for the two dozen
 * filters of list_applications. Raise it only with a reason.
 */
const listBytesMax = 28_500;
const listTokensMax = 7_000;
/** The part that every client puts before its model: without the schemas of the answers. */
const promptTokensMax = 3_400;
/** Clients refuse or cut longer descriptions. */
const descriptionCharactersMax = 1_000;

interface Schema {
  type?: string;
  description?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: boolean | Schema;
  required?: string[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  default?: unknown;
  minimum?: number;
  maximum?: number;
  'x-mcp-header'?: string;
}

const inputOf = (tool: Tool) => toolDefinition(tool).listed.inputSchema as Schema;
/** As OpenAPI and the documents show it; `tools/list` leaves the descriptions out. */
const outputOf = (tool: Tool) => z.toJSONSchema(tool.output, { io: 'output' }) as Schema;
const isUnion = (schema: Schema) => Boolean(schema.anyOf ?? schema.oneOf ?? schema.allOf);
const parametersOf = (route: string) => [...route.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');

/** The paths of all fields that nothing is said about. */
function undescribed(schema: Schema, path: string): string[] {
  const inner = [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
      const here = `${path}.${name}`;
      return [...(field.description ? [] : [here]), ...undescribed(field, here)];
    }),
    ...(schema.items ? undescribed(schema.items, `${path}[]`) : []),
  ];
  return inner;
}

it('every file of the catalog is one tool, listed once, and named alike everywhere', async () => {
  const folder = join(process.cwd(), 'src', 'tools', 'catalog');
  const files = readdirSync(folder).filter((name) => name !== 'index.ts' && !name.endsWith('.spec.ts'));
  const named = files.map((file) => file.replace(/\.ts$/, '').replaceAll('-', '_'));
  expect(catalog.map((tool) => tool.name).sort()).toEqual(named.sort());

  for (const tool of catalog) {
    const file = `${tool.name.replaceAll('_', '-')}.ts`;
    const camelCase = tool.name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
    const module = (await import(join(folder, file))) as Record<string, unknown>;
    expect(module[camelCase]).toBe(tool);
  }
});

it('no two tools share a route', () => {
  const routes = catalog.map((tool) => tool.route.replace(/\{\w+\}/g, '{}'));
  expect(new Set(routes).size).toBe(routes.length);
});

it('tools/list stays within its budget of bytes and tokens', () => {
  const listed = catalog.map((tool) => toolDefinition(tool).listed);
  const whole = JSON.stringify({ tools: listed });
  const prompt = JSON.stringify(listed.map(({ outputSchema: _, ...rest }) => rest));
  expect(Buffer.byteLength(whole)).toBeLessThan(listBytesMax);
  expect(countTokens(whole)).toBeLessThan(listTokensMax);
  expect(countTokens(prompt)).toBeLessThan(promptTokensMax);
});

describe.each(catalog.map((tool) => [tool.name, tool] as const))('%s', (_name, tool) => {
  it('has a name in snake_case, a title and a description that a model can read whole', () => {
    expect(tool.name).toMatch(/^[a-z]+(_[a-z]+)+$/);
    expect(tool.title).toMatch(/^[A-Z]/);
    expect(tool.description).toMatch(/\.$/);
    expect(tool.description.length).toBeLessThanOrEqual(descriptionCharactersMax);
  });

  it('takes one flat object, strict, every argument described and no unions', () => {
    const schema = inputOf(tool);
    expect(schema.type).toBe('object');
    expect(schema.additionalProperties).toBe(false);
    expect(isUnion(schema)).toBe(false);
    expect(undescribed(schema, 'input')).toEqual([]);
    for (const argument of Object.values(schema.properties ?? {})) {
      expect(isUnion(argument)).toBe(false);
      expect(['string', 'integer', 'number', 'boolean', 'array']).toContain(argument.type);
      if (argument.type === 'array') expect(argument.items?.type).toBe('string');
    }
  });

  it('finds every parameter of its path among its required arguments', () => {
    const { properties = {}, required = [] } = inputOf(tool);
    for (const parameter of parametersOf(tool.route)) {
      expect(Object.keys(properties)).toContain(parameter);
      expect(required).toContain(parameter);
    }
  });

  it('reads by GET and changes by another method', () => {
    expect(tool.route.startsWith('GET ')).toBe(tool.effect === 'read');
  });

  it('speaks of clusters, limits and waiting as every other tool does', () => {
    const { cluster, limit, cursor, timeoutSeconds } = inputOf(tool).properties ?? {};
    if (cluster) expect(cluster).toMatchObject({ type: 'string', 'x-mcp-header': 'Cluster' });
    if (limit) expect(limit).toMatchObject({ type: 'integer', default: 20, maximum: 200 });
    if (timeoutSeconds) expect(timeoutSeconds).toMatchObject({ type: 'integer', default: 25 });
    expect(Boolean(limit)).toBe(Boolean(cursor));
  });

  it('answers one described object', () => {
    const schema = outputOf(tool);
    expect(schema.type).toBe('object');
    expect(isUnion(schema)).toBe(false);
    expect(undescribed(schema, 'output')).toEqual([]);
  });

  it('answers {job} if it starts a job, and a counted list with what was unavailable if it lists', () => {
    const { properties = {} } = outputOf(tool);
    if (tool.startsJob) expect(Object.keys(properties)).toEqual(['job']);
    if (inputOf(tool).properties?.['limit']) {
      expect(Object.keys(properties)).toEqual(expect.arrayContaining(['total', 'nextCursor', 'unavailable']));
    }
  });
});
