import type { MirroredArgument } from './tool-definition.js';

/**
 * Mirrored arguments (`Mcp-Param-*`). The SDK checks them only for its own `McpServer`, so for us it is done here.
 * Source: https://modelcontextprotocol.io/specification/2026-07-28/basic/transports#custom-headers
 */
export const paramHeaderPrefix = 'Mcp-Param-';

/** JSON-RPC error code `HeaderMismatch`; HTTP status 400. */
export const headerMismatchCode = -32020;

export interface HeaderMismatch {
  header: string;
  body: string;
}

const sentinelStart = '=?base64?';
const sentinelEnd = '?=';
const canonicalBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** Visible ASCII, blanks and tabs inside, none around. */
const plainValue = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/;

/** A value as it travels in a header: as it is if that is safe, else `=?base64?...?=`. */
export function encodeHeaderValue(value: string): string {
  const looksEncoded = value.startsWith(sentinelStart) && value.endsWith(sentinelEnd);
  if (plainValue.test(value) && !looksEncoded) return value;
  return sentinelStart + Buffer.from(value, 'utf8').toString('base64') + sentinelEnd;
}

/** The value a header means, or undefined if it is encoded wrongly. */
export function decodeHeaderValue(header: string): string | undefined {
  const trimmed = header.replace(/^[ \t]+|[ \t]+$/g, '');
  if (!(trimmed.startsWith(sentinelStart) && trimmed.endsWith(sentinelEnd))) return trimmed;
  const encoded = trimmed.slice(sentinelStart.length, -sentinelEnd.length);
  if (trimmed.length < sentinelStart.length + sentinelEnd.length || !canonicalBase64.test(encoded)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(encoded, 'base64'));
  } catch {
    return undefined;
  }
}

/** The text under which a primitive argument is mirrored; undefined for what is never mirrored. */
export function mirroredText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  return Number.isSafeInteger(value) ? String(value) : undefined;
}

/**
 * The first mirrored argument whose header tells another story than the body. A proxy routes on the header and we act
 * on the body, so a header without an argument is a mismatch too.
 *
 * @param mustMirror false for clients that know no such headers: only a header that is there must agree
 */
export function findHeaderMismatch(
  mirrored: readonly MirroredArgument[],
  callArguments: unknown,
  headers: { get(name: string): string | null },
  mustMirror: boolean,
): HeaderMismatch | undefined {
  for (const { argument, header: suffix } of mirrored) {
    const header = paramHeaderPrefix + suffix;
    const sent = headers.get(header);
    const value = ownField(callArguments, argument);
    const isAbsent = value === undefined || value === null;
    if (sent === null) {
      if (isAbsent || !mustMirror || mirroredText(value) === undefined) continue;
      return { header, body: `the body carries the argument ${argument}, but the header ${header} is absent` };
    }
    if (isAbsent)
      return { header, body: `the header ${header} is there, but the body carries no argument ${argument}` };
    const decoded = decodeHeaderValue(sent);
    if (decoded === undefined) return { header, body: `the header ${header} is not encoded as =?base64?...?= demands` };
    if (decoded !== mirroredText(value)) {
      return { header, body: `the header ${header} and the argument ${argument} name different values` };
    }
  }
  return undefined;
}

function ownField(record: unknown, name: string): unknown {
  if (typeof record !== 'object' || record === null || !Object.hasOwn(record, name)) return undefined;
  return (record as Record<string, unknown>)[name];
}
