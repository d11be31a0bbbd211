import { withinTime } from '../../argocd/deadline.js';
import type { ClusterKey, Lease, Store, StoredFeed } from '../../cache/store.js';
import type { Logger } from '../../telemetry/logger.js';
import type { ClusterFacts } from '../cluster-facts.js';
import type { ClusterRows, RowChange } from '../index/cluster-rows.js';
import type { ChangeFollowers } from './change-followers.js';
import type { Feed } from './feed.js';
import { FeedFollower } from './feed-follower.js';
import { LeaderWatch } from './leader-watch.js';
import type { Candidate, Leadership, ReplicationTimings } from './leadership.js';
import { formatPublished, takenOver, unheard, type PublishedFeed } from './published-feed.js';
import { StoreWriter } from './store-writer.js';
import type { Watcher } from './watcher.js';

/** A change of role that is under way when all ends is waited for so long. */
const lastTurnMs = 1_000;

export interface ReplicaOptions {
  key: ClusterKey;
  store: Store;
  rows: ClusterRows;
  feed: Feed;
  facts: ClusterFacts;
  /** Makes a watcher, which has not started. */
  watch: () => Watcher;
  leadership: Leadership;
  followers: ChangeFollowers;
  timings: ReplicationTimings;
  /** All rows were read anew because changes were missed. */
  onReload?: () => void;
  log: Logger;
}

/**
 * What this process is for one cluster. While it leads, it watches the cluster and writes what it sees to the store; while
 * another one leads, it keeps its rows like those in the store; while the store is away, it watches for itself.
 */
export class Replica implements Candidate {
  private role: 'none' | 'following' | 'watching' = 'none';
  private watcher?: Watcher;
  private lease?: Lease;
  private leaseEndsAtMs = 0;
  private readonly leader: LeaderWatch;
  /** When what is shown of the leader's feed was true at the latest, of `performance.now()`. */
  private heardAtMs = 0;
  /** Replicas must not all begin to watch in the same moment. */
  private readonly patience = Math.random();
  private last: Promise<void> = Promise.resolve();
  private isClosed = false;
  private readonly writer: StoreWriter;
  private readonly follower: FeedFollower;

  constructor(private readonly options: ReplicaOptions) {
    const { key, store, rows, feed, leadership, followers, timings, log } = options;
    this.leader = new LeaderWatch(timings.trustMs);
    this.writer = new StoreWriter({
      ...{ key, store, rows, log, published: () => this.published() },
      onLost: (lease) => leadership.lose(this, lease),
    });
    this.follower = new FeedFollower({
      ...{ key, store, rows, log, show: (published, ageMs) => this.show(published, ageMs) },
      onTaken: (row) => this.writer.unnote(row),
      onReload: (reason) => {
        options.onReload?.();
        followers.gap(key.cluster, reason);
      },
    });
    feed.onChange(() => {
      if (this.lease) this.writer.say();
    });
  }

  get key(): ClusterKey {
    return this.options.key;
  }

  get isWatching(): boolean {
    return this.role === 'watching';
  }

  start(): void {
    this.options.leadership.join(this);
  }

  /** A request of somebody failed: if this process watches, it looks now whether the cluster is well. */
  doubt(): void {
    this.watcher?.doubt();
  }

  /** The client was replaced: if this process watches, it connects anew with the one of now. */
  renew(): void {
    this.watcher?.renew();
  }

  /** Hears of every change of the rows. */
  note(change: RowChange): void {
    // What does not come from the store the store does not know.
    if (!this.follower.isTaking) this.writer.note(change);
  }

  /**
   * Leaves nothing behind: no stream, timer or lease. With `forget`, what the store has of the cluster goes as well, if
   * this process leads it. Answers false if the store did not take what this process had to say: it is asked once, since
   * whoever leads next reads the cluster anew.
   */
  async close(options: { forget?: boolean } = {}): Promise<boolean> {
    const { leadership, followers, store } = this.options;
    this.isClosed = true;
    this.follower.end();
    followers.remove(this.follower);
    // What is being read from the store is of no use any more.
    await withinTime(this.last, lastTurnMs, () => new Error('late')).catch(() => undefined);
    await this.watcher?.stop();
    const isWritten = await this.writer.close();
    const lease = leadership.leave(this);
    if (!lease) return true;
    if (!isWritten) return false;
    const givenBack = options.forget ? store.drop(lease) : store.release([lease]);
    const done = (isDone: boolean) => (): boolean => isDone;
    return givenBack.then(done(true), done(false));
  }

