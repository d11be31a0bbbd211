import { AppError } from '../errors/app-error.js';
import { toProblem, type Problem } from '../errors/problem.js';
import { transportProblem } from './problem-reply.js';

/** Bytes of a request body at most: arguments are a few hundred. */
export const bodyBytesMax = 1024 * 1024;

/** What is wrong with a request before any of our code sees it, in our words: the library's may quote the request. */
const messages: Readonly<Record<number, string>> = {
  400: 'The request cannot be read.',
  408: 'The request did not arrive in time.',
  413: `The body is larger than ${bodyBytesMax} bytes.`,
  414: 'The address of the request, or a part of it, is too long.',
  415: 'Send the body as JSON, with the header `Content-Type: application/json`.',
  431: 'The headers of the request are too large.',
};

const byCode: Readonly<Record<string, string>> = {
  FST_ERR_BAD_URL: 'The address of the request is not validly percent-encoded.',
  FST_ERR_CTP_INVALID_JSON_BODY: 'The body is not valid JSON.',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'The body is not as long as its Content-Length says.',
};

/** What was thrown, as the problem to answer. Everything but our own errors and faults of the request is `internal`. */
export function problemOfThrown(thrown: unknown): Problem {
  if (thrown instanceof AppError) return toProblem(thrown);
  const { statusCode, code } = fields(thrown);
  if (statusCode === 404) return transportProblem('not_found', 'There is nothing here.', { hint: routesHint });
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return requestProblem(statusCode, code);
  return toProblem(thrown);
}

/** A faulty request as a problem. Statuses we have no words for become a plain 400. */
export function requestProblem(status: number, code = ''): Problem {
  const known = status in messages ? status : 400;
  const detail = byCode[code] ?? messages[known] ?? '';
  return transportProblem('invalid_input', detail, { status: known, hint: 'Correct the request and send it again.' });
}

export const routesHint = 'GET /api/v1/openapi.json describes every route.';

/** Status and code of a library's error; Nest hides Fastify's own error behind `cause`. */
function fields(thrown: unknown): { statusCode?: number; code?: string } {
  if (!(thrown instanceof Error)) return {};
  const { statusCode, status, code, cause } = thrown as Error & Record<string, unknown>;
  const inner = cause instanceof Error ? fields(cause) : {};
  const found = [statusCode, status, inner.statusCode].find((each) => typeof each === 'number');
  return { statusCode: found, code: inner.code ?? (typeof code === 'string' ? code : undefined) };
}
