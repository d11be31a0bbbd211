import { PROTOCOL_VERSION_META_KEY, type JSONRPCMessage } from '@modelcontextprotocol/server';
import { encodeHeaderValue, mirroredText, paramHeaderPrefix } from './param-headers.js';

/** Which parameter of a method the header `Mcp-Name` repeats. */
const namedBy: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
]);

/** Revision that a message claims for itself; absent in the legacy era, where the handshake decides. */
export function claimedRevision(message: JSONRPCMessage): string | undefined {
  if (!('method' in message)) return undefined;
  const claimed = (message.params?.['_meta'] as Record<string, unknown> | undefined)?.[PROTOCOL_VERSION_META_KEY];
  return typeof claimed === 'string' ? claimed : undefined;
}

/**
 * The headers that the modern era demands beside the body, read from the body. The argument `cluster` is the one that
 * every tool of this server mirrors (`Mcp-Param-Cluster`), so no list of tools is needed to know it.
 */
export function modernHeaders(message: JSONRPCMessage): Record<string, string> {
  const revision = claimedRevision(message);
  if (revision === undefined || !('method' in message)) return {};
  const headers: Record<string, string> = { 'MCP-Protocol-Version': revision, 'Mcp-Method': message.method };
  const name = message.params?.[namedBy.get(message.method) ?? ''];
  if (typeof name === 'string') headers['Mcp-Name'] = encodeHeaderValue(name);
  if (message.method === 'tools/call') {
    const callArguments = message.params?.['arguments'] as Record<string, unknown> | undefined;
    const cluster = mirroredText(callArguments?.['cluster']);
    if (cluster !== undefined) headers[`${paramHeaderPrefix}Cluster`] = encodeHeaderValue(cluster);
  }
  return headers;
}
