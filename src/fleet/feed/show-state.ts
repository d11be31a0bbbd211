import type { Access } from './access.js';
import type { Feed, FeedSnapshot } from './feed.js';

/** Says how the cluster is followed, unless the account has lost rights: then that. */
export function showState(
  feed: Feed,
  { reduced }: Access,
  state: 'live' | 'lagging' | 'polling',
  missing: FeedSnapshot['incomplete'],
  reason?: string,
): void {
  feed.markIncomplete(reduced ?? missing);
  if (reduced) feed.move('access_reduced', reduced.message, reduced.code);
  else feed.move(state, reason);
}
