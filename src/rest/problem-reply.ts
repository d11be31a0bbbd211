import type { FastifyReply } from 'fastify';
import { AppError, type ErrorDetails } from '../errors/app-error.js';
import type { ErrorCode } from '../errors/catalogue.js';
import { toProblem, type Problem } from '../errors/problem.js';
import { setSecurityHeaders } from './security-headers.js';

export const problemType = 'application/problem+json; charset=utf-8';

/** Seconds that a caller is asked to wait where the problem itself does not say. */
const retryAfterSeconds = 5;

/**
 * A problem of HTTP itself, which no tool knows: the code is of our catalogue, the status is HTTP's own (405, 413 ...),
 * and both the answer and its body carry it.
 */
export function transportProblem(
  code: ErrorCode,
  detail: string,
  { status, hint, details }: { status?: number; hint?: string; details?: ErrorDetails } = {},
): Problem {
  const problem = toProblem(new AppError(code, detail, details));
  return { ...problem, status: status ?? problem.status, hint: hint ?? problem.hint };
}

/** The problem of an error that was meant for the caller, with another status where HTTP has a better one. */
export function problemOf(error: AppError, status?: number): Problem {
  const problem = toProblem(error);
  return status === undefined ? problem : { ...problem, status };
}

/** The one way in which a failure leaves over HTTP. Sets what the status demands: `WWW-Authenticate`, `Retry-After`. */
export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  setSecurityHeaders(reply);
  // A defect names the id under which the log has its cause; the header must not name another.
  const requestId = problem.details?.['requestId'];
  if (typeof requestId === 'string') void reply.header('x-request-id', requestId);
  if (problem.status === 401) void reply.header('www-authenticate', 'Bearer');
  if (problem.status === 429 || problem.status === 503) {
    const wanted = problem.details?.['retryAfterSeconds'];
    const seconds = typeof wanted === 'number' && wanted > 0 ? Math.ceil(wanted) : retryAfterSeconds;
    void reply.header('retry-after', String(seconds));
  }
  return reply.code(problem.status).header('content-type', problemType).send(JSON.stringify(problem));
}
