import { setImmediate as breathe } from 'node:timers/promises';
import { compareChangeIds, type StoredChange } from '../../cache/change-log.js';
import { rowKey } from '../../cache/row.js';
import type { ClusterKey, Store, StoredFeed, StoredRow } from '../../cache/store.js';
import type { Logger } from '../../telemetry/logger.js';
import type { ClusterRows } from '../index/cluster-rows.js';
import { parsePublished, type PublishedFeed } from './published-feed.js';

/** Rows taken over in one go; between two goes others get their turn. */
const rowsAtOnce = 200;
/** So many looks in a row that find the store ahead of us: a change must have been lost on the way. */
const looksBehindMax = 3;

export interface FeedFollowerOptions {
  key: ClusterKey;
  store: Store;
  rows: ClusterRows;
  /** Shows what the leader says; `ageMs` is how long ago it said so. */
  show: (published: PublishedFeed, ageMs: number) => void;
  /** A row is now what the store holds. */
  onTaken: (key: string) => void;
  /** All rows were read anew, after changes that nobody was told of. */
  onReload: (reason: string) => void;
  log: Logger;
}

/**
 * Keeps the rows of one cluster like those in the store, for as long as another process watches it. Every change says
 * between which versions of the stored rows it lies, so one that was missed is noticed, and all rows are read anew.
 */
export class FeedFollower {
  /** True while rows are being taken from the store. */
  isTaking = false;
  private version?: string;
  private isLoaded = false;
  /** The store may not have held everything when it was read: what it lacked was kept. */
  private wasPartial = false;
  private epoch = 0;
  private term = 0;
  private behind = 0;
  private looked?: { version: string; state: string; ageMs: number; atMs: number };
  private last: Promise<void> = Promise.resolve();

  constructor(private readonly options: FeedFollowerOptions) {}

  get key(): ClusterKey {
    return this.options.key;
  }

  /** The version of the stored rows that the rows of this process are like; undefined too if nothing was ever stored. */
  get followed(): { version?: string } | undefined {
    return this.isLoaded ? { version: this.version } : undefined;
  }

  /** Begins a term of following: from now on what the store holds overrules everything older. */
  begin(): void {
    this.term++;
    this.epoch = this.options.rows.nextEpoch();
    this.isLoaded = false;
    this.wasPartial = false;
    this.looked = undefined;
  }

  /** Ends it: nothing is taken from the store any more. */
  end(): void {
    this.term++;
    this.isLoaded = false;
  }

  /** Reads all rows. Never rejects; a store that cannot be read is tried again at the next look. */
  load(reason?: string): Promise<void> {
    return this.turn(() => this.loadNow(reason));
  }

  /** Takes over what changed. Never rejects. */
  apply(changes: readonly StoredChange[]): Promise<void> {
    return this.turn(async () => {
      // What is not loaded yet will be, and then holds these.
      if (!this.isLoaded) return;
      const keys = new Set<string>();
      let { version } = this;
      let state: string | undefined;
      for (const change of changes) {
        if (version !== undefined && compareChangeIds(change.to, version) <= 0) continue;
        if (change.from !== version) return this.loadNow('changes were missed');
        version = change.to;
        for (const key of change.keys) keys.add(key);
        state = change.state ?? state;
      }
      if (version === this.version) return;
      await this.take([...keys], version);
      if (state !== undefined) await this.show(state, 0);
      await this.showLooked();
    });
  }

  /** What a look at the store found. Never rejects. */
  see(stored: StoredFeed): Promise<void> {
    return this.turn(async () => {
      const { version, state, ageMs = 0 } = stored;
      if (!this.isLoaded) return this.loadNow();
      if (state === undefined || version === undefined) return;
      this.looked = { version, state, ageMs, atMs: performance.now() };
      await this.showLooked();
      this.behind = this.isAhead(version) ? this.behind + 1 : 0;
      if (this.behind >= looksBehindMax) await this.loadNow('changes did not arrive');
    });
  }

