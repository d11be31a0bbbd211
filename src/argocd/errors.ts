import type { AppError, ErrorDetails } from '../errors/app-error.js';
import { failure, type FailedAnswer, type RequestFacts } from './failure.js';
import { streamError, unaryError } from './schemas.js';
import { refusal, strangeAnswer } from './refusal.js';
import { upstreamText } from './upstream-text.js';

/** What an error body says, in the unary or the stream shape. Undefined when it is neither: then it is not Argo CD's. */
export function readErrorBody(body: string): { grpcCode?: number; message?: string } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  const unary = unaryError.safeParse(value);
  if (unary.success) return { grpcCode: unary.data.code, message: unary.data.message };
  const stream = streamError.safeParse(value);
  if (stream.success) {
    const { grpc_code: grpcCode, message } = stream.data.error;
    return { grpcCode: grpcCode ?? undefined, message: message ?? undefined };
  }
  // A stream with `fields` filters its own error away: the status is all there is.
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0 ? {} : undefined;
}

/**
 * Argo CD's refusal as ours. The code follows status, gRPC code and, where Argo CD has no code of its own for it, the
 * message, whose texts are the same from 2.14 to 3.6.
 *
 * Source: https://github.com/argoproj/argo-cd/blob/master/server/application/application.go,
 * https://github.com/grpc-ecosystem/grpc-gateway/blob/v1.16.0/runtime/errors.go
 */
export function translateAnswer(answer: FailedAnswer, facts: RequestFacts): AppError {
  const error = readErrorBody(answer.body);
  const upstreamMessage = upstreamText(error?.message, facts.secrets);
  const details: ErrorDetails = {
    upstreamStatus: answer.status,
    ...(error?.grpcCode === undefined ? {} : { upstreamCode: error.grpcCode }),
    ...(upstreamMessage ? { upstreamMessage } : {}),
    ...(facts.isChange && mayHaveBeenAccepted(answer.status) ? { maybeAccepted: true } : {}),
  };
  const [code, reason, message] = error
    ? refusal(answer.status, error.grpcCode, error.message ?? '', facts)
    : strangeAnswer(answer, facts);
  return failure(code, reason, message, details);
}

/** 5xx and an answer too big to pass on come after the fact as well as before it. */
const mayHaveBeenAccepted = (status: number): boolean =>
  (status >= 500 && status !== 501) || status === 408 || status === 429;
