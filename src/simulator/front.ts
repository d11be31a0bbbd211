import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { Caller } from './accounts.js';
import type { Call, Route } from './call.js';
import { RawAnswer } from './call.js';
import type { Controller } from './controller.js';
import type { Fault, FaultBoard } from './fault-board.js';
import { decodeBody } from './go-json.js';
import { GrpcError, deadlineExceeded, httpStatusOf, streamErrorFrame, unaryErrorBody } from './grpc-error.js';
import type { Instance } from './instance.js';
import type { LoggedRequest, RequestLog } from './request-log.js';
import type { Router } from './router.js';

/** Go's server gives a Content-Length to answers that fit its buffer, and sends longer ones in chunks. */
const BUFFER_BYTES = 2048;
const BODY_BYTES_MAX = 32 * 1024 * 1024;
const PAGE_HEADERS = {
  'Content-Security-Policy': "frame-ancestors 'self';",
  'X-Frame-Options': 'sameorigin',
  'X-Robots-Tag': 'noindex, nofollow',
  'X-Xss-Protection': '1',
};

export interface FrontParts {
  instance: Instance;
  controller: Controller;
  faults: FaultBoard;
  requests: RequestLog;
  router: Router;
  /** With a leading slash and none at the end; empty for none. */
  rootPath: string;
}

/** The HTTP side of the API server: everything between the socket and a handler. */
export class Front {
  private readonly open = new Set<AbortController>();

  constructor(private readonly parts: FrontParts) {}

  /** Ends every call that waits. */
  close(): void {
    for (const abort of this.open) abort.abort(new GrpcError(14, 'transport is closing'));
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { faults, rootPath } = this.parts;
    const url = parseUrl(request.url ?? '/');
    const method = request.method ?? 'GET';
    const logged = this.log(request, response);
    response.on('error', () => undefined);
    const isUnderRoot = rootPath === '' || url.pathname === rootPath || url.pathname.startsWith(`${rootPath}/`);
    const path = isUnderRoot ? url.pathname.slice(rootPath.length) || '/' : url.pathname;
    if (faults.isFlappedDown) return void request.socket.resetAndDestroy();
    const struck = faults.strike(method, path);
    for (const fault of struck) if (await this.strikeBefore(fault, request, response)) return;
    if (path === '/healthz') return this.text(response, 200, 'ok\n', {});
    if (!isUnderRoot) return this.text(response, 404, '404 page not found\n', { 'X-Content-Type-Options': 'nosniff' });
    if (path !== '/api' && !path.startsWith('/api/')) return this.page(request, response);
    if (method !== 'GET' && request.headers['content-type']?.toLowerCase() !== 'application/json') {
      return this.text(response, 415, 'Invalid content type\n', { 'X-Content-Type-Options': 'nosniff' });
    }
    const match = this.parts.router.find(method, decodePath(path));
    if (match === 'not found')
      return this.text(response, 404, 'Not Found\n', { Vary: 'Accept-Encoding', 'X-Content-Type-Options': 'nosniff' });
    if (match === 'method not allowed')
      return this.text(response, 405, 'Method Not Allowed\n', {
        Vary: 'Accept-Encoding',
        'X-Content-Type-Options': 'nosniff',
      });
    await this.answer(match.route, match.params, { request, response, query: url.searchParams, struck, logged });
  }

