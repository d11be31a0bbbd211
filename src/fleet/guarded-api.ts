import {
  BrokenCircuitError,
  BulkheadRejectedError,
  CircuitState,
  ConsecutiveBreaker,
  bulkhead,
  circuitBreaker,
  handleWhen,
  wrap,
  type BulkheadPolicy,
  type CircuitBreakerPolicy,
  type IPolicy,
} from 'cockatiel';
import type {
  ApplicationRef,
  ArgoCdApi,
  CallOptions,
  ListOptions,
  SyncRequest,
  WatchSignal,
} from '../argocd/argocd-api.js';
import type { ListEnd } from '../argocd/list.js';
import type { Application, RevisionMetadata, Settings, UserInfo, Version } from '../argocd/schemas.js';
import { AppError } from '../errors/app-error.js';
import type { BreakerState } from '../telemetry/metrics.js';
import { OneAtATime } from './one-at-a-time.js';

const failuresToOpen = 5;
const openMs = 10_000;
const queueMax = 200;

const breakerStates: Record<CircuitState, BreakerState> = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.HalfOpen]: 'half_open',
  [CircuitState.Open]: 'open',
  [CircuitState.Isolated]: 'open',
};

/** What a request to a cluster came to, for metrics. */
export type ObserveRequest = (endpoint: string, outcome: string, seconds: number) => void;

/**
 * The cluster's client behind its own limit of concurrent requests and its own breaker, so that a sick cluster costs
 * the others nothing and answers at once while it is known to be sick. One list at a time. Streams pass: they have one connection each and
 * are how a cluster's recovery is noticed.
 *
 * Errors: as ArgoCdApi; with `details.reason: 'breaker_open'` the last outage's when the cluster was not asked.
 */
export class GuardedApi implements ArgoCdApi {
  private readonly breaker: CircuitBreakerPolicy;
  private readonly limit: BulkheadPolicy;
  private readonly policy: IPolicy;
  /** What the breaker opened for, to say so while it is open. */
  private lastOutage?: AppError;
  private underWay = 0;
  private tellIdle: () => void = () => {};

  constructor(
    private readonly api: ArgoCdApi,
    options: { concurrentRequests: number },
    private readonly observe: ObserveRequest = () => {},
    observeBreaker: (state: BreakerState) => void = () => {},
    /** A list is the dearest thing to ask for: however many want one of a cluster, Argo CD makes one at a time. */
    private readonly oneList = new OneAtATime(),
  ) {
    this.breaker = circuitBreaker(handleWhen(isOutage), {
      halfOpenAfter: openMs,
      breaker: new ConsecutiveBreaker(failuresToOpen),
    });
    this.breaker.onStateChange((state) => observeBreaker(breakerStates[state]));
    this.limit = bulkhead(options.concurrentRequests, queueMax);
    this.policy = wrap(this.breaker, this.limit);
  }

  /** Resolves when no request is under way or waiting; streams do not count. */
  async idle(): Promise<void> {
    while (this.underWay > 0) await new Promise<void>((resolve) => (this.tellIdle = resolve));
  }

  version(options?: CallOptions): Promise<Version> {
    return this.ask('version', () => this.api.version(options));
  }
  settings(options?: CallOptions): Promise<Settings> {
    return this.ask('settings', () => this.api.settings(options));
  }
  userInfo(options?: CallOptions): Promise<UserInfo> {
    return this.ask('user_info', () => this.api.userInfo(options));
  }
  canI(resource: string, action: string, object: string, options?: CallOptions): Promise<boolean> {
    return this.ask('can_i', () => this.api.canI(resource, action, object, options));
  }
  listEach(options: ListOptions, take: (application: Application) => void): Promise<ListEnd> {
    return this.oneList.run(() => this.ask('list', () => this.api.listEach(options, take)), options.signal);
  }
  get(ref: ApplicationRef, options?: Parameters<ArgoCdApi['get']>[1]): Promise<Application> {
    return this.ask('get', () => this.api.get(ref, options));
  }
  revisionMetadata(
    ref: ApplicationRef,
    revision: string,
    options?: Parameters<ArgoCdApi['revisionMetadata']>[2],
  ): Promise<RevisionMetadata> {
    return this.ask('revision_metadata', () => this.api.revisionMetadata(ref, revision, options));
  }
  sync(ref: ApplicationRef, request: SyncRequest, options?: CallOptions): Promise<Application> {
    return this.ask('sync', () => this.api.sync(ref, request, options));
  }
  terminate(ref: ApplicationRef, options?: CallOptions): Promise<void> {
    return this.ask('terminate', () => this.api.terminate(ref, options));
  }
  watch(options: Parameters<ArgoCdApi['watch']>[0]): AsyncIterable<WatchSignal> {
    return this.api.watch(options);
  }

  private async ask<T>(endpoint: string, call: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    let outcome = 'ok';
    this.underWay++;
    try {
      return await this.policy.execute(call);
    } catch (error) {
      const translated = translate(error, this.lastOutage);
      if (isOutage(error)) this.lastOutage = translated;
      outcome = translated.details['reason'] === 'breaker_open' ? 'breaker_open' : translated.code;
      throw translated;
    } finally {
      if (--this.underWay === 0) this.tellIdle();
      this.observe(endpoint, outcome, (performance.now() - startedAt) / 1000);
    }
  }
}

/**
 * An error in Argo CD's own form proves that it is there: a bad selector answered with 500 must not shut the cluster
 * off for everybody. 14 is its word for "unavailable".
 */
function isOutage(error: unknown): boolean {
  if (!(error instanceof AppError)) return false;
  if (error.code !== 'cluster_unreachable' && error.code !== 'cluster_timeout') return false;
  const { upstreamCode } = error.details;
  return upstreamCode === undefined || upstreamCode === 14;
}

function translate(error: unknown, lastOutage: AppError | undefined): AppError {
  if (error instanceof BrokenCircuitError) {
    return new AppError(
      lastOutage?.code ?? 'cluster_unreachable',
      `${lastOutage?.message ?? 'The cluster does not answer.'} It failed ${failuresToOpen} times in a row and is asked again in up to ${openMs / 1000} s.`,
      { reason: 'breaker_open' },
    );
  }
  if (error instanceof BulkheadRejectedError) {
    return new AppError('cluster_timeout', 'Too many requests to this cluster are waiting already.', {
      reason: 'too_many_requests',
    });
  }
  return AppError.from(error);
}
