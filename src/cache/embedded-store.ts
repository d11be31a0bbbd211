import { rowKey, type ApplicationRow } from './row.js';
import type { ClusterMemo, Store } from './store.js';

interface Remembered {
  rows: Map<string, ApplicationRow>;
  memo?: ClusterMemo;
}

/** The store of a process without Redis: it forgets everything when the process ends. */
export class EmbeddedStore implements Store {
  readonly kind = 'embedded';
  private readonly clusters = new Map<string, Remembered>();

  async apply(
    cluster: string,
    change: { upsert: readonly ApplicationRow[]; remove: readonly string[]; memo?: ClusterMemo },
  ): Promise<number> {
    const remembered = this.clusters.get(cluster) ?? { rows: new Map<string, ApplicationRow>() };
    for (const key of change.remove) remembered.rows.delete(key);
    // Rows are values, nobody changes one after it was made: sharing them with the index costs no memory.
    for (const row of change.upsert) remembered.rows.set(rowKey(row), row);
    if (change.memo) remembered.memo = { ...change.memo };
    this.clusters.set(cluster, remembered);
    return remembered.rows.size;
  }

  async load(cluster: string): Promise<{ rows: ApplicationRow[]; memo?: ClusterMemo; unreadable: number }> {
    const remembered = this.clusters.get(cluster);
    return {
      rows: [...(remembered?.rows.values() ?? [])],
      ...(remembered?.memo ? { memo: { ...remembered.memo } } : {}),
      unreadable: 0,
    };
  }

  async drop(cluster: string): Promise<void> {
    this.clusters.delete(cluster);
  }

  async health(): Promise<{ ok: boolean }> {
    return { ok: true };
  }

  async close(): Promise<void> {
    this.clusters.clear();
  }
}
