import { ClusterRows, type RowChange } from './cluster-rows.js';

/** What changed, and whose it is. */
export interface FleetChange extends RowChange {
  cluster: string;
}

/** All rows of all clusters of this process, in memory: what every query over the fleet is answered from. */
export class FleetIndex {
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

  /** Until when the order of rows cannot change by time alone (milliseconds since the epoch). */
  validUntilMs(nowMs: number): number {
    return nowMs;
  }

  /** Opens the rows of a cluster, empty. `onChange` hears of its changes before those who listen to the whole. */
  open(cluster: string, onChange: (change: RowChange) => void = () => {}): ClusterRows {
    const rows = new ClusterRows((change) => {
      this.changes++;
      onChange(change);
      for (const listener of this.listeners) listener({ cluster, ...change });
    });
    this.clusters.set(cluster, rows);
    this.bump();
    return rows;
  }

  /** Forgets a cluster and its rows; whoever listens is not told of each of them. */
  drop(cluster: string): void {
    this.clusters.delete(cluster);
    this.bump();
  }

  onChange(listener: (change: FleetChange) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
