import { setTimeout as pause } from 'node:timers/promises';
import type { ArgoCdApi, WatchSignal } from '../../argocd/argocd-api.js';
import { watchFields } from '../../argocd/fields.js';
import { rowKey } from '../../cache/row.js';
import type { ClusterLimits } from '../../config/config.js';
import { AppError } from '../../errors/app-error.js';
import { rowOf } from '../index/application-row.js';
import type { Access } from './access.js';
import { Arrivals } from './arrivals.js';
import type { FeedSnapshot } from './feed.js';
import type { ClusterRows } from '../index/cluster-rows.js';
import { LagMeter } from './lag-meter.js';
import { Pulse, mayReadEverything } from './pulse.js';
import { reconcile, type Reconciled } from './reconcile.js';
import { showState } from './show-state.js';
import type { TokenWatch, TokenWatchOptions } from './token-watch.js';
import { missingRights, nothingShown, notReadYet, notUnderstood } from './shortcomings.js';

const comesLate = 'events come more than 10 s after what they tell of';
/** Time a stream gets to open before the list is asked for without it. */
const openGraceMs = 300;
/** Time between two tries of a list that failed, and between lists that are a quiet cluster's only sign of life. */
const retryMs = 5_000;
const heartbeatMs = 30_000;
/** Between a list and one that somebody asked for meanwhile. */
const askedGapMs = 200;

/** What a watcher works with; all of it belongs to one cluster. */
export interface WatcherOptions extends TokenWatchOptions {
  api: ArgoCdApi;
  rows: ClusterRows;
  limits: ClusterLimits;
  /** Called at every connection, for what is read beside the applications (version, settings). Must not throw. */
  probe: (signal: AbortSignal) => Promise<void>;
}

/** How a connection ended. */
export interface Ending {
  reason: string;
  /** It was complete at some time: the next try need not wait long. */
  wasLive: boolean;
  /** Lists work and are not empty, the stream's header never came: a proxy holds streams back. */
  pollInstead: boolean;
}

/** One stream with the lists beside it: an epoch of the rows. */
export class Connection {
  private isOpen = false;
  private readonly lag = new LagMeter();
  private tellOpen: () => void = () => {};
  private readonly whenOpen = new Promise<void>((resolve) => (this.tellOpen = resolve));
  private wasLive = false;
  private readonly arrivals = new Arrivals();
  private readonly alike = new Map<string, string>();
  private isSick = false;
  private listNow: () => void = () => {};
  private readonly pulse: Pulse;
  /** Applications of the last list; undefined before the first. */
  private listed?: number;
  private readonly abort = new AbortController();
  private readonly signal: AbortSignal;

  constructor(
    private readonly options: WatcherOptions,
    private readonly access: Access,
    token: TokenWatch,
    private readonly epoch: number,
    stopping: AbortSignal,
  ) {
    this.signal = AbortSignal.any([stopping, this.abort.signal]);
    this.pulse = new Pulse(options.api, () => token.look(), {
      sick: (error) => this.sick(error),
      well: (reads) => this.well(reads),
    });
  }

  /** Follows until the stream ends, for whatever reason. Leaves no request behind. Never throws. */
  async follow(): Promise<Ending> {
    const { api, limits, feed } = this.options;
    const beside = [this.listAgainAndAgain(), this.pulse.run(this.signal)];
    let ending: Ending;
    try {
      const stream = api.watch({ fields: watchFields, headerTimeoutMs: limits.streamHeaderMs, signal: this.signal });
      for await (const signal of stream) this.take(signal);
      ending = this.ended('Argo CD ended the stream');
      if (this.wasLive && !this.signal.aborted) feed.move('stale', ending.reason);
    } catch (error) {
      ending = this.broke(AppError.from(error));
    }
    this.abort.abort(new Error('the stream has ended'));
    await Promise.all(beside);
    return ending;
  }

  /** A request of somebody failed: finds out now whether the cluster is well. */
  doubt(): void {
    this.pulse.askNow();
  }

  /** Ends the stream and all that goes with it; the feed is not told. */
  end(): void {
    this.abort.abort(new AppError('unavailable', 'the client of this cluster was replaced'));
  }

  private take(signal: WatchSignal): void {
    const { rows, feed, cluster } = this.options;
    feed.touch(signal.kind === 'event' ? 'event' : 'keepalive', this.lag.lagMs);
    if (signal.kind !== 'event') this.showLag();
    if (signal.kind === 'open') {
      this.isOpen = true;
      this.lag.opened(signal.date);
      this.tellOpen();
    }
    if (signal.kind === 'unreadable') return this.takeUnreadable(signal);
    if (signal.kind !== 'event') return;
    const row = rowOf(cluster, signal.application);
    if (!row) return;
    const key = rowKey(row);
    this.arrivals.came(key);
    if (signal.type === 'DELETED') return void rows.remove(key);
    const before = signal.type === 'MODIFIED' ? rows.entry(key) : undefined;
    if (rows.upsert(row, this.epoch) && before?.epoch === this.epoch) {
      this.lag.saw(before.row, row);
      this.showLag();
    }
  }

