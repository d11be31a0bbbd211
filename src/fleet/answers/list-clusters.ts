import { z } from 'zod';
import type { Cluster } from '../cluster.js';
import { decodeCursor, encodeCursor } from '../index/cursor.js';
import type { FeedSource } from '../feed/feed.js';
import { shownFeed, type ShownFeed } from '../feed/shown-feed.js';
import { completenessOf, type Completeness } from './list-answer.js';
import type { Scope } from '../scope.js';
import type { VisibleClusters } from '../visible-clusters.js';

export interface PublicCluster {
  cluster: string;
  labels: Record<string, string>;
  version?: string;
  feed: ShownFeed & { source?: FeedSource; asOf?: string; reason?: string };
  /** Applications that the index holds and the caller may see. */
  applications: number;
  readOnly: boolean;
  uiUrl?: string;
}

export interface ClustersPage extends Completeness {
  clusters: PublicCluster[];
  total: number;
  nextCursor?: string;
}

const place = z.tuple([z.string()]);

/** Clusters by name. Asks none of them; in a process that starts them at first use, it starts the ones it shows. */
export async function listClusters(
  clusters: VisibleClusters,
  scope: Scope,
  query: { cluster?: string; limit: number; cursor?: string },
  signal: AbortSignal,
): Promise<ClustersPage> {
  const bound = [scope.key, 'clusters', query.cluster];
  const after = query.cursor === undefined ? undefined : decodeCursor(bound, query.cursor, place)[0];
  const asked = clusters.select(query.cluster);
  await Promise.all(asked.map((cluster) => cluster.ready(signal)));
  const sorted = [...asked].sort((a, b) => (a.name < b.name ? -1 : 1));
  const rest = after === undefined ? sorted : sorted.filter(({ name }) => name > after);
  const page = rest.slice(0, query.limit);
  const last = page.at(-1);
  return {
    clusters: page.map((cluster) => publicCluster(cluster, scope)),
    total: asked.length,
    ...(last && rest.length > page.length ? { nextCursor: encodeCursor(bound, [last.name]) } : {}),
    ...completenessOf(asked, scope),
  };
}

/** A cluster as every tool and event shows it. */
export function publicCluster(cluster: Cluster, scope: Scope): PublicCluster {
  const feed = cluster.feed.snapshot();
  const { source, asOf, reason, notice, incomplete } = feed;
  const { version, uiUrl } = cluster.facts;
  const why = reason ?? incomplete?.message ?? notice;
  return {
    cluster: cluster.name,
    labels: { ...cluster.labels },
    ...(version ? { version } : {}),
    feed: {
      ...shownFeed(feed),
      ...(source ? { source } : {}),
      ...(asOf ? { asOf: asOf.toISOString() } : {}),
      ...(why ? { reason: why } : {}),
    },
    applications: cluster.count(scope),
    readOnly: cluster.config.readOnly,
    ...(uiUrl ? { uiUrl } : {}),
  };
}
