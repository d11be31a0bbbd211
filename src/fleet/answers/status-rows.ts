import type { ApplicationRow } from '../../cache/row.js';
import type { Cluster } from '../cluster.js';
import type { FleetIndex } from '../index/fleet-index.js';
import { matches, type RowFilter } from '../index/row-filter.js';
import type { RowQuestion, Totals } from '../index/row-query.js';
import { problemRanks, urgencyOf, type UrgencyRank } from '../index/urgency.js';
import type { Scope } from '../scope.js';

/** Ranks of what is broken; the others wait, move or are fine. */
export const brokenRanks: ReadonlySet<UrgencyRank> = new Set(problemRanks);

/** What a status is made of. */
export interface StatusRows {
  total: number;
  totals: Totals;
  /** By name of the cluster. */
  perCluster: ReadonlyMap<string, number>;
  /** Most urgent first. */
  broken: { row: ApplicationRow; rank: UrgencyRank }[];
  /** Those whose newest change is not older than asked for, in no order. */
  changed: ApplicationRow[];
  /** Whether the same question would count a row. */
  matches(row: ApplicationRow): boolean;
}

/** Asks the index, at the cost of a few queries. */
export function statusRows(
  index: FleetIndex,
  clusters: readonly Cluster[],
  scope: Scope,
  filter: RowFilter,
  { nowMs, sinceMs }: { nowMs: number; sinceMs: number },
): StatusRows {
  const ask = (more: RowFilter = {}): RowQuestion => ({
    clusters: clusters.map(({ rows }) => rows.number),
    seesProject: (project) => scope.project(project),
    filter: { ...filter, ...more },
    atMs: nowMs,
  });
  const { groups, total, totals } = index.groups(ask(), { by: 'cluster', limit: clusters.length });
  const broken = index.page(ask({ ranks: brokenRanks }), { sort: 'urgency', limit: total });
  return {
    total,
    totals,
    perCluster: new Map(groups.map(({ key, count }) => [key ?? '', count])),
    broken: broken.entries.map(({ row }) => ({ row, rank: urgencyOf(row, nowMs) })),
    changed: index.select(ask({ changedAfterMs: sinceMs })).map(({ row }) => row),
    matches: (row) => matches(row, filter, nowMs),
  };
}
