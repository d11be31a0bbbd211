import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller } from './accounts.js';
import { Answers } from './answers.js';
import type { Call, Route } from './call.js';
import { RawAnswer } from './call.js';
import type { Controller } from './controller.js';
import type { FaultBoard } from './fault-board.js';
import type { Fault } from './fault.js';
import { decodeBody } from './go-json.js';
import { GrpcError, deadlineExceeded, httpStatusOf, streamErrorFrame, unaryErrorBody } from './grpc-error.js';
import type { Instance } from './instance.js';
import type { LoggedRequest, RequestLog } from './request-log.js';
import { decodePath, grpcTimeoutMs, parseUrl, raceAbort, readBody, tokensOf } from './request-parts.js';
import type { Router } from './router.js';

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
  private readonly answers: Answers;

  constructor(private readonly parts: FrontParts) {
    this.answers = new Answers(parts.instance.clock);
  }

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
    if (path === '/healthz') return this.answers.text(response, 200, 'ok\n', {});
    if (!isUnderRoot)
      return this.answers.text(response, 404, '404 page not found\n', { 'X-Content-Type-Options': 'nosniff' });
    if (path !== '/api' && !path.startsWith('/api/')) return this.answers.page(request, response);
    if (method !== 'GET' && request.headers['content-type']?.toLowerCase() !== 'application/json') {
      return this.answers.text(response, 415, 'Invalid content type\n', { 'X-Content-Type-Options': 'nosniff' });
    }
    const match = this.parts.router.find(method, decodePath(path));
    if (match === 'not found')
      return this.answers.text(response, 404, 'Not Found\n', {
        Vary: 'Accept-Encoding',
        'X-Content-Type-Options': 'nosniff',
      });
    if (match === 'method not allowed')
      return this.answers.text(response, 405, 'Method Not Allowed\n', {
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
    // Once per call: an open stream outlives its token (lesson 7).
    let caller: Caller | undefined;
    try {
      const text = await readBody(request);
      const body = route.isBodyIgnored ? {} : decodeBody(text, route.body);
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
        caller: () => (caller ??= this.callerOf(request)),
      };
      ({ extraHeaders } = call);
      const result = await raceAbort(Promise.resolve(route.handle(call)), abort.signal);
      if (route.kind === 'stream' || response.destroyed) return;
      if (struck.some((fault) => fault.kind === 'lost-answer')) return void request.socket.resetAndDestroy();
      const json = result instanceof RawAnswer ? result.text : JSON.stringify(result);
      if (struck.some((fault) => fault.kind === 'truncated')) return this.answers.truncate(response, json);
      this.answers.json(request, response, 200, json, {
        'Grpc-Metadata-Content-Type': 'application/grpc',
        ...extraHeaders,
      });
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
      return this.answers.json(request, response, httpStatusOf(error.code), unaryErrorBody(error), {});
    const isSse = request.headers.accept === 'text/event-stream';
    const query = parseUrl(request.url ?? '/').searchParams.get('fields');
    // The fields filter takes the error away as well: the status is all that is left (point 4).
    const json = JSON.stringify(query ? {} : streamErrorFrame(error));
    if (!response.headersSent) {
      response.statusCode = httpStatusOf(error.code);
      response.setHeader('Content-Type', isSse ? 'text/event-stream' : 'application/json');
      response.setHeader(isSse ? 'X-Content-Type-Options' : 'Vary', isSse ? 'nosniff' : 'Accept-Encoding');
      response.setHeader('Date', this.answers.date());
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
        this.answers.text(
          response,
          fault.status ?? 503,
          fault.body ?? 'upstream connect error or disconnect/reset before headers\n',
          {},
        );
        return true;
      case 'unauthorized':
        this.answers.json(
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
        this.answers.text(
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

  private callerOf(request: IncomingMessage): Caller {
    return this.parts.instance.accounts.authenticate(tokensOf(request));
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
}
