import { z } from 'zod';
import { AppError } from '../errors/app-error.js';
import type { Tool } from '../tools/tool.js';
import { toolRoute, type RoutedInput } from './tool-route.js';

type JsonSchema = z.core.JSONSchema.BaseSchema;
type Coerce = (value: string | string[]) => unknown;

/** What Fastify has made of a request. */
export interface RequestParts {
  params: Readonly<Record<string, string>>;
  /** A repeated key has a list. */
  query: Readonly<Record<string, string | string[]>>;
  body: unknown;
}

/**
 * Turns a request into the arguments of a tool. It translates and never judges: what cannot be translated without a
 * change of meaning stays as it came, and the gate refuses it in its own words.
 *
 * Refused here, as `invalid_input`, is only what the gate cannot see: arguments in the wrong place, and a path parameter
 * that another place contradicts.
 */
export class ToolInput {
  private readonly coercions = new Map<string, Coerce>();
  private readonly hasBody: boolean;
  private readonly pathParameters: readonly string[];

  constructor(tool: RoutedInput) {
    const { method, parameters } = toolRoute(tool);
    this.hasBody = method === 'POST' || method === 'PATCH';
    this.pathParameters = parameters;
    const { properties = {} } = inputSchema(tool);
    for (const [name, schema] of Object.entries(properties)) {
      const coerce = coercionOf(schema as JsonSchema);
      if (coerce) this.coercions.set(name, coerce);
    }
  }

  read({ params, query, body }: RequestParts): Record<string, unknown> {
    const input = this.hasBody ? this.fromBody(query, body) : this.fromQuery(query, body);
    for (const name of this.pathParameters) {
      const value = this.coerce(name, params[name] as string);
      if (Object.hasOwn(input, name) && input[name] !== value) {
        throw refusal(name, 'differs from the value in the path; send it only there');
      }
      define(input, name, value);
    }
    return input;
  }

  private fromBody(query: RequestParts['query'], body: unknown): Record<string, unknown> {
    for (const name in query) throw refusal(name, 'is in the query; this route takes its arguments from the JSON body');
    if (body === undefined) return {};
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      throw new AppError('invalid_input', 'The body must be a JSON object that holds the arguments.');
    }
    return { ...body };
  }

  private fromQuery(query: RequestParts['query'], body: unknown): Record<string, unknown> {
    if (body !== undefined) {
      throw new AppError('invalid_input', 'This route takes its arguments from the query and has no body.');
    }
    const input: Record<string, unknown> = {};
    for (const name in query) define(input, name, this.coerce(name, query[name] as string | string[]));
    return input;
  }

  private coerce(name: string, value: string | string[]): unknown {
    return this.coercions.get(name)?.(value) ?? value;
  }
}

/** JSON schema of a tool's arguments as they are sent. */
export function inputSchema(tool: Pick<Tool, 'input'>): JsonSchema {
  return z.toJSONSchema(tool.input, { io: 'input' });
}

/** How text becomes what the schema wants; nothing where the schema takes text. Text that does not fit stays text. */
function coercionOf(schema: JsonSchema): Coerce | undefined {
  if (schema.type === 'array') {
    const item = coercionOf((schema.items ?? {}) as JsonSchema);
    // A list of one is written like a single value.
    return (value) => (Array.isArray(value) ? value : [value]).map((each) => item?.(each) ?? each);
  }
  const types = typesOf(schema);
  if (types.has('string') || types.size === 0) return undefined;
  return (value) => {
    if (typeof value !== 'string') return value;
    if (types.has('boolean') && (value === 'true' || value === 'false')) return value === 'true';
    if ((types.has('number') || types.has('integer')) && jsonNumber.test(value)) return Number(value);
    return value;
  };
}

const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

function typesOf(schema: JsonSchema): Set<string> {
  const alternatives = schema.anyOf ?? schema.oneOf ?? [];
  const own = schema.type === undefined ? [] : [schema.type].flat();
  return new Set([...own, ...alternatives.flatMap((each) => [...typesOf(each as JsonSchema)])]);
}

/** Not an assignment: `__proto__` is a name like any other, which the gate refuses. */
function define(input: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(input, name, { value, enumerable: true, writable: true, configurable: true });
}

function refusal(path: string, message: string): AppError {
  const name = path.length > 60 ? `${path.slice(0, 60)}…` : path;
  return new AppError('invalid_input', `${name}: ${message}`, { issues: [{ path: name, message }] });
}
