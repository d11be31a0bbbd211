import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../../errors/app-error.js';
import type { Cluster } from '../cluster.js';
import { decodeCursor, encodeCursor } from '../index/cursor.js';
import type { FleetIndex } from '../index/fleet-index.js';
import { placeSchema, type Place } from '../index/row-order.js';
import type { Totals } from '../index/row-query.js';
import { applicationFilter, type ApplicationQuery } from './application-filter.js';
import { completenessOf, type Completeness } from './list-answer.js';
import { publicEntry, type PublicRow } from './public-row.js';
import type { Scope } from '../scope.js';
import type { VisibleClusters } from '../visible-clusters.js';

/** What a list asks for. All given filters must match. */
export interface ListApplicationsQuery extends ApplicationQuery {
  cluster?: string;
  limit: number;
  cursor?: string;
}

export interface ApplicationsPage extends Completeness {
  applications: PublicRow[];
  /** Matching rows, stale ones included. */
  total: number;
  /** Counts of the matching rows. */
  totals: Totals;
  nextCursor?: string;
}

/**
 * What a cursor of this list holds: the place behind which the next page begins, the time as of which ranks are judged, and
 * whose address the cluster of that place had. The time is that of the first page, so that an application that becomes
 * late between two pages keeps its place.
 */
const cursorContent = z.object({ atMs: z.int().positive(), after: placeSchema, url: z.string() });

/** Answers from the index alone; waits only for clusters that are in their first seconds. */
export async function listApplications(
  index: FleetIndex,
  clusters: VisibleClusters,
  scope: Scope,
  query: ListApplicationsQuery,
  signal: AbortSignal,
): Promise<ApplicationsPage> {
  const { limit, cursor, ...question } = query;
  const bound = [scope.key, question];
  const from = cursor === undefined ? undefined : decodeCursor(bound, cursor, cursorContent);
  const filter = applicationFilter(query);
  const asked = clusters.select(query.cluster);
  if (from) refuseMoved(from, asked);

  await Promise.all(asked.map((cluster) => cluster.ready(signal)));
  const nowMs = Date.now();
  const atMs = from?.atMs ?? index.ranksSinceMs(nowMs);
  const page = index.page(
    {
      clusters: asked.map((cluster) => cluster.rows.number),
      seesProject: (project) => scope.project(project),
      filter,
      atMs,
    },
    { sort: 'urgency', limit, after: from?.after },
  );
  const byName = new Map(asked.map((cluster) => [cluster.name, cluster]));
  const cursorAt = (after: Place): string =>
    encodeCursor(bound, { atMs, after, url: urlHash(byName.get(after.cluster)) });
  return {
    applications: page.entries.map((entry) => {
      const isLive = byName.get(entry.row.cluster)?.feed.isLive === true;
      return publicEntry(entry, !isLive || entry.unconfirmed === true, nowMs);
    }),
    total: page.total,
    totals: page.totals,
    ...(page.next ? { nextCursor: cursorAt(page.next) } : {}),
    ...completenessOf(asked, scope),
  };
}

/** Behind another address stands another Argo CD: a place among the applications of the first says nothing there. */
function refuseMoved({ after, url }: z.infer<typeof cursorContent>, asked: readonly Cluster[]): void {
  const cluster = asked.find(({ name }) => name === after.cluster);
  if (cluster && urlHash(cluster) === url) return;
  const what = cluster ? 'has another address now' : 'is no longer configured';
  const message = `cluster "${after.cluster}", where the last page ended, ${what}; begin again without a cursor`;
  throw new AppError('invalid_input', `cursor: ${message}.`, { issues: [{ path: 'cursor', message }] });
}

/** Tells addresses apart and does not tell them. */
const urlHash = (cluster: Cluster | undefined): string =>
  createHash('sha256')
    .update(cluster?.config.url ?? '')
    .digest('base64url')
    .slice(0, 8);
