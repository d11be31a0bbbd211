import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { bodyBytesMax, requestProblem } from './fastify-problem.js';
import { sendProblem } from './problem-reply.js';

type FastifyOptions = Exclude<NonNullable<ConstructorParameters<typeof FastifyAdapter>[0]>, { server: unknown }>;

/** A request, head and body, must have arrived within this time; slow senders hold sockets. */
const requestTimeoutMs = 30_000;
const headersTimeoutMs = 15_000;
/** Longer than the idle time of usual load balancers (60 s), so that they close first and no request is lost. */
const keepAliveTimeoutMs = 72_000;
/** Characters of a path parameter, decoded; names have 253 at most, ids 100. */
const pathParameterMax = 1024;

/**
 * Settings of the HTTP server. To be used as `new FastifyAdapter(fastifyOptions())` with `bodyParser: false`, so that
 * JSON is the only body there is.
 */
export function fastifyOptions(): FastifyOptions {
  return {
    logger: false,
    bodyLimit: bodyBytesMax,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    http: { headersTimeout: headersTimeoutMs },
    // Whoever may set X-Forwarded-* could choose the host that the guard sees.
    trustProxy: false,
    // An id from outside could not be relied on to name one request.
    requestIdHeader: false,
    genReqId: nextRequestId,
    routerOptions: {
      maxParamLength: pathParameterMax,
      caseSensitive: true,
      ignoreTrailingSlash: false,
      ignoreDuplicateSlashes: false,
    },
    exposeHeadRoutes: true,
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    // Shutdown: see RequestDrain. Fastify's own 503 would be no problem details.
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    // There is no Nest middleware, and its engine would cost every request.
    skipMiddie: true,
    // The declared type leaves HTTP/2 open, which this server does not speak.
    frameworkErrors: (error, _request, reply) =>
      void sendProblem(reply as unknown as FastifyReply, requestProblem(error.statusCode ?? 400, error.code)),
    clientErrorHandler: (error, socket) => refuseConnection(error, socket),
  };
}

/** An id that is unique over all replicas and cheap: random per process, counted within it. */
export const nextRequestId = requestIds();

function requestIds(): () => string {
  const process = randomBytes(6).toString('hex');
  let count = 0;
  return () => `${process}-${(++count).toString(36)}`;
}

/** Answers what is no HTTP request at all: there is no reply object yet, only the socket. */
function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const status = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
  const body = JSON.stringify(requestProblem(status));
  if (socket.writable) {
    socket.write(
      `HTTP/1.1 ${status} ${reasons[status]}\r\ncontent-type: application/problem+json\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    );
  }
  socket.destroySoon();
}

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};