  private async answer(
    route: Route,
    params: Record<string, string>,
    io: {
      request: IncomingMessage;
      response: ServerResponse;
      query: URLSearchParams;
      struck: Fault[];
      logged: LoggedRequest;
    },
  ): Promise<void> {
    const { instance, controller, faults } = this.parts;
    const { request, response, query, struck } = io;
    const abort = new AbortController();
    this.open.add(abort);
    response.once('close', () => abort.abort(new GrpcError(1, 'context canceled')));
    let cancelDeadline: () => void = () => undefined;
    let extraHeaders: Record<string, string> = {};
    try {
      const body = decodeBody(await readBody(request), route.body);
      const timeoutMs = grpcTimeoutMs(request.headers['grpc-timeout']);
      if (timeoutMs !== undefined) {
        const timer = setTimeout(() => abort.abort(deadlineExceeded()), timeoutMs);
        cancelDeadline = () => clearTimeout(timer);
      }
      const call: Call = {
        instance,
        controller,
        faults,
        params,
        query,
        body,
        signal: abort.signal,
        request,
        response,
        extraHeaders: {},
        caller: () => this.callerOf(request),
      };
      ({ extraHeaders } = call);
      const result = await raceAbort(Promise.resolve(route.handle(call)), abort.signal);
      if (route.kind === 'stream' || response.destroyed) return;
      if (struck.some((fault) => fault.kind === 'lost-answer')) return void request.socket.resetAndDestroy();
      const text = result instanceof RawAnswer ? result.text : JSON.stringify(result);
      if (struck.some((fault) => fault.kind === 'truncated')) return this.truncate(response, text);
      this.json(request, response, 200, text, { 'Grpc-Metadata-Content-Type': 'application/grpc', ...extraHeaders });
    } catch (error) {
      if (response.destroyed) return;
      if (struck.some((fault) => fault.kind === 'lost-answer')) return void request.socket.resetAndDestroy();
      this.fail(
        route,
        request,
        response,
        error instanceof GrpcError ? error : new GrpcError(13, `runtime error: ${(error as Error).message}`),
      );
    } finally {
      cancelDeadline();
      this.open.delete(abort);
    }
  }

  private fail(route: Route, request: IncomingMessage, response: ServerResponse, error: GrpcError): void {
    if (route.kind !== 'stream')
      return this.json(request, response, httpStatusOf(error.code), unaryErrorBody(error), {});
    const isSse = request.headers.accept === 'text/event-stream';
    const query = parseUrl(request.url ?? '/').searchParams.get('fields');
    // The fields filter takes the error away as well: the status is all that is left (point 4).
    const json = JSON.stringify(query ? {} : streamErrorFrame(error));
    if (!response.headersSent) {
      response.statusCode = httpStatusOf(error.code);
      response.setHeader('Content-Type', isSse ? 'text/event-stream' : 'application/json');
      response.setHeader(isSse ? 'X-Content-Type-Options' : 'Vary', isSse ? 'nosniff' : 'Accept-Encoding');
      response.setHeader('Date', this.date());
    }
    response.write(isSse ? `data: ${json} \n\n` : json);
    response.end();
  }

  /** True if the fault has dealt with the request. */
  private async strikeBefore(fault: Fault, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    switch (fault.kind) {
      case 'hang':
        return true;
      case 'refuse':
        request.socket.resetAndDestroy();
        return true;
      case 'slow':
        await new Promise<void>((resolve) => setTimeout(resolve, fault.delayMs ?? 1000));
        return response.destroyed;
      case 'hold':
        await this.parts.faults.held(fault);
        return false;
      case 'status':
        this.text(
          response,
          fault.status ?? 503,
          fault.body ?? 'upstream connect error or disconnect/reset before headers\n',
          {},
        );
        return true;
      case 'unauthorized':
        this.json(
          request,
          response,
          401,
          unaryErrorBody(
            new GrpcError(16, fault.body ?? 'invalid session: token has invalid claims: token is expired'),
          ),
          {},
        );
        return true;
      case 'garbage':
        this.text(
          response,
          200,
          fault.body ??
            '<!doctype html><html><head><title>Sign in</title></head><body><form action="/login">...</form></body></html>\n',
          {},
          'text/html; charset=utf-8',
        );
        return true;
      default:
        return false;
    }
  }

  private truncate(response: ServerResponse, text: string): void {
    response.writeHead(200, { 'Content-Type': 'application/json', Date: this.date() });
    response.write(text.slice(0, Math.floor(text.length / 2)), () => response.socket?.destroy());
  }

