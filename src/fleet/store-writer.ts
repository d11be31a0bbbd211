import { rowKey, type ApplicationRow } from '../cache/row.js';
import type { ClusterMemo, Store } from '../cache/store.js';
import type { Logger } from '../telemetry/logger.js';
import type { RowChange } from './fleet-index.js';

const flushMs = 250;
const retryMs = 5_000;

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

  constructor(
    private readonly options: { cluster: string; store: Store; memo: () => ClusterMemo | undefined; log: Logger },
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
    await this.flush();
    clearTimeout(this.timer);
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
    const batch = new Map(this.pending);
    this.pending.clear();
    const { cluster, store, log } = this.options;
    try {
      await store.apply(cluster, {
        upsert: [...batch.values()].filter((row) => row !== undefined),
        remove: [...batch].filter(([, row]) => row === undefined).map(([key]) => key),
        memo: this.options.memo(),
      });
      if (this.failing) log.info({ cluster }, 'store writes work again');
      this.failing = false;
    } catch (error) {
      if (!this.failing) log.warn({ cluster, err: error }, 'store cannot be written; rows are kept in memory');
      this.failing = true;
      // What changed meanwhile is newer than what failed.
      for (const [key, row] of batch) if (!this.pending.has(key)) this.pending.set(key, row);
      if (!this.closed) this.schedule(retryMs);
    }
  }
}
