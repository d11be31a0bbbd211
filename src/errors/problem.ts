import { AppError } from './app-error.js';
import { errorCatalogue, type ErrorCode } from './catalogue.js';

/**
 * The one public form of an error: the body of a REST answer (RFC 9457, `application/problem+json`) and the
 * structured content of an MCP `isError` result are this object, field by field.
 */
export interface Problem {
  /** `urn:argocd-fleet-mcp:error:<code>` */
  type: string;
  title: string;
  status: number;
  /** What happened and what to do, one or two sentences. */
  detail: string;
  code: ErrorCode;
  retryable: boolean;
  hint: string;
  /** Data that belongs to this error, for example `suggestions`, `candidates`, `issues`, `upstreamMessage`. */
  details?: Record<string, unknown>;
}

export const problemTypePrefix = 'urn:argocd-fleet-mcp:error:';

export function toProblem(error: unknown): Problem {
  const appError = AppError.from(error);
  const entry = errorCatalogue[appError.code];
  return {
    type: problemTypePrefix + appError.code,
    title: entry.meaning,
    status: entry.http,
    detail: appError.message,
    code: appError.code,
    retryable: entry.retryable,
    hint: appError.hint ?? entry.hint,
    ...(Object.keys(appError.details).length > 0 ? { details: appError.details } : {}),
  };
}
