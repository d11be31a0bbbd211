import {
  classifyInboundRequest,
  createMcpHandler,
  type AuthInfo,
  type McpHandlerRequestOptions,
  type McpRequestContext,
  type McpServer,
  type Server,
  type ServerNotifier,
} from '@modelcontextprotocol/server';
import type { Logger } from 'pino';
import type { Caller } from '../auth/caller.js';
import type { ProtocolEra } from './fleet-server.js';
import { listenMethod, type Connection, type ListenStreams } from './listen-streams.js';
import { findHeaderMismatch, headerMismatchCode, type HeaderMismatch } from './param-headers.js';
import type { MirroredArgument } from './tool-definition.js';

/** Streamable HTTP in both eras, behind authentication and body parsing. */
export interface HttpHandler {
  fetch(request: Request, options?: McpHandlerRequestOptions): Promise<Response>;
  /** Tells the subscribers of the modern era that something changed. */
  readonly notify: ServerNotifier;
  /** Ends the streams that would never end by themselves. */
  endSubscriptions(): void;
  /** Ends what is under way. */
  close(): Promise<void>;
}

/** Where the servers come from that answer the requests: `FleetServer`, or what a conformance suite wants to see. */
export interface ServerSource {
  create(caller: Caller, era: ProtocolEra): Server | McpServer;
  mirroredArguments(toolName: string): readonly MirroredArgument[];
}

/** Carries the caller through the SDK to the server factory, and the exchange to its subscription. */
export function authInfoOf(caller: Caller, connection: Connection): AuthInfo {
  return { token: '', clientId: caller.name, scopes: [], extra: { caller, connection } };
}

function callerOf(authInfo: AuthInfo | undefined): Caller {
  const caller = authInfo?.extra?.['caller'];
  if (!caller) throw new Error('a request reached the MCP handler without a caller');
  return caller as Caller;
}

/** @param listen absent: the SDK serves subscriptions, from what `notify` is told */
export function createHttpHandler(server: ServerSource, log: Logger, listen?: ListenStreams): HttpHandler {
  const create = ({ authInfo, era }: McpRequestContext) => server.create(callerOf(authInfo), era);
  const sdk = createMcpHandler(create, {
    // Mostly what clients do wrong; the answer tells them.
    onerror: (error) => log.debug({ err: error }, 'MCP request refused'),
  });
  return {
    fetch: async (request, options) => {
      const mismatch = findMismatch(server, request, options);
      if (mismatch) return mismatchResponse(mismatch.found, mismatch.id);
      const asked = (options?.parsedBody as { method?: unknown } | undefined)?.method;
      if (listen && asked === listenMethod) {
        const connection = options?.authInfo?.extra?.['connection'] as Connection;
        return listen.serve(create, request, options, { caller: callerOf(options?.authInfo), connection });
      }
      const response = await sdk.fetch(request, options);
      if (response.status === 405) response.headers.set('Allow', 'POST');
      return response;
    },
    notify: sdk.notify,
    endSubscriptions: () => listen?.close(),
    close: () => sdk.close(),
  };
}

/** Looks at requests that the SDK will serve; what it refuses, it refuses in its own words. */
function findMismatch(
  server: ServerSource,
  { method, headers }: Request,
  options: McpHandlerRequestOptions | undefined,
): { found: HeaderMismatch; id: unknown } | undefined {
  const body = options?.parsedBody;
  if (method !== 'POST' || !hasToolCall(body)) return undefined;
  const route = classifyInboundRequest({
    httpMethod: method,
    body,
    protocolVersionHeader: headers.get('mcp-protocol-version') ?? undefined,
    mcpMethodHeader: headers.get('mcp-method') ?? undefined,
    mcpNameHeader: headers.get('mcp-name') ?? undefined,
  });
  if (route.kind === 'reject') return undefined;
  for (const message of Array.isArray(body) ? (body as unknown[]) : [body]) {
    const call = toolCallOf(message);
    if (!call) continue;
    const mirrored = server.mirroredArguments(call.name);
    const found = findHeaderMismatch(mirrored, call.arguments, headers, route.kind === 'modern');
    if (found) return { found, id: Array.isArray(body) ? null : call.id };
  }
  return undefined;
}

function hasToolCall(body: unknown): boolean {
  return Array.isArray(body) ? body.some((message) => toolCallOf(message)) : toolCallOf(body) !== undefined;
}

function toolCallOf(message: unknown): { id: unknown; name: string; arguments: unknown } | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const { method, id, params } = message as { method?: unknown; id?: unknown; params?: unknown };
  if (method !== 'tools/call' || typeof params !== 'object' || params === null) return undefined;
  const { name, arguments: callArguments } = params as { name?: unknown; arguments?: unknown };
  return typeof name === 'string' ? { id, name, arguments: callArguments } : undefined;
}

function mismatchResponse(mismatch: HeaderMismatch, id: unknown): Response {
  const message = `Bad Request: the request headers and body disagree: ${mismatch.body}`;
  const error = { code: headerMismatchCode, message, data: { mismatch } };
  return Response.json({ jsonrpc: '2.0', id: id ?? null, error }, { status: 400 });
}