  /** Changes may have been missed: reads all rows anew if the store is ahead of them. Never rejects. */
  catchUp(stored: StoredFeed): Promise<void> {
    return this.turn(async () => {
      const isAhead = stored.version !== undefined && this.isAhead(stored.version);
      if (this.isLoaded && isAhead) await this.loadNow('changes were missed');
    });
  }

  private isAhead(version: string): boolean {
    return this.version === undefined || compareChangeIds(version, this.version) > 0;
  }

  /** A look may have found a state that is ahead of our rows: it is shown when they have come so far. */
  private async showLooked(): Promise<void> {
    const { looked } = this;
    if (!looked || this.isAhead(looked.version)) return;
    this.looked = undefined;
    await this.show(looked.state, looked.ageMs + performance.now() - looked.atMs);
  }

  private async show(text: string, ageMs: number): Promise<void> {
    const published = parsePublished(text);
    // While the leader writes all rows anew, what it says is not true of what we hold.
    if (!published?.complete) return;
    if (this.wasPartial) return this.loadNow('the store was incomplete');
    this.options.show(published, ageMs);
  }

  private async take(keys: readonly string[], version: string | undefined): Promise<void> {
    const { store, key, rows } = this.options;
    const { term } = this;
    const found = keys.length > 0 ? await store.rowsOf(key, keys) : [];
    if (term !== this.term) return;
    for (let start = 0; start < keys.length; start += rowsAtOnce) {
      this.taking(() => {
        for (const [i, each] of keys.slice(start, start + rowsAtOnce).entries()) {
          const row = found[start + i];
          if (row === 'unreadable') rows.markUnconfirmed(each);
          else if (row === undefined || row === 'gone') rows.remove(each);
          else this.takeOne(row);
          this.options.onTaken(each);
        }
      });
      if (start + rowsAtOnce < keys.length) await breathe();
      if (term !== this.term) return;
    }
    this.version = version;
  }

  private async loadNow(reason?: string): Promise<void> {
    const { store, key, rows, log, onReload, onTaken } = this.options;
    const { term } = this;
    this.isLoaded = false;
    const mark = rows.mark();
    const loaded = await store.load(key);
    for (let start = 0; start < loaded.rows.length && term === this.term; start += rowsAtOnce) {
      this.taking(() => {
        for (const row of loaded.rows.slice(start, start + rowsAtOnce)) this.takeOne(row);
      });
      await breathe();
    }
    if (term !== this.term) return;
    const published = loaded.state === undefined ? undefined : parsePublished(loaded.state);
    this.wasPartial = published !== undefined && !published.complete;
    if (published?.complete) {
      this.taking(() => {
        for (const each of rows.untouchedSince(mark)) {
          rows.remove(each);
          onTaken(each);
        }
      });
    }
    const { cluster } = key;
    if (loaded.unreadable > 0)
      log.warn({ cluster, unreadable: loaded.unreadable }, 'rows in the store could not be read and were left out');
    this.version = loaded.version;
    this.isLoaded = true;
    this.behind = 0;
    if (reason !== undefined) {
      log.warn({ cluster, reason, rows: rows.size }, 'all rows were read anew from the store');
      onReload(reason);
    }
    if (published?.complete) this.options.show(published, loaded.ageMs ?? 0);
  }

  private takeOne({ row, unconfirmed }: StoredRow): void {
    const { rows, onTaken } = this.options;
    rows.replace(row, this.epoch);
    const key = rowKey(row);
    if (unconfirmed) rows.markUnconfirmed(key);
    onTaken(key);
  }

  private taking(work: () => void): void {
    this.isTaking = true;
    try {
      work();
    } finally {
      this.isTaking = false;
    }
  }

  /** One thing after the other. What fails is done anew at the next look. */
  private turn(work: () => Promise<void>): Promise<void> {
    const { log, key } = this.options;
    this.last = this.last.then(work).catch((error: unknown) => {
      log.debug({ cluster: key.cluster, err: error }, 'rows cannot be read from the store; trying again');
      this.isLoaded = false;
    });
    return this.last;
  }
}
