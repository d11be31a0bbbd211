import type { ApplicationRow } from '../../cache/row.js';
import type { Cluster } from '../cluster.js';
import type { FleetIndex } from '../index/fleet-index.js';
import type { Overview } from '../index/overview.js';
import { matches, type RowFilter } from '../index/row-filter.js';
import { problemRanks, type UrgencyRank } from '../index/urgency.js';
import type { Scope } from '../scope.js';
import { aheadMaxMs } from './status-changes.js';

/** Ranks of what is broken; the others wait, move or are fine. */
export const brokenRanks: ReadonlySet<UrgencyRank> = new Set(problemRanks);

/** What a status is made of. */
export interface StatusRows extends Overview {
  /** Whether the same question would count a row. */
  matches(row: ApplicationRow): boolean;
}

/** Asks the index, at the cost of one query. */
export function statusRows(
  index: FleetIndex,
  clusters: readonly Cluster[],
  scope: Scope,
  filter: RowFilter,
  { nowMs, sinceMs }: { nowMs: number; sinceMs: number },
): StatusRows {
  const question = {
    clusters: clusters.map(({ rows }) => rows.number),
    seesProject: (project: string) => scope.project(project),
    filter,
    atMs: nowMs,
  };
  return {
    ...index.overview(question, { ranks: brokenRanks, sinceMs, untilMs: nowMs + aheadMaxMs }),
    matches: (row) => matches(row, filter, nowMs),
  };
}
