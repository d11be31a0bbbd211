import type { IncomingHttpHeaders } from 'node:http';
import { SUPPORTED_PROTOCOL_VERSIONS, classifyInboundRequest } from '@modelcontextprotocol/server';
import type { Caller } from '../auth/caller.js';
import type { ToolRunner } from '../tools/tool-runner.js';
import type { Tool } from '../tools/tool.js';
import { KnownCalls, type KnownCall } from './known-calls.js';
import { findHeaderMismatch } from './param-headers.js';
import { serverInfo } from './server-info.js';
import type { MirroredArgument } from './tool-definition.js';

/** A finished answer: status 200, these headers, these bytes. */
export interface ShortAnswer {
  headers: Record<string, string>;
  body: Buffer;
}

export interface ShortPathRequest {
  caller: Caller;
  requestId: string;
  headers: IncomingHttpHeaders;
  /** Parsed JSON. */
  body: unknown;
  text?: string | undefined;
}

export interface ShortPathOptions {
  runner: Pick<ToolRunner, 'recall' | 'catalog'>;
  mirroredArguments(toolName: string): readonly MirroredArgument[];
}

/** Parts of the envelope that change nothing about the answer of a plain tool. */
const plainMeta = new Set([
  'io.modelcontextprotocol/protocolVersion',
  'io.modelcontextprotocol/clientCapabilities',
  'io.modelcontextprotocol/clientInfo',
  'traceparent',
  'tracestate',
  'baggage',
]);
const plainParams = new Set(['name', 'arguments', '_meta']);
const plainMessage = new Set(['jsonrpc', 'id', 'method', 'params']);

interface PlainCall {
  id: string | number;
  name: string;
  arguments: Record<string, unknown> | undefined;
  meta: Record<string, unknown>;
}

/**
 * Answers a `tools/call` whose answer the gate still has, without making a server for it. Decides the era by the SDK's
 * own rule, takes only requests that leave nothing to decide, and gives what the SDK would: every refusal, every
 * unusual message, header or capability goes the long way. A test holds both ways against each other.
 */
export class McpShortPath {
  private readonly tools: ReadonlyMap<string, Tool>;
  private readonly known = new KnownCalls();
  /** The bytes of a message up to the request's id, by the answer's object and era. */
  private readonly beginnings = { modern: new WeakMap<object, Buffer>(), legacy: new WeakMap<object, Buffer>() };

  constructor(private readonly options: ShortPathOptions) {
    this.tools = new Map(options.runner.catalog.filter((tool) => tool.cachedForMs).map((tool) => [tool.name, tool]));
  }

  /** @param request.text what the body was read from, so that it need not be read when it comes again */
  answer({ caller, requestId, headers, body, text }: ShortPathRequest): ShortAnswer | undefined {
    const call = plainCall(body);
    const tool = call && this.tools.get(call.name);
    if (!tool || !takesBoth(headers.accept) || headers['mcp-session-id'] !== undefined) return undefined;
    const era = this.eraOf(call, headers, body);
    if (!era) return undefined;
    const { id, name } = call;
    if (text !== undefined) this.known.learn(text, headers, body, { name, arguments: call.arguments, era });
    return this.recall({ id, name, arguments: call.arguments, era }, { caller, requestId, headers });
  }

  /** The answer to a body that was read before but for its id; undefined for every other one. */
  answerText({ caller, requestId, headers, text }: Omit<ShortPathRequest, 'body'> & { text: string }) {
    if (headers['mcp-session-id'] !== undefined) return undefined;
    const call = this.known.find(text, headers);
    return call && this.recall(call, { caller, requestId, headers });
  }

  private recall(
    call: KnownCall & { id: string | number },
    { caller, requestId, headers }: Pick<ShortPathRequest, 'caller' | 'requestId' | 'headers'>,
  ): ShortAnswer | undefined {
    const tool = this.tools.get(call.name);
    if (!tool || this.isMismatched(call, headers, call.era)) return undefined;
    const result = this.options.runner.recall(tool, { caller, input: call.arguments, transport: 'mcp', requestId });
    if (!result) return undefined;
    const { headers: own, end } = frames[call.era];
    const ending = Buffer.from(`${JSON.stringify(call.id)}}${end}`);
    return { headers: own, body: Buffer.concat([this.beginningOf(result, call.era), ending]) };
  }

