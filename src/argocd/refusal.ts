import type { ErrorCode } from '../errors/catalogue.js';
import type { FailedAnswer, FailureReason, RequestFacts } from './failure.js';

/** Code, reason and our sentence. */
export type Verdict = [ErrorCode, FailureReason, string];

/** What Argo CD's own error body means. */
export function refusal(status: number, grpcCode: number | undefined, message: string, facts: RequestFacts): Verdict {
  switch (status) {
    case 401:
      return ['cluster_refused', 'credentials', 'Argo CD does not accept the token of this cluster.'];
    case 403:
      return forbidden(message, facts);
    case 404:
      return notFound(facts);
    case 408:
    case 504:
      return ['cluster_timeout', 'timeout', 'Argo CD did not finish the request in time.'];
    case 409:
      return ['not_possible_now', 'changed_meanwhile', 'The object was changed by somebody else at the same moment.'];
    case 429:
      return /larger than max/.test(message)
        ? ['cluster_unreachable', 'internal_limit', "The answer exceeds Argo CD's own limit (ARGOCD_GRPC_MAX_SIZE_MB)."]
        : ['cluster_unreachable', 'throttled', 'The cluster asks for fewer requests.'];
    case 405:
    case 501:
      return unsupported(facts);
    case 400:
      return badRequest(grpcCode, message);
    default:
      return ['cluster_unreachable', 'server_error', `Argo CD failed on the request (status ${status}).`];
  }
}

function forbidden(message: string, facts: RequestFacts): Verdict {
  if (/blocked by sync window/i.test(message)) {
    return ['not_possible_now', 'sync_window', 'A sync window of the project does not allow this now.'];
  }
  // A denial that tells what was denied is about an application that the account may see.
  if (facts.application !== undefined && !facts.hasProject && !/permission denied: /.test(message)) {
    return [
      'not_found',
      'not_found',
      `There is no application "${facts.application}" here, or the account of this server may not see it.`,
    ];
  }
  return ['cluster_refused', 'permission_denied', "Argo CD does not allow this to this server's account."];
}

function notFound(facts: RequestFacts): Verdict {
  return [
    'not_found',
    'not_found',
    facts.application === undefined
      ? 'Argo CD has no such object.'
      : `There is no application "${facts.application}" here.`,
  ];
}

function unsupported(facts: RequestFacts): Verdict {
  const since = facts.since ? `; it exists since ${facts.since}` : '';
  return ['unsupported_version', 'not_supported', `The Argo CD of this cluster does not have this call${since}.`];
}

/** Texts of code 9 and 3, in the order in which Argo CD checks. */
const badRequests: readonly [RegExp, Verdict][] = [
  [
    /another operation is already in progress/i,
    ['operation_in_progress', 'conflict', 'Argo CD is running another operation of this application.'],
  ],
  [/application is deleting/i, ['not_possible_now', 'deleting', 'The application is being deleted.']],
  [
    /auto-sync currently set to/i,
    [
      'not_possible_now',
      'auto_sync',
      'With auto-sync on, only the revision that the application is set to can be synced.',
    ],
  ],
  [/when auto-sync is enabled/i, ['not_possible_now', 'auto_sync', 'This is not possible while auto-sync is on.']],
  [
    /no operation is in progress/i,
    [
      'not_possible_now',
      'no_operation',
      'No operation is running that could be terminated (one just requested cannot be yet).',
    ],
  ],
  [
    /error resolving repo revision|unable to resolve/i,
    ['invalid_input', 'revision_unresolvable', 'Argo CD cannot resolve the revision.'],
  ],
  [
    /is not allowed in project|project does not exist/i,
    ['not_possible_now', 'project_not_allowed', "The application's project does not exist or does not allow it."],
  ],
];

function badRequest(grpcCode: number | undefined, message: string): Verdict {
  const known = badRequests.find(([pattern]) => pattern.test(message));
  if (known) return known[1];
  return grpcCode === 9
    ? ['not_possible_now', 'precondition', 'Argo CD does not do this in the present state.']
    : ['invalid_input', 'invalid_request', 'Argo CD does not accept the request as valid.'];
}

/** An answer without Argo CD's error body: from a proxy, another program, or the text of an unknown path. */
export function strangeAnswer({ status, contentType }: FailedAnswer, facts: RequestFacts): Verdict {
  if (status >= 300 && status < 400) {
    return [
      'cluster_unreachable',
      'redirected',
      `The cluster redirects (status ${status}); redirects are not followed. Its url should probably start with https://, or name another host or path.`,
    ];
  }
  if (status === 401)
    return [
      'cluster_refused',
      'credentials',
      'Something in front of Argo CD, or Argo CD itself, does not accept the credentials of this cluster.',
    ];
  if ((status === 404 || status === 405) && facts.since) return unsupported(facts);
  if (status === 404 || status === 405 || /text\/html/i.test(contentType)) return notArgoCd(status);
  if (status === 415)
    return [
      'cluster_unreachable',
      'not_argocd',
      'The cluster refuses the content type application/json: a proxy may change the header.',
    ];
  if (status === 429) return ['cluster_unreachable', 'throttled', 'The cluster asks for fewer requests.'];
  if (status === 504)
    return ['cluster_timeout', 'timeout', 'Something in front of Argo CD got no answer from it in time.'];
  return [
    'cluster_unreachable',
    'server_error',
    `The cluster answers with status ${status} and not in the way of Argo CD.`,
  ];
}

export const notArgoCd = (status: number): Verdict => [
  'cluster_unreachable',
  'not_argocd',
  `This is not Argo CD's API (status ${status}): the url of the cluster may lack its path prefix or have a wrong one.`,
];
