import { setTimeout as pause } from 'node:timers/promises';
import { rowKey } from '../../cache/row.js';
import {
  writeRowsMax,
  type ClusterKey,
  type Lease,
  type RowWrite,
  type Store,
  type StoreWrite,
} from '../../cache/store.js';
import type { Logger } from '../../telemetry/logger.js';
import type { ClusterRows, RowChange } from '../index/cluster-rows.js';

/** Changes that come within so long are one write. */
const gatherMs = 10;
const retryMs = 1_000;
/** A store that differs by number only is written anew at most so often. */
const recountMs = 60_000;

export interface StoreWriterOptions {
  key: ClusterKey;
  store: Store;
  rows: Pick<ClusterRows, 'size' | 'rows' | 'entry' | 'isUnconfirmed'>;
  /** What is said of the feed now, JSON. */
  published: () => string;
  /** Somebody else has the lease, or nobody. */
  onLost: (lease: Lease) => void;
  log: Logger;
}

/**
 * Writes what changes in one cluster's rows to the store, as long as this process leads, in small batches. What cannot
 * be written is kept (one note per application) and tried again.
 *
 * Every write says which version of the stored rows it makes, and hears which one it found. If that is not the one that
 * this process left there or followed, the store lost something or somebody else wrote: then all rows are written anew.
 */
export class StoreWriter {
  /** Applications that the store may know otherwise, with their projects there (`before`) and last known. */
  private readonly noted = new Map<string, { before?: string; project: string }>();
  private lease?: Lease;
  private mayWrite: () => boolean = () => false;
  /** Versions that the store may be at, as far as we know; more than one when an answer was lost. */
  private known = new Set<string | undefined>();
  private writes = 0;
  private isVerified = false;
  private mustRewrite = false;
  private isRewriting = false;
  private isStateDue = false;
  /** Notes to write before the store holds everything again; 0 while no write fails. */
  private owed = 0;
  private isClosing = false;
  private recountedAtMs = -Infinity;
  private running?: Promise<void>;
  private readonly cluster: string;

  constructor(private readonly options: StoreWriterOptions) {
    this.cluster = options.key.cluster;
  }

  /** The store holds everything that this process knows, but for what is being written this moment. */
  get isComplete(): boolean {
    return this.lease !== undefined && this.isVerified && !this.mustRewrite && !this.isRewriting && this.owed === 0;
  }

  note({ type, row, previous }: RowChange): void {
    const key = rowKey(row);
    const before = this.noted.has(key)
      ? this.noted.get(key)?.before
      : (previous?.project ?? (type === 'remove' ? row.project : undefined));
    this.noted.set(key, { project: row.project, ...(before === undefined ? {} : { before }) });
    this.wake();
  }

  /** The row was taken from the store: there is nothing to tell it. */
  unnote(key: string): void {
    this.noted.delete(key);
  }

  /** What is said of the feed has changed. */
  say(): void {
    this.isStateDue = true;
    this.wake();
  }

  /** The rows are now what the store holds at this version, but for what is noted. */
  startFrom(version: string | undefined): void {
    this.known = new Set([version]);
  }

  /** Nothing is known of what the store holds: the next lease begins by writing everything. */
  startFromNothing(): void {
    this.known = new Set();
  }

  /** From now on this process writes. `mayWrite` is asked before every write: the lease may have run out meanwhile. */
  lead(lease: Lease, mayWrite: () => boolean): void {
    this.lease = lease;
    this.mayWrite = mayWrite;
    this.writes = 0;
    this.isVerified = false;
    this.say();
  }

  /** Writes no more; what is noted is kept for the next lease. Resolves when no write is under way. */
  async stop(): Promise<void> {
    this.lease = undefined;
    await this.running;
  }

  /** Writes what is left, once, and stops. Answers whether the store has taken it. */
  async close(): Promise<boolean> {
    this.isClosing = true;
    await this.running;
    if (this.hasWork && this.owed === 0) await this.work(true);
    const isWritten = !this.hasWork;
    await this.stop();
    return isWritten;
  }

  private get hasWork(): boolean {
    return this.lease !== undefined && (this.noted.size > 0 || this.isStateDue || this.mustRewrite);
  }

  /** Goes on with what is left to write; for a lease that was held on to at the last moment. */
  wake(): void {
    if (this.running || this.isClosing || !this.hasWork) return;
    this.running = pause(gatherMs)
      .then(() => this.work())
      .finally(() => {
        this.running = undefined;
        if (this.mayWrite()) this.wake();
      });
  }

