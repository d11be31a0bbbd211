import type { ApplicationRow } from '../../cache/row.js';
import type { Entry } from './row-table.js';
import { urgencyRanks, type UrgencyRank } from './urgency.js';

/**
 * Rows with their ranks as they were when they were asked for, each known by its place here, and their order of urgency.
 * They are not sorted, because only a few of them are ever shown.
 */
export class RankedRows {
  private readonly entries: Entry[] = [];
  private readonly ranks: number[] = [];
  private readonly changedAt: number[] = [];

  get length(): number {
    return this.entries.length;
  }

  /** @param changedAtMs when its newest change was */
  add(entry: Entry, rank: number, changedAtMs: number): void {
    this.entries.push(entry);
    this.ranks.push(rank);
    this.changedAt.push(changedAtMs);
  }

  entry(place: number): Entry {
    return this.entries[place] as Entry;
  }

  row(place: number): ApplicationRow {
    return this.entry(place).row;
  }

  rank(place: number): UrgencyRank {
    return urgencyRanks[this.ranks[place] as number] as UrgencyRank;
  }

  /** The order of a list by urgency: the most urgent first, within a rank the newest change, then by name. */
  readonly isBefore = (a: number, b: number): boolean => {
    const byRank = (this.ranks[a] as number) - (this.ranks[b] as number);
    if (byRank !== 0) return byRank < 0;
    const byChange = (this.changedAt[a] as number) - (this.changedAt[b] as number);
    if (byChange !== 0) return byChange > 0;
    return isNamedBefore(this.row(a), this.row(b));
  };
}

/** By name, cluster and namespace, which together no two rows have. */
export function isNamedBefore(a: ApplicationRow, b: ApplicationRow): boolean {
  if (a.name !== b.name) return a.name < b.name;
  if (a.cluster !== b.cluster) return a.cluster < b.cluster;
  return a.namespace < b.namespace;
}
