/** MCP over raw HTTP: exactly the bytes that a test means. */

export const revision = '2026-07-28';

let lastId = 0;

export const modernMeta = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  'io.modelcontextprotocol/protocolVersion': revision,
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
  ...more,
});

export interface RawRequest {
  method: string;
  params?: Record<string, unknown>;
  headers?: Record<string, string | undefined>;
  signal?: AbortSignal;
}

const withoutAbsent = (headers: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined));

export const post = (
  url: URL,
  body: string,
  headers: Record<string, string | undefined> = {},
  signal?: AbortSignal,
): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    body,
    headers: withoutAbsent({
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    }),
    signal: signal ?? null,
  });

/** A request of 2026-07-28 with all headers it needs; `headers` overrides them, undefined takes one away. */
export function postModern(url: URL, { method, params = {}, headers = {}, signal }: RawRequest): Promise<Response> {
  const { _meta, ...rest } = params as { _meta?: Record<string, unknown> };
  const body = { jsonrpc: '2.0', id: ++lastId, method, params: { ...rest, _meta: modernMeta(_meta) } };
  const name = method === 'resources/read' ? params['uri'] : params['name'];
  const standard = {
    'mcp-protocol-version': revision,
    'mcp-method': method,
    ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
  };
  return post(url, JSON.stringify(body), { ...standard, ...headers }, signal);
}

/** A request of 2025-11-25. */
export function postLegacy(url: URL, { method, params, headers = {}, signal }: RawRequest): Promise<Response> {
  const body = { jsonrpc: '2.0', id: ++lastId, method, ...(params ? { params } : {}) };
  return post(url, JSON.stringify(body), { 'mcp-protocol-version': '2025-11-25', ...headers }, signal);
}

export interface RpcMessage {
  id?: unknown;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { code: number; message: string; data?: unknown };
}

/** The JSON-RPC messages of an answer, from JSON or from an event stream. */
export async function messagesIn(response: Response): Promise<RpcMessage[]> {
  const text = await response.text();
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
    const parsed = JSON.parse(text) as RpcMessage | RpcMessage[];
    return Array.isArray(parsed) ? parsed : [parsed];
  }
  return text
    .split('\n')
    .filter((line) => line.startsWith('data:') && line.slice(5).trim() !== '')
    .map((line) => JSON.parse(line.slice(5)) as RpcMessage);
}

/** The last message of an answer, which is the response itself. */
export async function answerOf(response: Promise<Response>): Promise<RpcMessage & { status: number }> {
  const resolved = await response;
  const messages = await messagesIn(resolved);
  return { ...messages.at(-1)!, status: resolved.status };
}
