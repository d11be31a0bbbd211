import type { ErrorCode } from '../../errors/catalogue.js';

/**
 * How the rows of a cluster are kept true.
 * - `idle`: nobody has asked for this cluster yet (stdio only)
 * - `seeding`: first read under way, rows incomplete
 * - `live`: a stream is open and says something at least every 45 s
 * - `lagging`: as live, but events come over 10 s after what they tell
 * - `polling`: streams do not get through (a proxy), lists are read instead
 * - `access_reduced`: the account sees less than before; what it sees no longer is kept, unconfirmed
 * - `stale`: the stream fell silent; being opened again
 * - `down`: the cluster does not answer or refuses us
 */
export const feedStates = ['idle', 'seeding', 'live', 'lagging', 'polling', 'access_reduced', 'stale', 'down'] as const;
export type FeedState = (typeof feedStates)[number];

const followedStates: ReadonlySet<FeedState> = new Set(['live', 'lagging', 'polling', 'access_reduced']);

/**
 * Who watches the cluster.
 * - `leader`: this process, for all replicas (or it is the only one)
 * - `follower`: another replica; this process has its rows and its feed's state from the store
 * - `local`: this process, for itself: the store is away, or nobody leads yet
 */
export const feedSources = ['leader', 'follower', 'local'] as const;
export type FeedSource = (typeof feedSources)[number];

/**
 * How it showed that the account sees less than before.
 * - `reads_less`: it may no longer read the applications of every project
 * - `many_vanished`: many known applications are no longer listed, and Argo CD does not say that they are gone
 */
export const reductions = ['reads_less', 'many_vanished'] as const;
export type Reduction = (typeof reductions)[number];

/** Why rows are not everything there is. */
export interface Incomplete {
  code: ErrorCode;
  message: string;
  /** Given if the account sees less than before. */
  reduction?: Reduction;
}

export interface FeedSnapshot {
  state: FeedState;
  /** Absent until it is known. */
  source?: FeedSource;
  /** Since when it is in this state. */
  since: Date;
  /** When the rows were last known true: last frame, keep-alive or list. Absent if never. */
  asOf?: Date;
  /** When an event last told of an application. */
  lastEventAt?: Date;
  /** When all applications were last listed. */
  lastListAt?: Date;
  reason?: string;
  /** What threatens although all is well, such as a token that is about to expire. */
  notice?: string;
  /** Kind of the failure behind `stale` and `down`. */
  code?: ErrorCode;
  /** The rows are not everything there is: rights were reduced, or some could not be read. */
  incomplete?: Incomplete;
  /** When the rows were last known to be everything there is. */
  completeAt?: Date;
}

/** How far a time that another process gave may lie ahead of our clock. */
const skewMaxMs = 1_000;

/** Keeps the state of one cluster's feed and tells listeners when it changes. */
export class Feed {
  /** Since when this process watches the cluster for itself, while it does. */
  localSince?: Date;
  private current: FeedSnapshot;
  private readonly listeners = new Set<(feed: FeedSnapshot) => void>();
  private readonly touchListeners = new Set<() => void>();

  constructor(
    initial: FeedState = 'idle',
    private readonly now: () => Date = () => new Date(),
  ) {
    this.current = { state: initial, since: now() };
  }

  snapshot(): Readonly<FeedSnapshot> {
    return this.current;
  }

  /** True when rows that are not marked themselves are known to be true. */
  get isLive(): boolean {
    return followedStates.has(this.current.state);
  }

  /** A byte arrived or a list was complete: what we hold is true as of now, or of so long ago. */
  touch(by: 'event' | 'list' | 'keepalive' = 'keepalive', lagMs = 0): void {
    const now = this.now();
    const asOf = lagMs > 0 ? new Date(now.getTime() - lagMs) : now;
    let isNews = false;
    if (!this.current.asOf || asOf > this.current.asOf || lagMs === 0) isNews = this.note('asOf', asOf);
    if (by === 'event') isNews = this.note('lastEventAt', now) || isNews;
    if (by === 'list') isNews = this.note('lastListAt', now) || isNews;
    // Frames of a snapshot come by the dozen in a millisecond.
    if (isNews) for (const listener of this.touchListeners) listener();
  }

  /** Starts from what an earlier process left behind: how old the rows are, and what they lack. */
  remember({ asOf, incomplete, completeAt }: Pick<FeedSnapshot, 'asOf' | 'incomplete' | 'completeAt'>): void {
    if (this.current.asOf || !asOf) return;
    this.current = { ...this.current, asOf, incomplete, completeAt };
    for (const listener of this.touchListeners) listener();
  }

  markIncomplete(incomplete: FeedSnapshot['incomplete']): void {
    if (!incomplete) this.current.completeAt = this.now();
    if (this.current.incomplete?.message === incomplete?.message) return;
    this.current = { ...this.current, incomplete };
    this.tell();
  }

  move(state: FeedState, reason?: string, code?: ErrorCode): void {
    const changed = state !== this.current.state;
    if (!changed && reason === this.current.reason) return;
    this.current = { ...this.current, state, reason, code, since: changed ? this.now() : this.current.since };
    this.tell();
  }

  setNotice(notice: string | undefined): void {
    if (notice === this.current.notice) return;
    this.current = { ...this.current, notice };
    this.tell();
  }

  setSource(source: FeedSource): void {
    if (source === this.current.source) return;
    this.current = { ...this.current, source };
    this.localSince = source === 'local' ? this.now() : undefined;
    this.tell();
  }

  /**
   * Shows what the leader says of its feed. The leader's clock may go ahead of ours: nothing is shown as known in the
   * future.
   */
  adopt(said: Omit<FeedSnapshot, 'source'>): void {
    const before = this.current;
    const latest = this.now().getTime() + skewMaxMs;
    const notAfter = (time: Date | undefined) => (time && time.getTime() > latest ? new Date(latest) : time);
    this.current = { ...said, since: notAfter(said.since) ?? said.since, source: 'follower' };
    this.localSince = undefined;
    for (const field of ['asOf', 'lastEventAt', 'lastListAt', 'completeAt'] as const) {
      if (said[field]) this.current[field] = notAfter(said[field]);
    }
    const { state, reason, notice, code, incomplete, source } = this.current;
    const isSame =
      state === before.state &&
      reason === before.reason &&
      notice === before.notice &&
      code === before.code &&
      incomplete?.message === before.incomplete?.message &&
      source === before.source;
    if (!isSame) return this.tell();
    for (const listener of this.touchListeners) listener();
  }

  onChange(listener: (feed: FeedSnapshot) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Hears of every change of what a snapshot shows, `asOf` included: often. */
  onTouch(listener: () => void): () => void {
    this.touchListeners.add(listener);
    return () => this.touchListeners.delete(listener);
  }

  /** False when that is what it said before. */
  private note(field: 'asOf' | 'lastEventAt' | 'lastListAt', time: Date): boolean {
    if (this.current[field]?.getTime() === time.getTime()) return false;
    this.current[field] = time;
    return true;
  }

  private tell(): void {
    for (const listener of this.touchListeners) listener();
    for (const listener of [...this.listeners]) listener(this.current);
  }
}
