import type { Cluster } from '../cluster.js';
import { decodeCursor, encodeCursor } from '../index/cursor.js';
import { applicationFilter, type ApplicationQuery } from './application-filter.js';
import { completenessOf, type Completeness } from './list-answer.js';
import { publicRow, type PublicRow } from './public-row.js';
import { position, queryRows, type Totals } from '../index/row-query.js';
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

/** Answers from the index alone; waits only for clusters that are in their first seconds. */
export async function listApplications(
  clusters: VisibleClusters,
  scope: Scope,
  query: ListApplicationsQuery,
  signal: AbortSignal,
): Promise<ApplicationsPage> {
  const { limit, cursor, ...question } = query;
  const filter = applicationFilter(query);
  const bound = [scope.key, question];
  const after = cursor === undefined ? undefined : decodeCursor(bound, cursor, position);
  const asked = clusters.select(query.cluster);

  await Promise.all(asked.map((cluster) => cluster.ready(signal)));
  const nowMs = Date.now();
  const page = queryRows(visibleRows(asked, scope), filter, { limit, after, nowMs });
  const byName = new Map(asked.map((cluster) => [cluster.name, cluster]));
  return {
    applications: page.rows.map((row) => publicRow(row, byName.get(row.cluster) as Cluster, nowMs)),
    total: page.total,
    totals: page.totals,
    ...(page.next ? { nextCursor: encodeCursor(bound, page.next) } : {}),
    ...completenessOf(asked, scope),
  };
}

function* visibleRows(clusters: readonly Cluster[], scope: Scope) {
  for (const cluster of clusters) {
    for (const row of cluster.rows.rows()) if (scope.project(row.project)) yield row;
  }
}
