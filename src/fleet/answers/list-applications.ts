import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../../errors/app-error.js';
import type { Cluster } from '../cluster.js';
import { decodeCursor, encodeCursor } from '../index/cursor.js';
import type { FleetIndex } from '../index/fleet-index.js';
import type { GroupBy } from '../index/row-groups.js';
import { placeSchema, type Place, type RowSort } from '../index/row-order.js';
import type { RowQuestion, Totals } from '../index/row-query.js';
import { applicationFilter, dependsOnTime, type ApplicationQuery } from './application-filter.js';
import { askLive, liveFailure } from './ask-live.js';
import { completenessOf, type Completeness } from './list-answer.js';
import { publicEntry, shortRevision, type PublicRow } from './public-row.js';
import type { Scope } from '../scope.js';
import type { VisibleClusters } from '../visible-clusters.js';

/** What a list asks for. All given filters must match. */
export interface ListApplicationsQuery extends ApplicationQuery {
  cluster?: string;
  sort: RowSort;
  /** Count by what applications say instead of listing them. */
  groupBy?: GroupBy;
  limit: number;
  cursor?: string;
  /** Ask the clusters first. */
  fresh?: boolean;
}

export interface ApplicationsPage extends Completeness {
  /** Absent when grouped. */
  applications?: PublicRow[];
  /** The largest first. `key` is `(none)` for applications that say nothing. */
  groups?: { key: string; count: number; health: Record<string, number> }[];
  /** Further groups. */
  groupsOmitted?: number;
  /** Matching rows, stale ones included. */
  total: number;
  /** Counts of the matching rows. */
  totals: Totals;
  nextCursor?: string;
}

/**
 * What a cursor of this list holds: the place behind which the next page begins, the time as of which ranks and times
 * relative to now are judged, and whose address the cluster of that place had. The time is that of the first page, so
 * that an application that becomes late between two pages keeps its place.
 */
const cursorContent = z.object({ atMs: z.int().positive(), after: placeSchema, url: z.string() });
type CursorContent = z.infer<typeof cursorContent>;

/**
 * Answers from the index; waits only for clusters that are in their first seconds. With `fresh` every cluster is asked
 * before, under one deadline; those that could not be asked stand in `unavailable`, and their rows are stale.
 *
 * Throws `invalid_input` for a filter or cursor that cannot be read, `unknown_cluster`.
 */
export async function listApplications(
  index: FleetIndex,
  clusters: VisibleClusters,
  scope: Scope,
  query: ListApplicationsQuery,
  signal: AbortSignal,
): Promise<ApplicationsPage> {
  const { limit, cursor, fresh, ...question } = query;
  const bound = [scope.key, question];
  const from = cursor === undefined ? undefined : readCursor(bound, cursor, query);
  // What cannot be read is refused before any cluster is asked.
  applicationFilter(query);
  const asked = clusters.select(query.cluster);
  if (from) refuseMoved(from, asked);

  const live = fresh ? await askLive(asked, signal) : undefined;
  if (!live) await Promise.all(asked.map((cluster) => cluster.ready(signal)));
  const nowMs = Date.now();
  const atMs = from?.atMs ?? (dependsOnTime(query) ? wholeSecond(nowMs) : index.ranksSinceMs(nowMs));
  const rows: RowQuestion = {
    clusters: asked.map((cluster) => cluster.rows.number),
    seesProject: (project) => scope.project(project),
    filter: applicationFilter(query, atMs),
    atMs,
  };
  const completeness = completenessOf(
    asked,
    scope,
    live && ((cluster) => liveFailure(cluster, scope, live.get(cluster.name))),
  );
  if (query.groupBy) return { ...grouped(index, rows, { by: query.groupBy, limit }), ...completeness };

  const page = index.page(rows, { sort: query.sort, limit, after: from?.after });
  const byName = new Map(asked.map((cluster) => [cluster.name, cluster]));
  const staleClusters = new Set(asked.filter(isStale).map(({ name }) => name));
  function isStale({ name, feed }: Cluster): boolean {
    return live ? live.get(name) !== undefined : !feed.isLive;
  }
  return {
    applications: page.entries.map((entry) =>
      publicEntry(entry, staleClusters.has(entry.row.cluster) || entry.unconfirmed === true, nowMs),
    ),
    total: page.total,
    totals: page.totals,
    ...(page.next ? { nextCursor: cursorAt(bound, page.next, atMs, byName.get(page.next.cluster)) } : {}),
    ...completeness,
  };
}

/** The same question has the same answer for a second: also its cursor, which holds the time. */
const wholeSecond = (ms: number): number => ms - (ms % 1_000);

function grouped(
  index: FleetIndex,
  question: RowQuestion,
  options: { by: GroupBy; limit: number },
): Pick<ApplicationsPage, 'groups' | 'groupsOmitted' | 'total' | 'totals'> {
  const { groups, omitted, total, totals } = index.groups(question, options);
  const shown = groups.map(({ key, ...counts }) => ({ key: keyShown(key, options.by), ...counts }));
  return { groups: shown, ...(omitted > 0 ? { groupsOmitted: omitted } : {}), total, totals };
}

const keyShown = (key: string | undefined, by: GroupBy): string =>
  key === undefined ? '(none)' : by === 'revision' ? shortRevision([key]) : key;

function readCursor(bound: unknown, cursor: string, { groupBy }: ListApplicationsQuery): CursorContent {
  if (!groupBy) return decodeCursor(bound, cursor, cursorContent);
  const message = 'groups have no pages: raise limit or filter instead';
  throw new AppError('invalid_input', `cursor: ${message}.`, { issues: [{ path: 'cursor', message }] });
}

const cursorAt = (bound: unknown, after: Place, atMs: number, cluster: Cluster | undefined): string =>
  encodeCursor(bound, { atMs, after, url: urlHash(cluster) } satisfies CursorContent);

/** Behind another address stands another Argo CD: a place among the applications of the first says nothing there. */
function refuseMoved({ after, url }: CursorContent, asked: readonly Cluster[]): void {
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
