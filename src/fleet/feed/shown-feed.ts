import type { FeedSnapshot, FeedState } from './feed.js';

/** What every answer tells of the feed of a cluster that it names. Times are ISO 8601. */
export interface ShownFeed {
  state: FeedState;
  /** In this state since. */
  since: string;
  /** When an event last told of an application. Absent if never. */
  lastEventAt?: string;
  /** When all applications were last listed. Absent if never. */
  lastListAt?: string;
}

export function shownFeed({ state, since, lastEventAt, lastListAt }: FeedSnapshot): ShownFeed {
  return {
    state,
    since: since.toISOString(),
    ...(lastEventAt ? { lastEventAt: lastEventAt.toISOString() } : {}),
    ...(lastListAt ? { lastListAt: lastListAt.toISOString() } : {}),
  };
}