  private eraOf(call: PlainCall, headers: IncomingHttpHeaders, body: unknown): 'modern' | 'legacy' | undefined {
    const version = single(headers['mcp-protocol-version']);
    const route = classifyInboundRequest({
      httpMethod: 'POST',
      body,
      protocolVersionHeader: version,
      mcpMethodHeader: single(headers['mcp-method']),
      mcpNameHeader: single(headers['mcp-name']),
    });
    if (route.kind === 'legacy') {
      const isKnown = version === undefined || SUPPORTED_PROTOCOL_VERSIONS.includes(version);
      return route.reason === 'no-claim' && isKnown ? 'legacy' : undefined;
    }
    if (route.kind !== 'modern' || route.messageKind !== 'request') return undefined;
    const isStandard =
      version === call.meta['io.modelcontextprotocol/protocolVersion'] &&
      headers['mcp-method'] === 'tools/call' &&
      headers['mcp-name'] === call.name;
    return isStandard && Object.keys(call.meta).every((key) => plainMeta.has(key)) ? 'modern' : undefined;
  }

  private isMismatched(
    call: Pick<PlainCall, 'name' | 'arguments'>,
    headers: IncomingHttpHeaders,
    era: 'modern' | 'legacy',
  ): boolean {
    const get = (name: string): string | null => single(headers[name.toLowerCase()]) ?? null;
    const mirrored = this.options.mirroredArguments(call.name);
    return findHeaderMismatch(mirrored, call.arguments, { get }, era === 'modern') !== undefined;
  }

  private beginningOf(
    { output, json }: { output: Record<string, unknown>; json: string },
    era: 'modern' | 'legacy',
  ): Buffer {
    let bytes = this.beginnings[era].get(output);
    if (bytes === undefined) {
      const result = {
        content: [{ type: 'text', text: json }],
        structuredContent: output,
        ...(era === 'modern'
          ? { resultType: 'complete', _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo } }
          : {}),
      };
      bytes = Buffer.from(`${frames[era].begin}{"result":${JSON.stringify(result)},"jsonrpc":"2.0","id":`);
      this.beginnings[era].set(output, bytes);
    }
    return bytes;
  }
}

/** What stands around a message: nothing, or an event of a stream. */
const frames = {
  modern: { headers: { 'content-type': 'application/json' }, begin: '', end: '' },
  legacy: {
    headers: {
      'cache-control': 'no-cache, no-transform',
      'content-type': 'text/event-stream',
      'x-accel-buffering': 'no',
    },
    begin: 'event: message\ndata: ',
    end: '\n\n',
  },
};

/** The call in a message that holds nothing but a call. */
function plainCall(body: unknown): PlainCall | undefined {
  if (!isRecord(body) || body['jsonrpc'] !== '2.0' || body['method'] !== 'tools/call') return undefined;
  const { id, params } = body;
  if (typeof id !== 'string' && !Number.isSafeInteger(id)) return undefined;
  if (!isRecord(params) || !holdsOnly(body, plainMessage) || !holdsOnly(params, plainParams)) return undefined;
  const { name, arguments: given, _meta: meta = {} } = params;
  if (typeof name !== 'string' || (given !== undefined && !isRecord(given)) || !isRecord(meta)) return undefined;
  // Whoever wants progress gets a stream, and a legacy envelope may hold anything.
  if (meta['progressToken'] !== undefined) return undefined;
  return { id: id as string | number, name, arguments: given, meta };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function holdsOnly(record: Record<string, unknown>, names: ReadonlySet<string>): boolean {
  for (const name in record) if (!names.has(name)) return false;
  return true;
}

const takesBoth = (accept: string | undefined): boolean =>
  accept !== undefined && accept.includes('application/json') && accept.includes('text/event-stream');

const single = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);