  private async work(isLast = false): Promise<void> {
    while (this.hasWork && this.mayWrite() && (isLast || !this.isClosing || this.owed === 0)) {
      try {
        await (this.mustRewrite ? this.rewrite() : this.writeNoted());
        if (this.owed === 0 || (this.owed = Math.max(0, this.owed - writeRowsMax)) > 0) continue;
        this.options.log.info({ cluster: this.cluster }, 'store writes work again');
        this.isStateDue = true;
      } catch (error) {
        if (error instanceof LeaseLost) return;
        const { log } = this.options;
        if (this.owed === 0) log.warn({ cluster: this.cluster, err: error }, 'store cannot be written; trying again');
        this.owed = Math.max(1, this.noted.size);
        if (isLast || this.isClosing) return;
        await pause(retryMs);
      }
    }
  }

  private async writeNoted(): Promise<void> {
    const { rows, published } = this.options;
    const batch = [...this.noted].slice(0, writeRowsMax);
    for (const [key] of batch) this.noted.delete(key);
    // With the last batch: before it the store does not hold what is said.
    const says = this.noted.size === 0 && this.isStateDue;
    if (says) this.isStateDue = false;
    const upsert: RowWrite[] = [];
    const remove: { key: string; project: string }[] = [];
    for (const [key, { before, project }] of batch) {
      const row = rows.entry(key)?.row;
      if (!row) remove.push({ key, project: before ?? project });
      else upsert.push(this.asWritten(row, before));
    }
    try {
      const kept = await this.write({ upsert, remove, ...(says ? { state: published() } : {}) });
      if (this.noted.size === 0) this.recount(kept);
    } catch (error) {
      // What was noted meanwhile is newer; only the store's own state is older here.
      for (const [key, note] of batch) this.noted.set(key, { ...note, ...this.noted.get(key), before: note.before });
      this.isStateDue ||= says;
      throw error;
    }
  }

  private async rewrite(): Promise<void> {
    const { rows, log } = this.options;
    const { size } = rows;
    log.warn({ cluster: this.cluster, rows: size }, 'the store does not hold the rows it should; writing all anew');
    this.mustRewrite = false;
    this.isRewriting = true;
    try {
      await this.writeAll();
    } catch (error) {
      this.mustRewrite = true;
      throw error;
    } finally {
      this.isRewriting = false;
    }
    this.isStateDue = true;
  }

  /** Writes all rows, and removes what else is there. The history hears of it once, at the end. */
  private async writeAll(): Promise<void> {
    const { rows, store, key } = this.options;
    const all = [...rows.rows()].map(rowKey);
    for (let start = 0; start < all.length; start += writeRowsMax) {
      const present = all.slice(start, start + writeRowsMax).flatMap((each) => rows.entry(each)?.row ?? []);
      await this.write({ upsert: present.map((row) => this.asWritten(row)), remove: [], isSilent: true });
    }
    const extra = (await store.rowKeys(key)).filter((each) => !rows.entry(each));
    for (let start = 0; start < extra.length; start += writeRowsMax) {
      const remove = extra.slice(start, start + writeRowsMax).map((each) => ({ key: each, project: '' }));
      await this.write({ upsert: [], remove, isSilent: true });
    }
  }

  private async write(write: Omit<StoreWrite, 'version'>): Promise<number> {
    const { lease } = this;
    if (!lease || !this.mayWrite()) throw new LeaseLost();
    const version = `${lease.fence}-${++this.writes}`;
    const before = new Set(this.known);
    // If no answer comes, the write may have been done.
    this.known.add(version);
    const result = await this.options.store.write(lease, { ...write, version });
    if (result === 'not_leader') {
      if (this.lease === lease) this.lease = undefined;
      this.options.onLost(lease);
      throw new LeaseLost();
    }
    this.known = new Set([version]);
    if (!before.has(result.before)) this.mustRewrite = true;
    if (!this.isVerified) {
      this.isVerified = true;
      // Now it is known whether the store holds everything.
      this.isStateDue = true;
    }
    return result.kept;
  }

  private recount(kept: number): void {
    const known = this.options.rows.size;
    if (kept === known || performance.now() - this.recountedAtMs < recountMs) return;
    this.recountedAtMs = performance.now();
    this.mustRewrite = true;
  }

  private asWritten(row: RowWrite['row'], before?: string): RowWrite {
    return {
      row,
      ...(this.options.rows.isUnconfirmed(row) ? { unconfirmed: true } : {}),
      ...(before === undefined || before === row.project ? {} : { previousProject: before }),
    };
  }
}

class LeaseLost extends Error {}
