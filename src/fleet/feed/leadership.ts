import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { ClusterKey, Lease, Store, StoredFeed } from '../../cache/store.js';
import { AppError } from '../../errors/app-error.js';
import type { Logger } from '../../telemetry/logger.js';

/** When who takes over. */
export interface ReplicationTimings {
  /** How long a lease lasts without being renewed. */
  ttlMs: number;
  /** Between two looks at the store, before jitter. */
  tickMs: number;
  /** What another process said of a feed counts as true for so long. */
  trustMs: number;
  /** After so long without the store, before jitter, a follower watches by itself. */
  localAfterMs: number;
}

export const replicationTimings: ReplicationTimings = {
  ttlMs: 5_000,
  tickMs: 1_250,
  trustMs: 10_000,
  localAfterMs: 15_000,
};

/** So much before its end a lease is no longer relied on. */
const leaseMarginMs = 250;

/** One cluster of this process, that may lead. */
export interface Candidate {
  readonly key: ClusterKey;
  /** It has a stream of its own: the first to lead when nobody does. */
  readonly isWatching: boolean;
  /** What it says of its feed, JSON. */
  published(): string;
  /** It leads until `endsAtMs` (of `performance.now()`). */
  won(lease: Lease, endsAtMs: number): void;
  renewed(endsAtMs: number): void;
  lost(lease: Lease): void;
  /** It does not lead; what the store knows. */
  seen(stored: StoredFeed): void;
  /** The store does not answer, or takes nothing. */
  away(): void;
}

/**
 * Holds the leases of all clusters that this process leads, looks who leads the others, and takes what nobody leads: one
 * ticker for all of them, with a few round trips each time. Time is measured, never read off a clock: clocks of replicas
 * differ.
 */
export class Leadership {
  /** Who this process is, for other replicas. */
  readonly holder = randomUUID().slice(0, 8);
  private readonly candidates = new Map<Candidate, Lease | undefined>();
  private timer?: NodeJS.Timeout;
  private taking?: Promise<void>;
  private cameBackAtMs = -Infinity;
  private isAway = false;

  constructor(
    private readonly store: Store,
    private readonly timings: ReplicationTimings,
    private readonly log: Logger,
  ) {}

  join(candidate: Candidate): void {
    this.candidates.set(candidate, undefined);
    // Those who join together are looked after together.
    this.schedule(0);
  }

  /** Lets go of what belongs to it. The lease, if any, is the caller's to give back. */
  leave(candidate: Candidate): Lease | undefined {
    const lease = this.candidates.get(candidate);
    this.candidates.delete(candidate);
    if (this.candidates.size > 0) return lease;
    clearTimeout(this.timer);
    this.timer = undefined;
    return lease;
  }

