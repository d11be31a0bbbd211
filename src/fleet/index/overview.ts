import { RankedRows } from './ranked-rows.js';
import { type ChangeTally, RowChanges } from './row-changes.js';
import { rankNumbersOf } from './row-filter.js';
import { matchingSlots, totalsOf, type RowQuestion, type Totals } from './row-query.js';
import type { Entry, RowTable } from './row-table.js';
import type { UrgencyRank } from './urgency.js';

/** What is looked for in the rows that match. */
export interface OverviewOptions {
  /** Ranks of what is broken. */
  ranks: ReadonlySet<UrgencyRank>;
  /** What happened between these times (milliseconds since the epoch). */
  sinceMs: number;
  untilMs: number;
}

/** Everything that matches at one glance. */
export interface Overview {
  total: number;
  totals: Totals;
  /** By name of the cluster; those where nothing matches are left out. */
  clusters: ReadonlyMap<string, { applications: number; broken: number }>;
  broken: RankedRows;
  changes: ChangeTally;
}

/** Walks once over what matches: nothing is counted beforehand, so that every scope has counts of its own. */
export function overviewOf(table: RowTable, question: RowQuestion, options: OverviewOptions): Overview {
  const { cluster, changedAt } = table.columns;
  const slots = matchingSlots(table, question);
  const isBroken = new Uint8Array(256);
  for (const number of rankNumbersOf(options.ranks)) isBroken[number] = 1;
  const applications = new Uint32Array(table.clusters.length);
  const brokenOf = new Uint32Array(table.clusters.length);
  const broken = new RankedRows();
  const changes = new RowChanges(table, options.sinceMs, options.untilMs);
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i] as number;
    const number = cluster[slot] as number;
    applications[number] = (applications[number] as number) + 1;
    const rank = table.rankOf(slot, question.atMs);
    if (isBroken[rank] === 1) {
      brokenOf[number] = (brokenOf[number] as number) + 1;
      broken.add(table.entries[slot] as Entry, rank, changedAt[slot] as number);
      changes.look(slot, rank);
    } else changes.look(slot, -1);
  }
  const clusters = new Map<string, { applications: number; broken: number }>();
  for (const [number, count] of applications.entries()) {
    if (count > 0) {
      clusters.set(table.clusters[number] as string, { applications: count, broken: brokenOf[number] as number });
    }
  }
  return { total: slots.length, totals: totalsOf(table, slots), clusters, broken, changes: changes.tally };
}
