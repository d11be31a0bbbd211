import { AppError } from '../errors/app-error.js';
import { failure, type FailureReason, type RequestFacts } from './failure.js';

const byCode: Record<string, [FailureReason, string]> = {
  ECONNREFUSED: ['connection_refused', 'The cluster refuses connections.'],
  EHOSTUNREACH: ['connection_refused', 'There is no way to the cluster.'],
  ENETUNREACH: ['connection_refused', 'There is no way to the cluster.'],
  EADDRNOTAVAIL: ['connection_refused', 'There is no way to the cluster.'],
  ENOTFOUND: ['name_not_resolved', 'The host name of the cluster is not known.'],
  EAI_AGAIN: ['name_not_resolved', 'The host name of the cluster cannot be resolved at the moment.'],
  UND_ERR_CONNECT_TIMEOUT: ['connect_timeout', 'No connection to the cluster came about in time.'],
  ETIMEDOUT: ['connection_lost', 'The connection to the cluster timed out.'],
  EPROTO: ['tls', 'TLS with the cluster does not come about: it may not speak TLS on this port.'],
};

/** Codes of what fails before a byte of a request is written, whatever the caller believes. */
const beforeSending = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']);

/**
 * A failure of the way to Argo CD as ours. The library's own text is not kept, it names addresses; its code is, in
 * `details.transport`. `wasSent` decides whether a change may have been accepted.
 */
export function transportFailure(error: unknown, facts: RequestFacts, wasSent: boolean): AppError {
  if (error instanceof AppError) return error;
  const code = codeOf(error);
  const [reason, message] = explain(code);
  const mayBeSent = wasSent && !beforeSending.has(code ?? '');
  return failure('cluster_unreachable', reason, message, {
    ...(code ? { transport: code } : {}),
    ...(facts.isChange && mayBeSent ? { maybeAccepted: true } : {}),
  });
}

function explain(code: string | undefined): [FailureReason, string] {
  if (code && byCode[code]) return byCode[code];
  if (code && /CERT|SELF_SIGNED|ALTNAME|UNABLE_TO_VERIFY|ISSUER/.test(code)) {
    return ['tls', `The certificate of the cluster is not trusted (${code}): a caFile may be missing or wrong.`];
  }
  if (code && /^ERR_(SSL|TLS|OSSL)/.test(code)) return ['tls', `TLS with the cluster does not come about (${code}).`];
  if (code && /^(HPE_|UND_ERR_HEADERS_OVERFLOW|Z_)/.test(code))
    return ['garbage', 'The cluster does not answer in proper HTTP.'];
  return ['connection_lost', 'The connection to the cluster broke before the answer was complete.'];
}

/** The first code in the chain of causes; several addresses tried give an AggregateError with one. */
function codeOf(error: unknown): string | undefined {
  for (let depth = 0, at = error; depth < 5 && typeof at === 'object' && at !== null; depth++) {
    const { code, cause } = at as { code?: unknown; cause?: unknown };
    if (typeof code === 'string' && /^[A-Z0-9_]{2,60}$/.test(code)) return code;
    at = cause;
  }
  return undefined;
}
