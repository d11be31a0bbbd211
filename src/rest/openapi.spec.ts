import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { z } from 'zod';
import { errorCatalogue } from '../errors/catalogue.js';
import { AppError } from '../errors/app-error.js';
import { toProblem } from '../errors/problem.js';
import { catalog } from '../tools/catalog/index.js';
import { defineTool } from '../tools/tool.js';
import { openApiDocument } from './openapi.js';

type Json = Record<string, unknown>;
interface Parameter {
  name: string;
  in: string;
  description: string;
  required: boolean;
  schema: Json;
}
interface Operation {
  operationId: string;
  parameters?: Parameter[];
  requestBody?: { required: boolean; content: { 'application/json': { schema: Json & { properties: Json } } } };
  responses: Record<string, Json & { content?: Record<string, { schema: Json }>; headers?: Json }>;
}

const document = openApiDocument(catalog, { version: '1.2.3', publicUrl: 'https://fleet.example.com' });
const paths = document['paths'] as Record<string, Record<string, Operation>>;
const operations = Object.entries(paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
);
const byTool = new Map(operations.map((each) => [each.operation.operationId, each]));
const ajv = () => new Ajv2020({ strict: true, strictRequired: false, formats: {} });

/** Every JSON schema of the document. */
function schemas(): Json[] {
  const found: Json[] = Object.values((document['components'] as { schemas: Record<string, Json> }).schemas);
  for (const { operation } of operations) {
    for (const { schema } of operation.parameters ?? []) found.push(schema);
    if (operation.requestBody) found.push(operation.requestBody.content['application/json'].schema);
    for (const { content } of Object.values(operation.responses))
      if (content) found.push(content['application/json']!.schema);
  }
  return found;
}

describe('the OpenAPI document', () => {
  it('is 3.1, with version and address', () => {
    expect(document).toMatchObject({
      openapi: '3.1.1',
      info: { version: '1.2.3', license: { identifier: 'Apache-2.0' } },
      servers: [{ url: 'https://fleet.example.com' }],
    });
    expect(openApiDocument([], { version: '1' })).toMatchObject({ servers: [{ url: '/' }], paths: {} });
  });

  it('has one operation per tool, named as the tool, and no other', () => {
    expect([...byTool.keys()].sort()).toEqual(catalog.map(({ name }) => name).sort());
    expect(operations).toHaveLength(catalog.length);
    for (const tool of catalog) {
      const [method, path] = tool.route.split(' ');
      expect(byTool.get(tool.name)).toMatchObject({ method: method?.toLowerCase(), path: `/api/v1${path}` });
    }
  });

  it('has every argument of every tool in exactly one place, described', () => {
    for (const tool of catalog) {
      const { operation, method, path } = byTool.get(tool.name)!;
      const inBody = Object.keys(operation.requestBody?.content['application/json'].schema.properties ?? {});
      const parameters = (operation.parameters ?? []).filter((each) => each.in !== 'header');
      expect([...parameters.map(({ name }) => name), ...inBody].sort()).toEqual(Object.keys(tool.input.shape).sort());
      for (const parameter of parameters) {
        expect(parameter.description.length).toBeGreaterThan(3);
        expect(parameter.in).toBe(path.includes(`{${parameter.name}}`) ? 'path' : 'query');
        if (parameter.in === 'path') expect(parameter.required).toBe(true);
      }
      if (method === 'get') expect(operation.requestBody).toBeUndefined();
      if (method === 'post') expect(parameters.filter((each) => each.in === 'query')).toEqual([]);
    }
  });

  it('declares every path parameter, and nothing that is not in the path', () => {
    for (const { path, operation } of operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = (operation.parameters ?? []).filter((each) => each.in === 'path').map(({ name }) => name);
      expect(declared.sort()).toEqual(inPath.sort());
    }
  });

  it('answers 202 with Location and Retry-After where a job starts, 200 elsewhere, and problems for every status', () => {
    const statuses = [...new Set(Object.values(errorCatalogue).map(({ http }) => String(http)))];
    for (const tool of catalog) {
      const { responses } = byTool.get(tool.name)!.operation;
      const expected = tool.startsJob ? '202' : '200';
      const notModified = tool.cachedForMs ? ['304'] : [];
      expect(Object.keys(responses).sort()).toEqual([expected, ...notModified, ...statuses].sort());
      if (tool.startsJob) expect(Object.keys(responses['202']?.headers ?? {})).toEqual(['Location', 'Retry-After']);
    }
  });

  it('tells of the routes that the index answers, and of no other, how to ask again cheaply', () => {
    const cached = catalog.filter((tool) => tool.cachedForMs);
    expect(cached.map(({ name }) => name).sort()).toEqual(['get_fleet_status', 'list_applications', 'list_clusters']);
    for (const tool of catalog) {
      const { parameters = [], responses } = byTool.get(tool.name)!.operation;
      const inHeader = parameters.filter((each) => each.in === 'header');
      if (!cached.includes(tool)) {
        expect([inHeader, responses['304']]).toEqual([[], undefined]);
        continue;
      }
      expect(inHeader).toMatchObject([{ name: 'If-None-Match', required: false }]);
      const headers = ['ETag', ...('asOf' in tool.output.shape ? ['X-As-Of'] : [])];
      for (const status of ['200', '304']) expect(Object.keys(responses[status]?.headers ?? {})).toEqual(headers);
      expect(responses['304']?.content).toBeUndefined();
    }
    expect(JSON.stringify(byTool.get('list_applications')!.operation.responses['304'])).toContain('X-As-Of');
  });

  it('resolves every reference', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(
      ([, path]) => path as string,
    );
    expect(references.length).toBeGreaterThan(0);
    for (const reference of references) {
      const target = reference.split('/').reduce<unknown>((node, key) => (node as Json | undefined)?.[key], document);
      expect([reference, typeof target]).toEqual([reference, 'object']);
    }
  });

  it('holds valid JSON Schema 2020-12 only, with nothing of MCP in it', () => {
    const validator = ajv();
    for (const schema of schemas()) {
      expect(validator.validateSchema(schema)).toBe(true);
      expect(() => ajv().compile(schema)).not.toThrow();
    }
    expect(JSON.stringify(document)).not.toMatch(/x-mcp-header|\$schema/);
  });

  it('describes the problems that are really sent', () => {
    const { Problem } = (document['components'] as { schemas: { Problem: Json } }).schemas;
    const validate = ajv().compile({ ...Problem, additionalProperties: false });
    for (const code of Object.keys(errorCatalogue) as (keyof typeof errorCatalogue)[]) {
      expect(validate(toProblem(new AppError(code, 'x', { suggestions: [] })))).toBe(true);
    }
    expect(validate({ code: 'internal' })).toBe(false);
  });

  it('names a security scheme, and that a server without keys asks for none', () => {
    expect(document['security']).toEqual([{ apiKey: [] }, {}]);
    expect(document).toMatchObject({ components: { securitySchemes: { apiKey: { type: 'http', scheme: 'bearer' } } } });
  });

  it('is refused for a tool whose path names no argument', () => {
    const broken = defineTool({
      ...catalog[0]!,
      route: 'GET /x/{nobody}',
      input: z.strictObject({}),
      run: async () => ({}),
    });
    expect(() => openApiDocument([broken], { version: '1' })).toThrow('nobody');
  });
});