  private schedule(ms: number): void {
    if (this.timer && ms > 0) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.tick().finally(() => {
        if (this.candidates.size > 0) this.schedule(this.timings.tickMs * (0.8 + Math.random() * 0.4));
      });
    }, ms).unref();
  }

  private async tick(): Promise<void> {
    try {
      await this.renew();
      const free = await this.look();
      if (this.isAway) this.cameBackAtMs = performance.now();
      this.isAway = false;
      if (free.length > 0) this.taking ??= this.take(free).finally(() => (this.taking = undefined));
    } catch (error) {
      // The connection says in the log that it is broken; anything else is a mistake of ours.
      if (AppError.from(error).code !== 'unavailable') this.log.error({ err: error }, 'leases cannot be looked after');
      this.isAway = true;
      for (const candidate of [...this.candidates.keys()]) candidate.away();
    }
  }

  private async renew(): Promise<void> {
    const held = [...this.candidates].flatMap(([candidate, lease]) => (lease ? [{ candidate, lease }] : []));
    const sentAtMs = performance.now();
    const kept = await this.store.renew(
      held.map(({ candidate, lease }) => ({ lease, state: candidate.published() })),
      this.timings.ttlMs,
    );
    for (const [i, { candidate, lease }] of held.entries()) {
      if (this.candidates.get(candidate) !== lease) continue;
      if (kept[i]) candidate.renewed(sentAtMs + this.timings.ttlMs - leaseMarginMs);
      else this.lose(candidate, lease);
    }
  }

  /** A write was refused: the lease is gone. */
  lose(candidate: Candidate, lease: Lease): void {
    if (this.candidates.get(candidate) !== lease) return;
    this.candidates.set(candidate, undefined);
    this.log.warn({ cluster: lease.key.cluster, fence: lease.fence }, 'this replica leads the cluster no longer');
    candidate.lost(lease);
  }

  /** Tells those who do not lead what the store knows; gives those that nobody leads. */
  private async look(): Promise<Candidate[]> {
    const others = [...this.candidates].flatMap(([candidate, lease]) => (lease ? [] : [candidate]));
    const looks = await this.store.look(others.map(({ key }) => key));
    const free: Candidate[] = [];
    const orphaned: Lease[] = [];
    for (const [i, candidate] of others.entries()) {
      const stored = looks[i] ?? {};
      // Won by us, with an answer that we never got.
      const isOurs = stored.leader?.holder === this.holder;
      if (this.candidates.get(candidate) || !this.candidates.has(candidate)) continue;
      if (isOurs && !this.taking) orphaned.push({ key: candidate.key, ...stored.leader! });
      if (!stored.leader) free.push(candidate);
      if (!isOurs) candidate.seen(stored);
    }
    if (orphaned.length > 0) await this.store.release(orphaned);
    return free;
  }

  /**
   * Takes leases that nobody has. Who has a stream goes first, and who leads few clusters before who leads many; a few at
   * a time, so that replicas that start together share the clusters, and no process opens a hundred streams at once.
   */
  private async take(free: readonly Candidate[]): Promise<void> {
    const { store, timings } = this;
    const isAlone = store.kind === 'embedded';
    const ready = free.filter(({ isWatching }) => isWatching || isAlone);
    await this.acquire(ready);
    // After an outage those whose streams went on come first.
    if (performance.now() - this.cameBackAtMs < 2 * timings.tickMs) return;
    const rest = shuffled(free.filter((candidate) => !ready.includes(candidate)));
    const atOnce = Math.max(1, Math.ceil(rest.length / 10));
    for (let start = 0; start < rest.length; start += atOnce) {
      await pause(Math.random() * 100 + 300 * this.share(), undefined, { ref: false });
      await this.acquire(rest.slice(start, start + atOnce));
    }
  }

  private async acquire(wanted: readonly Candidate[]): Promise<void> {
    const candidates = wanted.filter((candidate) => this.candidates.has(candidate) && !this.candidates.get(candidate));
    if (candidates.length === 0) return;
    const sentAtMs = performance.now();
    const keys = candidates.map(({ key }) => key);
    const leases = await this.store.acquire(keys, this.holder, this.timings.ttlMs).catch(() => undefined);
    if (!leases) return candidates.forEach((candidate) => candidate.away());
    const gone: Lease[] = [];
    for (const [i, candidate] of candidates.entries()) {
      const lease = leases[i];
      if (!lease) continue;
      if (!this.candidates.has(candidate)) gone.push(lease);
      else {
        this.candidates.set(candidate, lease);
        this.log.info({ cluster: lease.key.cluster, fence: lease.fence }, 'this replica leads the cluster');
        candidate.won(lease, sentAtMs + this.timings.ttlMs - leaseMarginMs);
      }
    }
    if (gone.length > 0) await this.store.release(gone).catch(() => undefined);
  }

  /** Which part of the clusters this process leads. */
  private share(): number {
    const led = [...this.candidates.values()].filter(Boolean).length;
    return led / Math.max(1, this.candidates.size);
  }
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
