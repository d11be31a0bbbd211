import type { Incomplete } from './feed.js';

/** What the feed says of rows that are not everything there is, or not certain. */
export const missingRights = {
  code: 'cluster_refused',
  message:
    'Known applications are no longer listed, and Argo CD does not say that they are gone: perhaps the account lost rights.',
} as const satisfies Incomplete;
export const manyVanished = {
  code: 'cluster_refused',
  reduction: 'many_vanished',
  message:
    'The account sees less than before: more than a fifth of the known applications are no longer listed, and Argo CD does not say that they are gone.',
} as const satisfies Incomplete;
export const readsLess = {
  code: 'cluster_refused',
  reduction: 'reads_less',
  message: 'The account sees less than before: it may no longer read the applications of every project.',
} as const satisfies Incomplete;
export const notUnderstood = {
  code: 'cluster_unreachable',
  message: 'Some applications are in a form that this server cannot read; they are stale or left out.',
} as const satisfies Incomplete;
export const notReadYet = {
  code: 'cluster_not_ready',
  message: 'Some applications could not be read yet; they are asked for again.',
} as const satisfies Incomplete;
export const nothingShown = {
  code: 'cluster_refused',
  message: 'Argo CD shows no application to this account, which may not read those of every project.',
} as const satisfies Incomplete;
