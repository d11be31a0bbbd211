import type { FastifyReply, FastifyRequest } from 'fastify';

/** What a page may send: credentials, JSON, and the headers of MCP. */
const allowedHeader = /^(?:authorization|content-type|accept|last-event-id|mcp-[a-z0-9-]{1,60})$/;
const exposed = 'Location, Retry-After, WWW-Authenticate, X-Request-Id, Mcp-Session-Id, Mcp-Protocol-Version';
const preflightSeconds = 600;

/**
 * CORS for the configured origins, and not a header for anybody else. Not @fastify/cors: it answers preflights before
 * the Host is checked, for paths that do not exist too, and needs a route for every path.
 */
export class Cors {
  private readonly origins: ReadonlySet<string>;

  constructor(origins: readonly string[]) {
    this.origins = new Set(origins.map((origin) => origin.toLowerCase()));
  }

  /** Headers of a request by which answers differ. */
  get vary(): readonly string[] {
    return this.origins.size === 0 ? [] : ['Origin'];
  }

  /** Marks the answer as readable for the page, if it may be. */
  allow(request: FastifyRequest, reply: FastifyReply): void {
    if (this.origins.size === 0) return;
    void reply.header('vary', 'Origin');
    const { origin } = request.headers;
    if (!this.permits(origin)) return;
    void reply.header('access-control-allow-origin', origin).header('access-control-expose-headers', exposed);
  }

  /** Adds what a preflight asks for, if this is one. */
  preflight(request: FastifyRequest, reply: FastifyReply, methods: readonly string[]): void {
    const { origin, 'access-control-request-method': method } = request.headers;
    if (method === undefined || !this.permits(origin)) return;
    const wanted = (request.headers['access-control-request-headers'] ?? '').toLowerCase().split(',');
    const headers = wanted.map((name) => name.trim()).filter((name) => allowedHeader.test(name));
    void reply.header('access-control-allow-methods', methods.join(', '));
    if (headers.length > 0) void reply.header('access-control-allow-headers', headers.join(', '));
    void reply.header('access-control-max-age', String(preflightSeconds));
  }

  private permits(origin: string | undefined): origin is string {
    return origin !== undefined && this.origins.has(origin.toLowerCase());
  }
}
