import type { ApplicationRow } from '../../cache/row.js';
import type { Cluster } from '../cluster.js';
import { comparePositions, matches, positionOf, type RowFilter, type Totals } from '../index/row-query.js';
import { changedAtMs, urgencyOf, urgencyRanks, type UrgencyRank } from '../index/urgency.js';
import type { Scope } from '../scope.js';

/** Ranks of what is broken; the others wait, move or are fine. */
export const brokenRanks: ReadonlySet<UrgencyRank> = new Set(urgencyRanks.slice(0, 6));

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

export function statusRows(
  clusters: readonly Cluster[],
  scope: Scope,
  filter: RowFilter,
  { nowMs, sinceMs }: { nowMs: number; sinceMs: number },
): StatusRows {
  const health: Record<string, number> = {};
  const sync: Record<string, number> = {};
  const perCluster = new Map<string, number>();
  const broken: StatusRows['broken'] = [];
  const changed: ApplicationRow[] = [];
  let total = 0;
  for (const cluster of clusters) {
    for (const row of cluster.rows.rows()) {
      if (!scope.project(row.project) || !matches(row, filter)) continue;
      total++;
      perCluster.set(row.cluster, (perCluster.get(row.cluster) ?? 0) + 1);
      health[row.health] = (health[row.health] ?? 0) + 1;
      sync[row.sync] = (sync[row.sync] ?? 0) + 1;
      const rank = urgencyOf(row, nowMs);
      if (brokenRanks.has(rank)) broken.push({ row, rank });
      if (changedAtMs(row) >= sinceMs) changed.push(row);
    }
  }
  const places = new Map(broken.map((each) => [each, positionOf(each.row, nowMs)]));
  broken.sort((a, b) => comparePositions(places.get(a)!, places.get(b)!));
  return { total, totals: { health, sync }, perCluster, broken, changed, matches: (row) => matches(row, filter) };
}
