import type { Tool as McpTool } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { listedBriefly } from '../tools/answers.js';
import type { Tool } from '../tools/tool.js';

/** An argument that is mirrored into the HTTP header `Mcp-Param-<header>`, so that a proxy can route on it. */
export interface MirroredArgument {
  argument: string;
  header: string;
}

/** A tool as `tools/list` shows it. Making one costs milliseconds: once per tool at start, never per request. */
export interface ToolDefinition {
  listed: McpTool;
  mirrored: readonly MirroredArgument[];
}

/** Every argument of this name is mirrored, whether or not its schema says so. */
const clusterArgument = 'cluster';
const clusterHeader = 'Cluster';
/** Source: https://modelcontextprotocol.io/specification/2026-07-28/basic/transports#custom-headers */
const headerKeyword = 'x-mcp-header';

export function toolDefinition(tool: Tool): ToolDefinition {
  const inputSchema = jsonSchema(tool.input.strict(), 'input');
  const properties = (inputSchema['properties'] ?? {}) as Record<string, Record<string, unknown>>;
  const cluster = properties[clusterArgument];
  if (cluster) cluster[headerKeyword] ??= clusterHeader;
  const mirrored = Object.entries(properties).flatMap(([argument, schema]) => {
    const header = schema[headerKeyword];
    return typeof header === 'string' ? [{ argument, header }] : [];
  });
  const listed: McpTool = {
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: inputSchema as McpTool['inputSchema'],
    outputSchema: jsonSchema(tool.output, 'output') as McpTool['outputSchema'],
    annotations: {
      title: tool.title,
      readOnlyHint: tool.effect === 'read',
      // MCP's word for anything that may do more than add: clients let calls pass unasked on a false here.
      destructiveHint: tool.effect !== 'read',
      idempotentHint: tool.idempotent,
      // Answers quote texts that people outside this server wrote.
      openWorldHint: true,
    },
  };
  return { listed, mirrored };
}

/** JSON Schema 2020-12, which is MCP's default dialect, so it need not be named in every schema. */
function jsonSchema(schema: z.ZodObject, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    override: ({ zodSchema, jsonSchema: node }) => {
      // zod writes the range of safe integers into every integer; it tells a reader nothing and costs tokens.
      if (node.minimum === Number.MIN_SAFE_INTEGER) delete node.minimum;
      if (node.maximum === Number.MAX_SAFE_INTEGER) delete node.maximum;
      if (io === 'output') shorten(node, listedBriefly.has(zodSchema));
      else leaveToTheGate(node);
    },
  });
  return rest;
}

/**
 * An output schema is for programs: what its fields mean stands in OpenAPI and in docs/tools.md, and the names are
 * chosen to need no more. Paid for in every conversation, so nothing is repeated here. A client that keeps the schema
 * must not refuse the answers of a newer server for a field that was added.
 */
function shorten(node: z.core.JSONSchema.BaseSchema, isBrief: boolean): void {
  delete node.description;
  delete node.propertyNames;
  if (node.additionalProperties === false) delete node.additionalProperties;
  if (isBrief) {
    delete node.properties;
    delete node.required;
  }
}

/** That a name has the form of a name and a text is not empty goes without saying; the gate says so to who needs it. */
function leaveToTheGate(node: z.core.JSONSchema.BaseSchema): void {
  delete node.pattern;
  if (node.minLength === 1) delete node.minLength;
}
