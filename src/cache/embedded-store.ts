import type { RowRef } from './change-log.js';
import { EmbeddedChangeLog } from './embedded-change-log.js';
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

  /** @param changes where it notes what was written */
  constructor(private readonly changes: EmbeddedChangeLog = new EmbeddedChangeLog()) {}

  async apply(
    cluster: string,
    change: { upsert: readonly ApplicationRow[]; remove: readonly string[]; memo?: ClusterMemo },
  ): Promise<number> {
    const remembered = this.clusters.get(cluster) ?? { rows: new Map<string, ApplicationRow>() };
    const refs = refsOf(change, remembered.rows);
    for (const key of change.remove) remembered.rows.delete(key);
    // Rows are values, nobody changes one after it was made: sharing them with the index costs no memory.
    for (const row of change.upsert) remembered.rows.set(rowKey(row), row);
    if (change.memo) remembered.memo = { ...change.memo };
    this.clusters.set(cluster, remembered);
    if (refs.length > 0) this.changes.add({ kind: 'rows', cluster, changes: refs });
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

function refsOf(
  { upsert, remove }: { upsert: readonly ApplicationRow[]; remove: readonly string[] },
  rows: ReadonlyMap<string, ApplicationRow>,
): RowRef[] {
  const removed = remove.flatMap((key): RowRef[] => {
    const row = rows.get(key);
    return row ? [{ key, project: row.project, removed: true }] : [];
  });
  const written = upsert.map((row): RowRef => {
    const key = rowKey(row);
    const previousProject = rows.get(key)?.project;
    const hasMoved = previousProject !== undefined && previousProject !== row.project;
    return { key, project: row.project, ...(hasMoved ? { previousProject } : {}) };
  });
  return [...removed, ...written];
}
