import type { FastifyReply } from 'fastify';

/**
 * Headers of every answer, also of refused requests and of MCP. No answer is a page: nothing may be guessed, framed,
 * loaded or stored. Written out instead of taken from a library, since the defaults of those are made for pages.
 */
export const securityHeaders = [
  ['x-content-type-options', 'nosniff'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
] as const;

/** Of every answer but those that were built from the index, see `validator.ts`. */
const notStored = 'no-store';

/** Sets them, and the id under which the log knows this request; harmless when done twice. */
export function setSecurityHeaders(reply: FastifyReply): void {
  for (const [name, value] of securityHeaders) void reply.header(name, value);
  void reply.header('cache-control', notStored);
  void reply.header('x-request-id', reply.request.id);
}