  /** Of a feed that is live in every other respect. */
  private showLag(): void {
    const { feed } = this.options;
    const { state } = feed.snapshot();
    const isLagging = this.lag.lagMs > 0;
    if (state === 'live' && isLagging) feed.move('lagging', comesLate);
    else if (state === 'lagging' && !isLagging) feed.move('live');
  }

  /** What we know of the application is not true any more, and what is true we do not understand. */
  private takeUnreadable({ name = '', namespace = '' }: { name?: string; namespace?: string }): void {
    const { rows, feed } = this.options;
    const key = rowKey({ name, namespace });
    this.arrivals.came(key);
    const entry = rows.entry(key);
    if (entry ? entry.unconfirmed : !this.wasLive || feed.snapshot().incomplete) return;
    if (entry) rows.markUnconfirmed(key);
    // One that nobody knew: a list shows whether it is there.
    else feed.markIncomplete(notUnderstood);
    this.listNow();
  }

  private broke(error: AppError): Ending {
    const { feed } = this.options;
    const noHeader = error.details['noHeader'] === true;
    if (noHeader && this.listed === 0) return this.ended('nothing to see yet');
    if (noHeader && this.listed !== undefined) return { ...this.ended(error.message), pollInstead: true };
    if (!this.signal.aborted) feed.move(this.isOpen ? 'stale' : 'down', error.message, error.code);
    return this.ended(error.message);
  }

  private ended(reason: string): Ending {
    return { reason, wasLive: this.wasLive, pollInstead: false };
  }

  /** The first list makes the feed live, later ones find what the stream lost. */
  private async listAgainAndAgain(): Promise<void> {
    const { limits, probe } = this.options;
    try {
      await Promise.race([this.whenOpen, this.pause(openGraceMs)]);
      void probe(this.signal);
      while (!this.signal.aborted) {
        const wasOpen = this.isOpen;
        // Whoever asks while a list is under way may know what it cannot show yet.
        const asked = new Promise<void>((resolve) => (this.listNow = resolve))
          .then(() => this.pause(askedGapMs))
          .catch(() => undefined);
        const isTrue = await this.listOnce();
        // Nothing else tells that rights came back.
        const isQuiet = !wasOpen || this.access.reduced !== undefined;
        const next = !isTrue ? retryMs : isQuiet ? Math.min(heartbeatMs, limits.relistMs) : limits.relistMs;
        const waits = [asked, this.pause(next * (0.8 + Math.random() * 0.4))];
        if (!wasOpen) waits.push(this.whenOpen);
        await Promise.race(waits);
      }
    } catch {
      // Aborted: the stream has ended and says why.
    }
  }

  /** Returns whether the rows are known to be complete. */
  private async listOnce(): Promise<boolean> {
    const { cluster, api, rows, feed } = this.options;
    try {
      const stream = this.isOpen ? this.arrivals : undefined;
      const context = { cluster, api, rows, epoch: this.epoch, signal: this.signal };
      const result = await reconcile(context, stream, this.wasLive && stream ? this.alike : undefined);
      this.listed = result.listed;
      // Without a stream nothing but an empty list can be complete: the rows come with the stream's snapshot.
      if (!stream && result.listed > 0) return false;
      this.access.listed(result.areManyMissing);
      feed.touch('list');
      const missing = await this.whatIsMissing(result);
      this.wasLive = true;
      if (result.needsSnapshot) {
        this.abort.abort(new AppError('unavailable', 'many applications came back into sight'));
        return false;
      }
      this.isSick = false;
      if (this.lag.lagMs > 0) showState(feed, this.access, 'lagging', missing, comesLate);
      else showState(feed, this.access, 'live', missing);
      return result.unread + result.unasked === 0;
    } catch (error) {
      if (this.signal.aborted) throw error;
      this.sick(AppError.from(error));
      return false;
    }
  }

  private async whatIsMissing(result: Reconciled): Promise<FeedSnapshot['incomplete']> {
    const { listed, unconfirmed, unasked, unread, unreadable } = result;
    if (unread + unasked > 0) return notReadYet;
    if (unconfirmed > 0) return missingRights;
    if (unreadable > 0 || this.options.rows.hasUnconfirmed()) return notUnderstood;
    if (listed > 0) return undefined;
    const readsEverything = await mayReadEverything(this.options.api, this.signal);
    this.access.told(readsEverything);
    return readsEverything ? undefined : nothingShown;
  }

  /** Requests fail, whatever the stream does: what it brings goes on being written, but nobody should rely on it. */
  private sick({ message, code }: AppError): void {
    const { feed, log, cluster } = this.options;
    if (!this.isSick) log.warn({ cluster, reason: message }, 'requests fail');
    this.isSick = true;
    feed.move(this.isOpen ? 'stale' : 'down', message, code);
  }

  private well(readsEverything: boolean): void {
    if (this.access.told(readsEverything) || this.isSick) this.listNow();
  }

  private pause(ms: number): Promise<void> {
    return pause(ms, undefined, { signal: this.signal });
  }
}
