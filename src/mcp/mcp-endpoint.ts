import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Caller } from '../auth/caller.js';
import { AppError } from '../errors/app-error.js';
import { toProblem } from '../errors/problem.js';
import { authInfoOf, type HttpHandler } from './http-handler.js';
import type { Connection } from './listen-streams.js';
import type { McpShortPath, ShortAnswer } from './short-path.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who speaks MCP; known once the key was looked at. */
    mcpCaller?: Caller;
    /** Its body, where it came whole and was not known. */
    mcpText?: string;
  }
}

export const mcpPath = '/mcp';
/** A tool call is a few hundred bytes; whatever is larger is a mistake or an attack. */
export const bodyBytesMax = 1024 * 1024;
/** A longer body is read the usual way; usual ones come in one piece. */
const shortBytesMax = 8_192;
const plainTypes = new Set(['application/json', 'application/json; charset=utf-8']);
/** Arrays and objects inside each other. Deeper JSON overflows the stack of whoever writes it out again. */
const nestingMax = 64;

export interface McpEndpointOptions {
  handler: HttpHandler;
  /** Resolves to the caller or throws `unauthenticated`. */
  authenticate(authorization: string | undefined): Caller | Promise<Caller>;
  log: Logger;
  /** Absent: every request goes the long way. */
  shortPath?: Pick<McpShortPath, 'answer' | 'answerText'>;
}

const rpc = { parseError: -32700, internalError: -32603, refused: -32000 } as const;

/**
 * `/mcp` on a Fastify instance. Whoever sends no valid key is refused before its body is read. Host, Origin and content
 * type are guarded for every route of the server elsewhere.
 */
export class McpEndpoint {
  private readonly underWay = new Set<ServerResponse>();
  private onIdle: (() => void) | undefined;

  constructor(private readonly options: McpEndpointOptions) {}

  /** Must be called before the instance is ready. */
  mount(fastify: FastifyInstance): void {
    const serve = toNodeHandler(this.options.handler, {
      maxRequestBodySize: bodyBytesMax,
      onerror: (error) => this.options.log.error({ err: error }, 'MCP request failed'),
    });
    fastify.register((scope, _options, done) => {
      scope.removeAllContentTypeParsers();
      const parse = scope.getDefaultJsonParser('error', 'error');
      scope.addContentTypeParser<string>(
        'application/json',
        { parseAs: 'string', bodyLimit: bodyBytesMax },
        (request, body, end) => {
          if (nestingOf(body) > nestingMax) end(new JsonTooDeep());
          else void parse(request, body, end);
        },
      );
      scope.addHook('onRequest', async (request: FastifyRequest) => {
        request.mcpCaller = await this.options.authenticate(request.headers.authorization);
      });
      if (this.options.shortPath) {
        scope.addHook('onRequest', (request, reply, next) => this.answerUnread(request, reply, next));
      }
      scope.setErrorHandler((error: FastifyError, _request, reply) => this.refuse(error, reply));
      scope.route({
        method: ['GET', 'POST', 'DELETE'],
        url: mcpPath,
        handler: async (request, reply) => {
          reply.hijack();
          if (this.answerShortly(request, reply)) return;
          this.track(reply.raw);
          if (request.mcpCaller) {
            Object.assign(request.raw, { auth: authInfoOf(request.mcpCaller, this.connectionOf(request, reply)) });
          }
          // Headers that hooks have set would be lost with the hijacked reply.
          for (const [name, value] of Object.entries(reply.getHeaders()))
            if (value !== undefined) reply.raw.setHeader(name, value);
          await serve(request.raw, reply.raw, request.body);
        },
      });
      done();
    });
  }

  private connectionOf({ headers }: FastifyRequest, { raw }: FastifyReply): Connection {
    return {
      isFull: () => raw.writableNeedDrain,
      cut: () => raw.destroy(),
      whoNow: async () => this.options.authenticate(headers.authorization),
    };
  }