  private json(
    request: IncomingMessage,
    response: ServerResponse,
    status: number,
    text: string,
    headers: Record<string, string>,
  ): void {
    const isZipped =
      request.headers.accept !== 'text/event-stream' &&
      /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
    const body = isZipped ? gzipSync(text) : Buffer.from(text);
    response.writeHead(status, {
      ...(isZipped ? { 'Content-Encoding': 'gzip' } : {}),
      'Content-Type': 'application/json',
      ...headers,
      Vary: 'Accept-Encoding',
      Date: this.date(),
      ...(body.length <= BUFFER_BYTES ? { 'Content-Length': String(body.length) } : {}),
    });
    response.end(body);
  }

  private text(
    response: ServerResponse,
    status: number,
    text: string,
    headers: Record<string, string>,
    type = 'text/plain; charset=utf-8',
  ): void {
    response.writeHead(status, {
      'Content-Type': type,
      ...headers,
      Date: this.date(),
      'Content-Length': String(Buffer.byteLength(text)),
    });
    response.end(text);
  }

  /** Outside the API stands the web page: whoever asks for HTML with a wrong base address gets it, with 200. */
  private page(request: IncomingMessage, response: ServerResponse): void {
    const headers = { ...PAGE_HEADERS, Vary: 'Accept-Encoding', 'X-Content-Type-Options': 'nosniff' };
    if (request.headers.accept?.includes('text/html')) {
      this.text(
        response,
        200,
        '<!doctype html><html lang="en"><head><title>Argo CD</title></head><body><div id="app"></div></body></html>\n',
        headers,
        'text/html; charset=utf-8',
      );
    } else this.text(response, 404, '404 page not found\n', headers);
  }

  private callerOf(request: IncomingMessage): Caller {
    const { headers } = request;
    const bearer = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
    const cookie = /(?:^|;\s*)argocd\.token=([^;]+)/.exec(headers.cookie ?? '')?.[1];
    const metadata = headers['grpc-metadata-token'];
    return this.parts.instance.accounts.authenticate([
      ...(typeof metadata === 'string' ? [metadata] : []),
      ...(bearer ? [bearer] : []),
      ...(cookie ? [cookie] : []),
    ]);
  }

  private log(request: IncomingMessage, response: ServerResponse): LoggedRequest {
    const startedMs = Date.now();
    let account = 'anonymous';
    try {
      account = this.callerOf(request).name;
    } catch {
      if (request.headers.authorization) account = 'invalid';
    }
    const logged = this.parts.requests.begin({
      at: new Date(startedMs).toISOString(),
      method: request.method ?? '',
      path: request.url ?? '',
      account,
    });
    response.once('close', () => {
      logged.status = response.headersSent ? response.statusCode : 0;
      logged.durationMs = Date.now() - startedMs;
    });
    return logged;
  }

  private date(): string {
    return this.parts.instance.clock.now().toUTCString();
  }
}

function raceAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => undefined);
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

async function readBody(request: IncomingMessage): Promise<string> {
  if (request.method === 'GET') return '';
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX)
      throw new GrpcError(8, `grpc: received message larger than max (${bytes} vs. ${BODY_BYTES_MAX})`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** `30S`, `500m`: the gateway's own deadline header. */
function grpcTimeoutMs(header: string | string[] | undefined): number | undefined {
  if (typeof header !== 'string' || header === '') return undefined;
  const match = /^(\d+)([HMSmun])$/.exec(header);
  if (!match) throw new GrpcError(3, `invalid grpc-timeout: ${header}`);
  const unitMs: Record<string, number> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };
  return Math.min(Number(match[1]) * unitMs[match[2]!]!, 2 ** 31 - 1);
}

function parseUrl(raw: string): URL {
  try {
    return new URL(raw.startsWith('/') ? `http://simulator${raw.replace(/^\/+/, '/')}` : raw);
  } catch {
    return new URL('http://simulator/');
  }
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