  published(): string {
    const { feed, facts } = this.options;
    return formatPublished({ feed: feed.snapshot(), facts, complete: this.writer.isComplete });
  }

  won(lease: Lease, endsAtMs: number): void {
    this.lease = lease;
    this.leaseEndsAtMs = endsAtMs;
    this.turn(async () => {
      if (this.role !== 'watching') {
        if (this.role === 'none') this.follower.begin();
        if (!this.follower.followed) await this.follower.load();
        this.beginToWatch();
      }
      // It may be lost again already.
      if (this.lease !== lease) return;
      this.options.feed.setSource('leader');
      this.writer.lead(lease, () => performance.now() < this.leaseEndsAtMs);
    });
  }

  renewed(endsAtMs: number): void {
    this.leaseEndsAtMs = endsAtMs;
    if (this.isWatching) this.options.feed.setSource('leader');
    this.writer.wake();
  }

  lost(lease: Lease): void {
    if (this.lease !== lease) return;
    this.lease = undefined;
    if (this.isWatching) this.options.feed.setSource('local');
    void this.writer.stop();
  }

  seen(stored: StoredFeed): void {
    this.leader.see(stored);
    if (this.role === 'following') {
      void this.follower.see(stored);
      this.checkLeader();
    } else if (stored.leader && (this.role === 'none' || this.leader.mayHandOver)) {
      this.turn(() => this.beginToFollow());
    }
  }

  away(): void {
    // A process that has just started has nothing to show: it does not wait.
    if (this.role === 'none') this.turn(async () => this.watchAlone());
    else if (this.role === 'following') this.checkLeader();
    else if (!this.lease || performance.now() >= this.leaseEndsAtMs) this.options.feed.setSource('local');
  }

  /** Whoever has had nobody to follow for long watches for itself. */
  private checkLeader(): void {
    this.checkAge();
    const patienceMs = this.options.timings.localAfterMs * (1 + this.patience / 3);
    if (this.leader.missingMs < patienceMs) return;
    this.turn(async () => {
      if (this.role === 'following' && this.leader.missingMs >= patienceMs) this.watchAlone();
    });
  }

  private watchAlone(): void {
    if (this.role !== 'watching') this.beginToWatch();
    if (!this.lease) this.options.feed.setSource('local');
  }

  private beginToWatch(): void {
    if (this.isClosed) return;
    const { feed, followers, watch } = this.options;
    const { followed } = this.follower;
    if (followed) this.writer.startFrom(followed.version);
    else this.writer.startFromNothing();
    this.follower.end();
    followers.remove(this.follower);
    this.role = 'watching';
    if (feed.snapshot().asOf) feed.move('stale', takenOver.message, takenOver.code);
    this.watcher = watch();
    this.watcher.start();
  }

  private async beginToFollow(): Promise<void> {
    if (this.role === 'following' || this.lease) return;
    const { feed, followers } = this.options;
    const watched = this.role === 'watching';
    await this.writer.stop();
    const { watcher } = this;
    this.watcher = undefined;
    await watcher?.stop();
    this.role = 'following';
    this.heardAtMs = performance.now();
    this.leader.begin();
    this.follower.begin();
    followers.add(this.follower);
    feed.setSource('follower');
    await this.follower.load(watched ? 'another replica watches now' : undefined);
  }

  private show({ feed: said, facts: known }: PublishedFeed, ageMs: number): void {
    const { feed, facts } = this.options;
    if (known.version) facts.version = known.version;
    if (known.uiUrl) facts.uiUrl = known.uiUrl;
    if (this.role !== 'following') {
      // Not yet known to be watched by anybody: only what the rows are worth counts.
      feed.remember(said);
      return;
    }
    this.heardAtMs = Math.max(this.heardAtMs, performance.now() - ageMs);
    feed.adopt(said);
    this.checkAge();
  }

  /** What nobody has said for long cannot be shown as if it were so. */
  private checkAge(): void {
    const { feed, timings } = this.options;
    if (performance.now() - this.heardAtMs < timings.trustMs || !feed.isLive) return;
    feed.adopt({ ...feed.snapshot(), since: new Date(), state: 'stale', reason: unheard.message, code: unheard.code });
  }

  /** One change of role after the other. */
  private turn(work: () => Promise<void>): void {
    this.last = this.last
      .then(() => (this.isClosed ? undefined : work()))
      .catch((error: unknown) => {
        this.options.log.error({ cluster: this.key.cluster, err: error }, 'change of role failed');
      });
  }
}
