import type { Cluster } from '../cluster.js';
import { shownFeed, type ShownFeed } from '../feed/shown-feed.js';

/** A cluster whose part of an answer is there in full, though its feed is not simply live. */
export interface Caveat extends ShownFeed {
  cluster: string;
  /** This process watches it for itself. */
  source?: 'local';
  reason?: string;
}

export interface Caveats {
  /** Absent when there is none. */
  caveats?: Caveat[];
  /** Further ones that are not shown. */
  caveatsOmitted?: number;
}

const namesMax = 3;
const watchesAlone = 'Redis is away, or no replica leads yet: this one watches the cluster for itself';

/** Of clusters that are not in `unavailable`. What may make data old comes first. */
export function caveatsOf(clusters: readonly Cluster[], max: number): Caveats {
  const late = clusters.filter(({ feed }) => feed.snapshot().state !== 'live');
  const alone = clusters.filter(({ feed }) => feed.snapshot().state === 'live' && feed.localSince);
  const all = [...late, ...alone];
  if (all.length === 0) return {};
  const omitted = all.length - max;
  return { caveats: all.slice(0, max).map(caveat), ...(omitted > 0 ? { caveatsOmitted: omitted } : {}) };
}

function caveat({ name, feed }: Cluster): Caveat {
  const snapshot = feed.snapshot();
  const { localSince } = feed;
  const isAlone = snapshot.state === 'live' && localSince;
  const reason = snapshot.reason ?? (isAlone ? watchesAlone : undefined);
  return {
    cluster: name,
    ...shownFeed(snapshot),
    ...(localSince ? { source: 'local' } : {}),
    ...(isAlone ? { since: localSince.toISOString() } : {}),
    ...(reason ? { reason } : {}),
  };
}

/** For a summary: whom to take with a grain of salt, and why in a word. Empty when there is none. */
export function caveatSentence({ caveats = [], caveatsOmitted = 0 }: Caveats): string {
  if (caveats.length === 0) return '';
  const named = caveats.slice(0, namesMax).map(({ cluster, state, source }) => {
    return `${cluster} (${state === 'live' && source ? source : state})`;
  });
  const more = caveats.length + caveatsOmitted - named.length;
  return `With caveats: ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`;
}
