import { Inject, Injectable, Module, type DynamicModule, type OnModuleDestroy } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ArgoCdClient } from '../argocd/client.js';
import type { Store } from '../cache/store.js';
import type { ClusterConfig } from '../config/config.js';
import { openSecret, type SecretHandle } from '../config/secrets.js';
import { readTlsFiles } from '../config/tls-files.js';
import type { Logger } from '../telemetry/logger.js';
import type { BreakerState } from '../telemetry/metrics.js';
import { Cluster, type InstanceFacts } from './cluster.js';
import { Feed } from './feed/feed.js';
import type { OpenCluster } from './fleet.js';
import type { ClusterRows } from './index/cluster-rows.js';
import type { FleetIndex } from './index/fleet-index.js';
import { GuardedApi, type ObserveRequest } from './guarded-api.js';
import { LiveRefresh } from './feed/live-refresh.js';
import { StoreWriter } from './feed/store-writer.js';
import { lineOf, linkOf } from './index/upstream-values.js';
import { Watcher } from './feed/watcher.js';

/** What every cluster gets from outside its module; all else is its own. */
export interface ClusterSurroundings {
  /** Of the whole fleet; every cluster opens its own rows in it and drops them when it is closed. */
  index: FleetIndex;
  store: Store;
  log: Logger;
  /** For metrics of upstream requests. */
  observe?: ObserveRequest;
  observeBreaker?: (state: BreakerState) => void;
}

/** Requests made for callers and jobs; the watcher's own tell it by themselves. */
const endpointsOfCalls = new Set(['get', 'sync', 'terminate']);
const outcomesOfDoubt = new Set(['cluster_refused', 'cluster_unreachable', 'cluster_timeout']);

const CLUSTER_CONFIG = Symbol('configuration of this cluster');
const SURROUNDINGS = Symbol('store, log and metrics');

/** Credentials, connection pool and client of one cluster. */
@Injectable()
class Instance implements OnModuleDestroy {
  readonly secret: SecretHandle;
  readonly client: ArgoCdClient;
  readonly api: GuardedApi;
  /** Called when a request that somebody made came to nothing. */
  onFailure: () => void = () => {};

  constructor(@Inject(CLUSTER_CONFIG) config: ClusterConfig, @Inject(SURROUNDINGS) surroundings: ClusterSurroundings) {
    const { log, observe, observeBreaker } = surroundings;
    this.secret = openSecret(config.token, { log });
    this.client = new ArgoCdClient({
      baseUrl: config.url,
      credentials: this.secret,
      headers: config.headers,
      tls: readTlsFiles(config.tls),
      limits: config.limits,
    });
    const noticed: ObserveRequest = (endpoint, outcome, seconds) => {
      observe?.(endpoint, outcome, seconds);
      if (endpointsOfCalls.has(endpoint) && outcomesOfDoubt.has(outcome)) this.onFailure();
    };
    this.api = new GuardedApi(this.client, config.limits, noticed, observeBreaker);
  }

  async onModuleDestroy(): Promise<void> {
    await this.client.close();
    this.secret.close();
  }
}

/** Rows, feed and watcher of one cluster. */
@Injectable()
class Follower implements OnModuleDestroy {
  readonly cluster: Cluster;
  private readonly watcher: Watcher;
  private readonly writer: StoreWriter;
  private readonly rows: ClusterRows;
  private readonly feed = new Feed();
  private readonly facts: InstanceFacts = {};

  constructor(
    @Inject(CLUSTER_CONFIG) private readonly config: ClusterConfig,
    @Inject(SURROUNDINGS) private readonly surroundings: ClusterSurroundings,
    @Inject(Instance) private readonly instance: Instance,
  ) {
    const { index, store, log } = surroundings;
    const { name: cluster, limits } = config;
    this.rows = index.open(cluster, (change) => this.writer.note(change));
    this.feed.onTouch(() => index.bump());
    this.writer = new StoreWriter({ cluster, store, log, rows: this.rows, memo: () => this.memo() });
    const { rows, feed } = this;
    const { api } = instance;
    instance.onFailure = () => this.watcher.doubt();
    this.watcher = new Watcher({ cluster, api, rows, feed, limits, log, probe: (signal) => this.probe(signal) });
    const live = new LiveRefresh({ cluster, api, rows, feed, index });
    this.cluster = new Cluster(config, api, rows, feed, this.facts, this.watcher, () => this.warmUp(), live);
  }

  async onModuleDestroy(): Promise<void> {
    await this.watcher.stop();
    await this.writer.close();
    this.surroundings.index.drop(this.config.name);
  }

  private memo() {
    const { asOf } = this.feed.snapshot();
    return asOf && { asOf: asOf.toISOString(), ...(this.facts.version ? { version: this.facts.version } : {}) };
  }

  /** Starts with what an earlier process knew, as epoch 0: any stream is newer. */
  private async warmUp(): Promise<void> {
    const { store, log } = this.surroundings;
    const cluster = this.config.name;
    try {
      const { rows, memo, unreadable } = await store.load(cluster);
      for (const row of rows) this.rows.upsert(row, 0);
      if (memo) this.feed.remember(new Date(memo.asOf));
      if (memo?.version) this.facts.version ??= memo.version;
      if (unreadable > 0) log.warn({ cluster, unreadable }, 'rows in the store could not be read and were left out');
    } catch (error) {
      log.warn({ cluster, err: error }, 'store cannot be read; starting without remembered rows');
    }
  }

  private async probe(signal: AbortSignal): Promise<void> {
    const { api } = this.instance;
    const [version, settings] = await Promise.allSettled([api.version({ signal }), api.settings({ signal })]);
    if (version.status === 'fulfilled') this.facts.version = lineOf(version.value.Version, 64) ?? this.facts.version;
    if (settings.status === 'fulfilled') this.facts.uiUrl = linkOf(settings.value.url) ?? this.facts.uiUrl;
  }
}

/**
 * One configured Argo CD instance: its own client, credentials, connection pool, breaker, limits, rows and watcher, so
 * that nothing of a sick cluster is held in common with a healthy one.
 */
@Module({})
export class ClusterModule {
  static forCluster(config: ClusterConfig, surroundings: ClusterSurroundings): DynamicModule {
    return {
      module: ClusterModule,
      providers: [
        { provide: CLUSTER_CONFIG, useValue: config },
        { provide: SURROUNDINGS, useValue: surroundings },
        Instance,
        Follower,
      ],
    };
  }

  /**
   * Opens a cluster as an application context of its own. Contacts nobody. After `close` no socket, timer or watcher
   * of it is left.
   */
  static async open(config: ClusterConfig, surroundings: ClusterSurroundings): Promise<OpenCluster> {
    const context = await NestFactory.createApplicationContext(ClusterModule.forCluster(config, surroundings), {
      logger: false,
      abortOnError: false,
    });
    return { cluster: context.get(Follower).cluster, close: () => context.close() };
  }
}
