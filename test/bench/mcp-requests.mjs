import { request } from 'undici';

export const tool = 'list_applications';

/** Clients count their requests, so no two bodies are the same. */
const ids = Array.from({ length: 5_000 }, (_, i) => 10_000 + i);

export const modern = {
  revision: '2026-07-28',
  headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': tool },
  meta: {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
  },
};

export const legacy = { revision: '2025-11-25', headers: { 'mcp-protocol-version': '2025-11-25' } };

/** Calls of the list in one era, each with an id of its own. */
export function callIn({ headers, meta, input }) {
  const params = { name: tool, arguments: input, ...(meta ? { _meta: meta } : {}) };
  return {
    method: 'POST',
    path: '/mcp',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    bodies: ids.map((id) => JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params })),
  };
}

/** Sends the first of such calls; throws unless rows come back. */
export async function answerTo(origin, { method, path, headers, bodies }) {
  const answer = await request(`${origin}${path}`, { method, headers, body: bodies[0] });
  const text = await answer.body.text();
  if (answer.statusCode !== 200 || text.includes('"isError":true') || !text.includes('"result"'))
    throw new Error(`${origin} answered ${answer.statusCode}: ${text.slice(0, 500)}`);
  return { contentType: answer.headers['content-type'], body: text };
}

/** The bytes of an answer's text, which is all that many clients show to their model. */
export function textBytes({ body }) {
  const { result } = JSON.parse(/^\{/.test(body) ? body : /^data: (\{.*\})$/m.exec(body)[1]);
  return result.content.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
}
