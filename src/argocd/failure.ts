import { AppError, type ErrorDetails } from '../errors/app-error.js';
import type { ErrorCode } from '../errors/catalogue.js';

/** Why a request failed, for programs: `details.reason` of every error of this folder. A closed list. */
export const failureReasons = [
  // The way there
  'connection_refused',
  'name_not_resolved',
  'connect_timeout',
  'tls',
  'connection_lost',
  'timeout',
  'no_header',
  'stream_idle',
  'redirected',
  'not_argocd',
  'garbage',
  'too_large',
  'client_closed',
  // What Argo CD answers
  'credentials',
  'permission_denied',
  'not_found',
  'conflict',
  'sync_window',
  'deleting',
  'auto_sync',
  'revision_unresolvable',
  'project_not_allowed',
  'no_operation',
  'invalid_request',
  'precondition',
  'changed_meanwhile',
  'internal_limit',
  'throttled',
  'not_supported',
  'server_error',
  'stream_error',
] as const;
export type FailureReason = (typeof failureReasons)[number];

/** What is known of the request that failed. */
export interface RequestFacts {
  /** The request changes something: a lost answer leaves open whether it was accepted. */
  isChange: boolean;
  /** A project was sent along: only then 403 and 404 mean what they say. */
  hasProject: boolean;
  /** The request names one application. */
  application?: string;
  /** First version that has this endpoint; absent when every supported one has it. */
  since?: string;
  /** Never to be shown. */
  secrets: readonly string[];
}

/** An answer that is no success, read as far as it goes. */
export interface FailedAnswer {
  status: number;
  contentType: string;
  body: string;
}

export function failure(code: ErrorCode, reason: FailureReason, message: string, details: ErrorDetails = {}): AppError {
  return new AppError(code, message, { reason, ...details });
}
