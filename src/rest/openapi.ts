import { z } from 'zod';
import { errorCatalogue, type ErrorCode } from '../errors/catalogue.js';
import { problemTypePrefix } from '../errors/problem.js';
import type { Tool } from '../tools/tool.js';
import { inputSchema } from './tool-input.js';
import { notModified, validatorHeaders, validatorParameters } from './openapi-validators.js';
import { toolRoute, type RoutedInput } from './tool-route.js';

export type Json = Record<string, unknown>;

export interface OpenApiOptions {
  version: string;
  /** Address under which callers reach the server; absent: that of the document. */
  publicUrl?: string;
  /** Paths of what is no tool. */
  paths?: Json;
}

/** The OpenAPI 3.1 document of the tools' routes. Derived from declarations alone; equal input, equal document. */
export function openApiDocument(tools: readonly Tool[], { version, publicUrl, paths: more }: OpenApiOptions): Json {
  const paths: Record<string, Json> = {};
  for (const tool of tools) {
    const { template, method } = toolRoute(tool);
    paths[template] = { ...paths[template], [method.toLowerCase()]: operation(tool) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'argocd-fleet-mcp',
      version,
      description:
        'Every Argo CD instance of a fleet behind one address. The same tools are served over MCP at /mcp; names, ' +
        'arguments, answers and errors are the same.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: publicUrl ?? '/' }],
    // The empty one: a server without keys, which only loopback reaches, asks for none.
    security: [{ apiKey: [] }, {}],
    tags: [...new Set(tools.map(({ toolset }) => toolset))].map((name) => ({ name })),
    paths: { ...paths, ...more },
    components: {
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'An API key of the server configuration' },
      },
      schemas: { Problem: problemSchema() },
      responses: Object.fromEntries(statuses.map((status) => [`Problem${status}`, problemResponse(status)])),
    },
  };
}

function operation(tool: Tool): Json {
  const { inBody, rest, required, parameters: own } = argumentsOf(tool);
  const parameters = [...own, ...validatorParameters(tool)];
  return {
    operationId: tool.name,
    summary: tool.title,
    description: tool.description,
    tags: [tool.toolset],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(inBody ? { requestBody: requestBody(Object.fromEntries(rest), required) } : {}),
    responses: { ...success(tool), ...notModified(tool), ...problems },
  };
}

/** Where the arguments of a route go. */
export function argumentsOf(route: RoutedInput) {
  const { method, parameters: inPath } = toolRoute(route);
  const { properties = {}, required = [] } = plainSchema(inputSchema(route)) as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  const rest = Object.entries(properties).filter(([name]) => !inPath.includes(name));
  const inBody = method === 'POST' || method === 'PATCH';
  const parameters = [
    ...inPath.map((name) => parameter('path', name, properties[name] ?? {}, true)),
    ...(inBody ? [] : rest.map(([name, schema]) => parameter('query', name, schema, required.includes(name)))),
  ];
  return { inBody, rest, required, parameters };
}

/** Says the description once, beside the schema, where OpenAPI's readers look for it. */
function parameter(place: 'path' | 'query', name: string, { description, ...schema }: Json, required: boolean): Json {
  const list = schema['type'] === 'array' ? { style: 'form', explode: true } : {};
  return { name, in: place, description, required, ...list, schema };
}

function requestBody(properties: Record<string, Json>, required: readonly string[]): Json {
  const needed = required.filter((name) => name in properties);
  const schema = {
    type: 'object',
    properties,
    ...(needed.length > 0 ? { required: needed } : {}),
    additionalProperties: false,
  };
  return { required: needed.length > 0, content: { 'application/json': { schema } } };
}

function success(tool: Tool): Json {
  const content = { 'application/json': { schema: plainSchema(z.toJSONSchema(tool.output)) } };
  const validators = validatorHeaders(tool);
  if (!tool.startsJob) {
    return { 200: { description: tool.title, ...(validators ? { headers: validators } : {}), content } };
  }
  const headers = {
    Location: { description: 'Address of the job', schema: { type: 'string' } },
    'Retry-After': { description: 'Seconds to wait before asking for it', schema: { type: 'integer', minimum: 1 } },
  };
  return { 202: { description: 'The job was started, or an equal one was joined', headers, content } };
}

/** JSON Schema as OpenAPI 3.1 takes it: without the dialect, which the document sets, and without what is MCP's. */
export function plainSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(plainSchema);
  if (typeof schema !== 'object' || schema === null) return schema;
  const kept = Object.entries(schema).filter(([key]) => key !== '$schema' && key !== 'x-mcp-header');
  return Object.fromEntries(kept.map(([key, value]) => [key, plainSchema(value)]));
}

const codes = Object.keys(errorCatalogue) as ErrorCode[];
const statuses = [...new Set(codes.map((code) => errorCatalogue[code].http))].sort((a, b) => a - b);
/** Every answer that is a problem. */
export const problems = Object.fromEntries([
  ...statuses.map((status) => [status, { $ref: `#/components/responses/Problem${status}` }]),
]) as Json;

function problemResponse(status: number): Json {
  const meanings = codes
    .filter((code) => errorCatalogue[code].http === status)
    .map((code) => `\`${code}\`: ${errorCatalogue[code].meaning}`);
  const headers: Json = {
    ...(status === 401 ? { 'WWW-Authenticate': { schema: { type: 'string' } } } : {}),
    ...(status === 429 || status === 503 ? { 'Retry-After': { schema: { type: 'integer', minimum: 1 } } } : {}),
  };
  return {
    description: meanings.join(' '),
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
}

function problemSchema(): Json {
  const text = (description: string): Json => ({ type: 'string', description });
  return {
    type: 'object',
    description: 'Problem details (RFC 9457)',
    required: ['type', 'title', 'status', 'detail', 'code', 'retryable', 'hint'],
    properties: {
      type: text(`${problemTypePrefix}<code>`),
      title: text('What the code means'),
      status: { type: 'integer', description: 'HTTP status' },
      detail: text('What happened and what to do'),
      code: { type: 'string', enum: codes, description: 'Code of the error' },
      retryable: { type: 'boolean', description: 'The same call may succeed later' },
      hint: text('What the caller can do'),
      details: { type: 'object', description: 'Data that belongs to this error', additionalProperties: true },
    },
  };
}