  /** Answers a body that came whole, and was read before, without reading it again; gives every other one back. */
  private answerUnread(request: FastifyRequest, reply: FastifyReply, next: () => void): void {
    const { mcpCaller: caller, id: requestId, headers, method, raw } = request;
    const length = Number(headers['content-length']);
    if (
      method !== 'POST' ||
      !caller ||
      !(length > 0 && length <= shortBytesMax) ||
      !plainTypes.has(headers['content-type'] ?? '')
    )
      return next();
    raw.once('readable', () => {
      const bytes = raw.read() as Buffer | null;
      if (bytes?.length === length) {
        const text = bytes.toString();
        const answer = this.options.shortPath?.answerText({ caller, requestId, headers, text });
        if (answer) {
          reply.hijack();
          return this.send(answer, reply);
        }
        request.mcpText = text;
      }
      if (bytes) raw.unshift(bytes);
      next();
    });
  }

  /** True if the answer was there already and is sent. */
  private answerShortly(request: FastifyRequest, reply: FastifyReply): boolean {
    const { mcpCaller: caller, id: requestId, headers, body, method, mcpText: text } = request;
    if (method !== 'POST' || !caller) return false;
    const answer = this.options.shortPath?.answer({ caller, requestId, headers, body, text });
    if (answer) this.send(answer, reply);
    return answer !== undefined;
  }

  private send(answer: ShortAnswer, reply: FastifyReply): void {
    const all: OutgoingHttpHeaders = { 'content-length': answer.body.length };
    Object.assign(all, reply.getHeaders(), answer.headers);
    reply.raw.writeHead(200, all).end(answer.body);
  }

  /** Waits until no request is under way, at most `timeoutMs`; then ends those that are left. */
  async drain(timeoutMs: number): Promise<void> {
    this.options.handler.endSubscriptions();
    if (this.underWay.size > 0) {
      const idle = new Promise<void>((resolve) => (this.onIdle = resolve));
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([idle, new Promise((resolve) => (timer = setTimeout(resolve, timeoutMs)))]);
      clearTimeout(timer);
    }
    // A response that closes aborts its call, in both eras.
    for (const response of this.underWay) response.destroy();
    await this.options.handler.close();
  }

  private track(response: ServerResponse): void {
    this.underWay.add(response);
    response.once('close', () => {
      this.underWay.delete(response);
      if (this.underWay.size === 0) this.onIdle?.();
    });
  }

  /** What ends before MCP begins: problem details for our own errors, JSON-RPC for what is wrong with the message. */
  private refuse(error: FastifyError, reply: FastifyReply): FastifyReply {
    if (error instanceof AppError) {
      if (error.code === 'unauthenticated') void reply.header('WWW-Authenticate', 'Bearer');
      return reply
        .code(error.http)
        .type('application/problem+json')
        .send(JSON.stringify(toProblem(error)));
    }
    const status = error.statusCode ?? 500;
    if (status >= 500) this.options.log.error({ err: error }, 'MCP request failed');
    const [code, message] = rpcErrorFor(error, status);
    return reply
      .code(status)
      .type('application/json')
      .send(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code, message } }));
  }
}

function rpcErrorFor(error: FastifyError, status: number): [number, string] {
  if (status === 413) return [rpc.refused, `Payload Too Large: a request body holds at most ${bodyBytesMax} bytes`];
  if (status === 415) return [rpc.refused, 'Unsupported Media Type: Content-Type must be application/json'];
  if (error instanceof JsonTooDeep) return [rpc.parseError, `Parse error: ${error.message}`];
  if (status >= 400 && status < 500) return [rpc.parseError, 'Parse error: the request body is not valid JSON'];
  return [rpc.internalError, 'Internal error'];
}

class JsonTooDeep extends Error {
  readonly statusCode = 400;
  constructor() {
    super(`JSON is nested more than ${nestingMax} levels deep`);
  }
}

/** How deep brackets are nested in a JSON text, those inside strings not counted. */
function nestingOf(json: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let index = 0; index < json.length; index++) {
    const character = json.charCodeAt(index);
    if (inString) {
      if (character === 0x5c) index++;
      else if (character === 0x22) inString = false;
    } else if (character === 0x22) inString = true;
    else if (character === 0x5b || character === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (character === 0x5d || character === 0x7d) depth--;
  }
  return deepest;
}
