/** What the feed says of rows that are not everything there is, or not certain. */
export const missingRights = {
  code: 'cluster_refused',
  message:
    'Known applications are no longer listed, and Argo CD does not say that they are gone: perhaps the account lost rights.',
} as const;
export const manyVanished = {
  code: 'cluster_refused',
  message:
    'The account sees less than before: more than a fifth of the known applications are no longer listed, and Argo CD does not say that they are gone.',
} as const;
export const readsLess = {
  code: 'cluster_refused',
  message: 'The account sees less than before: it may no longer read the applications of every project.',
} as const;
export const notUnderstood = {
  code: 'cluster_unreachable',
  message: 'Some applications are in a form that this server cannot read; they are stale or left out.',
} as const;
export const notReadYet = {
  code: 'cluster_not_ready',
  message: 'Some applications could not be read yet; they are asked for again.',
} as const;
export const nothingShown = {
  code: 'cluster_refused',
  message: 'Argo CD shows no application to this account, which may not read those of every project.',
} as const;
