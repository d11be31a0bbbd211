import { ClusterRows, type RowChange } from './cluster-rows.js';
import { overviewOf, type Overview, type OverviewOptions } from './overview.js';
import { groupRows, type GroupBy, type Groups } from './row-groups.js';
import type { Place, RowSort } from './row-order.js';
import { matchingSlots, queryRows, type Page, type RowQuestion } from './row-query.js';
import { RowTable, type Entry } from './row-table.js';

/** What changed, and whose it is. */
export interface FleetChange extends RowChange {
  cluster: string;
}

/** All rows of all clusters of this process, in memory: what every query over the fleet is answered from. */
export class FleetIndex {
  private readonly table = new RowTable();
  private readonly clusters = new Map<string, ClusterRows>();
  private readonly listeners = new Set<(change: FleetChange) => void>();
  private changes = 0;

  /**
   * Grows whenever an answer could become another one: with every change of a row, and with `bump`. What was answered
   * at a version is true as long as it stays and the time that `validUntilMs` gave has not come.
   */
  get version(): number {
    return this.changes;
  }

  /** Something that answers show beside the rows has changed: a feed, the set of clusters. */
  bump(): void {
    this.changes++;
  }

  /**
   * Until when no rank can change by time alone (milliseconds since the epoch), that moment included; infinite when
   * nothing waits. An answer to a question that names times relative to now changes by itself and is not meant.
   */
  validUntilMs(nowMs: number): number {
    return this.table.validUntilMs(nowMs);
  }

  /**
   * The earliest time at which all ranks are what they are now. Questions are asked as of it, so that the same question
   * has the same answer, to the letter of its cursor, as long as nothing changes.
   */
  ranksSinceMs(nowMs: number): number {
    return this.table.ranksSinceMs(nowMs);
  }

  /**
   * Opens the rows of a cluster, empty; rows of an earlier one of the name are forgotten. `onChange` hears of its changes
   * before those who listen to the whole.
   */
  open(cluster: string, onChange: (change: RowChange) => void = () => {}): ClusterRows {
    this.clusters.get(cluster)?.close();
    const tell = (change: RowChange): void => {
      this.changes++;
      onChange(change);
      for (const listener of this.listeners) listener({ cluster, ...change });
    };
    const rows = new ClusterRows(tell, { table: this.table, cluster });
    this.clusters.set(cluster, rows);
    this.bump();
    return rows;
  }

  /**
   * Forgets a cluster and its rows; whoever listens is not told of each of them. With `rows` only if they are still
   * those of that name.
   */
  drop(cluster: string, rows = this.clusters.get(cluster)): void {
    rows?.close();
    if (rows && this.clusters.get(cluster) === rows) this.clusters.delete(cluster);
    this.bump();
  }

  /** What it holds: rows, distinct texts, and numbers that name them (with the room that was freed and is kept). */
  get size(): { rows: number; texts: number; numbers: number } {
    return this.table.size;
  }

  /** One page of what matches, and counts over all of it. */
  page(question: RowQuestion, options: { sort: RowSort; limit: number; after?: Place }): Page {
    return queryRows(this.table, question, options);
  }

  /** What matches in groups, the largest first, and counts over all of it. */
  groups(question: RowQuestion, options: { by: GroupBy; limit: number }): Groups {
    return groupRows(this.table, question, options);
  }

  /** Everything that matches at one glance: counts, what is broken, what changed. */
  overview(question: RowQuestion, options: OverviewOptions): Overview {
    return overviewOf(this.table, question, options);
  }

  /** Everything that matches, in no order. */
  select(question: RowQuestion): Entry[] {
    return Array.from(matchingSlots(this.table, question), (slot) => this.table.entries[slot] as Entry);
  }

  onChange(listener: (change: FleetChange) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
