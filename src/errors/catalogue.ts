/** How loudly a failure is logged. `silent` is for what callers do wrong all day long. */
export type ErrorLogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface ErrorEntry {
  /** HTTP status of the REST answer. MCP carries the same number in `status`. */
  readonly http: number;
  /** True when the same call may succeed later without being changed. */
  readonly retryable: boolean;
  readonly logLevel: ErrorLogLevel;
  /** One sentence for the documentation and for the problem's `title`. */
  readonly meaning: string;
  /** What the caller can do; used as the answer's `hint` when the error brings none of its own. */
  readonly hint: string;
}

const define = <T extends Record<string, ErrorEntry>>(catalogue: T): T => catalogue;

/** Every error a caller can ever see. Closed: a new code is a change of the contract. */
export const errorCatalogue = define({
  invalid_input: {
    http: 400,
    retryable: false,
    logLevel: 'debug',
    meaning: 'The arguments are not valid.',
    hint: 'Correct the arguments named in the message and call again.',
  },
  unauthenticated: {
    http: 401,
    retryable: false,
    logLevel: 'info',
    meaning: 'The call carries no valid API key.',
    hint: 'Send `Authorization: Bearer <key>` with a key from the server configuration.',
  },
  forbidden: {
    http: 403,
    retryable: false,
    logLevel: 'info',
    meaning: 'The caller may not do this.',
    hint: 'Use a key whose role and tools allow this call.',
  },
  read_only: {
    http: 403,
    retryable: false,
    logLevel: 'info',
    meaning: 'The server, the cluster or the caller is read-only.',
    hint: 'Nothing can be changed here; ask an operator of this server.',
  },
  confirmation_required: {
    http: 409,
    retryable: false,
    logLevel: 'debug',
    meaning: 'The call needs a confirmation first.',
    hint: 'Confirm the plan and call again with its token.',
  },
  unknown_cluster: {
    http: 404,
    retryable: false,
    logLevel: 'debug',
    meaning: 'No such cluster in this fleet.',
    hint: 'Call list_clusters for the names.',
  },
  ambiguous: {
    http: 409,
    retryable: false,
    logLevel: 'debug',
    meaning: 'More than one thing is meant, or it cannot be known whether only one is.',
    hint: 'Name the cluster, and the namespace where several have the application.',
  },
  not_found: {
    http: 404,
    retryable: false,
    logLevel: 'debug',
    meaning: 'There is no such thing, as far as this caller can see.',
    hint: 'Call list_applications with a name pattern.',
  },
  operation_in_progress: {
    http: 409,
    retryable: true,
    logLevel: 'info',
    meaning: 'Argo CD is running another operation of this application.',
    hint: 'Wait until it has ended, then call again.',
  },
  not_possible_now: {
    http: 409,
    retryable: false,
    logLevel: 'info',
    meaning: 'The state of the application does not allow this now.',
    hint: 'Read the message, change what it names, then call again.',
  },
  unsupported_version: {
    http: 501,
    retryable: false,
    logLevel: 'info',
    meaning: 'The Argo CD version of this cluster cannot do this.',
    hint: 'list_clusters shows the version of each cluster.',
  },
  cluster_not_ready: {
    http: 503,
    retryable: true,
    logLevel: 'info',
    meaning: 'The cluster has not been read completely yet.',
    hint: 'Call again in a few seconds.',
  },
  rate_limited: {
    http: 429,
    retryable: true,
    logLevel: 'info',
    meaning: 'Too many calls.',
    hint: 'Wait for the time the answer names, then call again.',
  },
  cluster_refused: {
    http: 502,
    retryable: false,
    logLevel: 'warn',
    meaning: "Argo CD rejects this server's credentials, or they do not allow this.",
    hint: 'An operator must renew the token of this cluster or its rights: argocd-fleet-mcp check.',
  },
  cluster_unreachable: {
    http: 502,
    retryable: true,
    logLevel: 'warn',
    meaning: 'The cluster does not answer, or answers something that is not Argo CD.',
    hint: 'Call again later; list_clusters shows its state.',
  },
  cluster_timeout: {
    http: 504,
    retryable: true,
    logLevel: 'warn',
    meaning: 'The cluster did not answer in time.',
    hint: 'Call again later; list_clusters shows its state.',
  },
  unavailable: {
    http: 503,
    retryable: true,
    logLevel: 'error',
    meaning: 'A part of this server (queue, store) does not work at the moment.',
    hint: 'Call again later.',
  },
  internal: {
    http: 500,
    retryable: false,
    logLevel: 'error',
    meaning: 'A defect of this server.',
    hint: 'Look for the request id in the log of the server and report it.',
  },
});

export type ErrorCode = keyof typeof errorCatalogue;
