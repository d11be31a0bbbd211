import { rowKey, type ApplicationRow } from '../../cache/row.js';
import type { ClusterMemo, Store } from '../../cache/store.js';
import type { Logger } from '../../telemetry/logger.js';
import type { ClusterRows, RowChange } from '../index/cluster-rows.js';

const flushMs = 250;
const retryMs = 5_000;
/** Rows of one write. */
const batchMax = 1_000;
/** Replicas that differ for a moment must not write against each other. */
const rewriteGapMs = 60_000;

/**
 * Writes the changes of one cluster's rows behind, in batches. A store that fails costs nothing but a log line: what
 * could not be written is kept (one change per application at most) and tried again.
 */
export class StoreWriter {
  private readonly pending = new Map<string, ApplicationRow | undefined>();
  private timer?: NodeJS.Timeout;
  private flushing?: Promise<void>;
  private failing = false;
  private closed = false;
  private rewrittenAtMs = 0;

  constructor(
    private readonly options: {
      cluster: string;
      store: Store;
      /** All rows that are known now. */
      rows: Pick<ClusterRows, 'size' | 'rows'>;
      memo: () => ClusterMemo | undefined;
      log: Logger;
    },
  ) {}

  note(change: RowChange): void {
    if (this.closed) return;
    this.pending.set(rowKey(change.row), change.type === 'upsert' ? change.row : undefined);
    this.schedule(this.failing ? retryMs : flushMs);
  }

  /** Writes what is left, once, and stops. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.flushing;
    // Once more each, but not for ever: a store that is away keeps nobody from stopping.
    do await this.flush();
    while (this.pending.size > 0 && !this.failing);
  }

  private schedule(ms: number): void {
    if (this.timer) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.flushing = this.flush().finally(() => (this.flushing = undefined));
    }, ms);
    this.timer.unref();
  }

  private async flush(): Promise<void> {
    if (this.pending.size === 0) return;
    const batch = new Map([...this.pending].slice(0, batchMax));
    for (const key of batch.keys()) this.pending.delete(key);
    const { cluster, store, log } = this.options;
    try {
      const kept = await store.apply(cluster, {
        upsert: [...batch.values()].filter((row) => row !== undefined),
        remove: [...batch].filter(([, row]) => row === undefined).map(([key]) => key),
        // Only with the last batch: before it the store does not hold what the memo says.
        memo: this.pending.size === 0 ? this.options.memo() : undefined,
      });
      if (this.failing) log.info({ cluster }, 'store writes work again');
      this.failing = false;
      if (this.pending.size === 0) await this.holdAgainst(kept);
    } catch (error) {
      if (!this.failing) log.warn({ cluster, err: error }, 'store cannot be written; rows are kept in memory');
      this.failing = true;
      // What changed meanwhile is newer than what failed.
      for (const [key, row] of batch) if (!this.pending.has(key)) this.pending.set(key, row);
    }
    if (this.pending.size > 0 && !this.closed) this.schedule(this.failing ? retryMs : 0);
  }

  /** A store that holds another number of rows than we do lost or kept what it should not: it gets all of them anew. */
  private async holdAgainst(kept: number): Promise<void> {
    const { cluster, store, log, rows } = this.options;
    const known = rows.size;
    if (kept === known || Date.now() - this.rewrittenAtMs < rewriteGapMs) return;
    this.rewrittenAtMs = Date.now();
    log.warn({ cluster, kept, known }, 'the store does not hold the rows it should; writing all anew');
    await store.drop(cluster);
    for (const row of rows.rows()) this.pending.set(rowKey(row), row);
  }
}
