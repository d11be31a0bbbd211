import type { ArgoCdApi } from '../argocd/argocd-api.js';
import type { ClusterConfig } from '../config/config.js';
import type { ErrorCode } from '../errors/catalogue.js';
import type { ClusterLink, HeldCluster } from './cluster-link.js';
import type { Feed } from './feed/feed.js';
import type { LiveRefresh } from './feed/live-refresh.js';
import { shownFeed, type ShownFeed } from './feed/shown-feed.js';
import type { ClusterRows } from './index/cluster-rows.js';
import type { Replica } from './feed/replica.js';
import type { ClusterFacts } from './cluster-facts.js';
import type { Scope } from './scope.js';

/** Why a cluster's rows cannot be taken as the whole present truth. */
export interface ClusterFailure extends ShownFeed, FailureReason {
  cluster: string;
  /** ISO 8601: when its rows were last known true. Absent if never. */
  lastSeenAt?: string;
  /** How many of its rows are shown as they were then. */
  staleRows: number;
}

interface FailureReason {
  code: ErrorCode;
  message: string;
}

/** A call that comes while a cluster is first read waits for it, at most until so long after the start. */
const seedGraceMs = 5_000;

/** One configured Argo CD instance of the fleet, as the rest of the program sees it. */
export class Cluster {
  private startedAtMs = 0;

  constructor(
    private readonly link: Pick<ClusterLink, 'config' | 'api' | 'hold'>,
    readonly rows: ClusterRows,
    readonly feed: Feed,
    readonly facts: ClusterFacts,
    private readonly replica: Pick<Replica, 'start'>,
    private readonly live: LiveRefresh,
  ) {}

  /** As it is now: another one may come at any time, with the same name and URL. */
  get config(): ClusterConfig {
    return this.link.config;
  }

  /** The client of now: ask again at each use, or `hold` it. */
  get api(): ArgoCdApi {
    return this.link.api;
  }

  /** For a job, which ends with the client it began with, whatever is configured meanwhile. */
  hold(): HeldCluster {
    return this.link.hold();
  }

  get name(): string {
    return this.config.name;
  }

  get labels(): Readonly<Record<string, string>> {
    return this.config.labels;
  }

  /** Starts to watch, or to follow the process that does; does nothing when it was started before. */
  start(): void {
    if (this.startedAtMs > 0) return;
    this.startedAtMs = Date.now();
    this.feed.move('seeding');
    this.replica.start();
  }

  /**
   * Starts if need be, and resolves when the first read has ended, one way or the other, or its time is up. A cluster
   * that hangs thus delays calls in its first seconds only.
   */
  async ready(signal: AbortSignal): Promise<void> {
    this.start();
    const left = this.startedAtMs + seedGraceMs - Date.now();
    if (this.feed.snapshot().state !== 'seeding' || left <= 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        stopListening();
        resolve();
      };
      const timer = setTimeout(done, left);
      signal.addEventListener('abort', done);
      const stopListening = this.feed.onChange(({ state }) => {
        if (state !== 'seeding') done();
      });
    });
  }

  /**
   * Asks the cluster itself, with one list that callers share, and takes over what differs from the rows; nothing that
   * came after the list was asked for is overruled. Works whether this process watches the cluster or follows.
   *
   * Throws `AppError` when it could not ask; `cluster_timeout` when the signal fires first.
   */
  refresh(signal: AbortSignal): Promise<void> {
    return this.live.refresh(signal);
  }

  /** Undefined when its rows are complete and true as of the last sign of life. */
  failure(scope: Scope): ClusterFailure | undefined {
    const { state, reason, code } = this.feed.snapshot();
    switch (state) {
      case 'live':
      case 'lagging':
      case 'polling':
      case 'access_reduced':
        return this.shortfall(scope);
      case 'idle':
      case 'seeding':
        return this.failed(scope, { code: 'cluster_not_ready', message: 'Still being read for the first time.' });
      case 'stale':
      case 'down':
        return this.failed(scope, { code: code ?? 'cluster_unreachable', message: reason ?? 'It does not answer.' });
    }
  }

  /** That its rows are not everything there is, however its feed fares. Undefined when they are. */
  shortfall(scope: Scope): ClusterFailure | undefined {
    const { incomplete, completeAt } = this.feed.snapshot();
    if (!incomplete) return undefined;
    const staleRows = this.rows.countUnconfirmed((project) => scope.project(project));
    return this.failureOf(incomplete, completeAt, staleRows);
  }

  /** That nothing is known of it now, for the reason that is given. */
  failed(scope: Scope, why: FailureReason): ClusterFailure {
    return this.failureOf(why, this.feed.snapshot().asOf, this.count(scope));
  }

  /** Rows that the scope sees. */
  count(scope: Scope): number {
    return this.rows.countSeen((project) => scope.project(project));
  }

  /** True when the row must be shown as stale. */
  isStale(row: Parameters<ClusterRows['isUnconfirmed']>[0]): boolean {
    return !this.feed.isLive || this.rows.isUnconfirmed(row);
  }

  private failureOf({ code, message }: FailureReason, seenAt: Date | undefined, staleRows: number): ClusterFailure {
    const lastSeenAt = seenAt && { lastSeenAt: seenAt.toISOString() };
    return { cluster: this.name, code, message, ...shownFeed(this.feed.snapshot()), ...lastSeenAt, staleRows };
  }
}
