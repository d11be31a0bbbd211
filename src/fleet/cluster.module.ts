import { Inject, Injectable, Module, type DynamicModule, type OnModuleDestroy } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { DetailCache } from '../cache/detail-cache.js';
import type { Store } from '../cache/store.js';
import type { Logger } from '../telemetry/logger.js';
import { Cluster, type InstanceFacts } from './cluster.js';
import { ClusterLink } from './cluster-link.js';
import { Feed } from './feed/feed.js';
import type { OpenCluster } from './fleet.js';
import type { ClusterRows } from './index/cluster-rows.js';
import type { FleetIndex } from './index/fleet-index.js';
import { LiveRefresh } from './feed/live-refresh.js';
import { StoreWriter } from './feed/store-writer.js';
import { lineOf, linkOf } from './index/upstream-values.js';
import { Watcher } from './feed/watcher.js';

/** What every cluster gets from outside its module; all else is its own. */
export interface ClusterSurroundings {
  /** Of the whole fleet; every cluster opens its own rows in it and drops them when it is closed. */
  index: FleetIndex;
  store: Store;
  details: Pick<DetailCache, 'drop'>;
  log: Logger;
}

const SURROUNDINGS = Symbol('store, log and metrics');

/** Rows, feed and watcher of one cluster. */
@Injectable()
class Follower implements OnModuleDestroy {
  readonly cluster: Cluster;
  private readonly watcher: Watcher;
  private readonly writer: StoreWriter;
  private readonly rows: ClusterRows;
  private readonly feed = new Feed();
  private readonly facts: InstanceFacts = {};

  private stopping?: Promise<void>;

  constructor(
    @Inject(ClusterLink) private readonly link: ClusterLink,
    @Inject(SURROUNDINGS) private readonly surroundings: ClusterSurroundings,
  ) {
    const { index, store, log } = surroundings;
    const { name: cluster } = link.config;
    this.rows = index.open(cluster, (change) => this.writer.note(change));
    this.feed.onTouch(() => index.bump());
    this.writer = new StoreWriter({ cluster, store, log, rows: this.rows, memo: () => this.memo() });
    const { rows, feed } = this;
    const shared = {
      ...{ cluster, rows, feed, index, log },
      probe: (signal: AbortSignal): Promise<void> => this.probe(signal),
      // Asked for at every connection and every list: another configuration brings another client.
      get api() {
        return link.api;
      },
      get limits() {
        return link.config.limits;
      },
    };
    this.watcher = new Watcher(shared);
    const live = new LiveRefresh(shared);
    link.onFailure = () => this.watcher.doubt();
    link.onReplaced = () => this.watcher.renew();
    link.begin();
    this.cluster = new Cluster(link, rows, feed, this.facts, this.watcher, () => this.warmUp(), live);
  }

  /** See `OpenCluster`. `forget`: what is kept of the cluster beside this process goes too. */
  stop({ forget = false }: { forget?: boolean } = {}): Promise<void> {
    this.stopping ??= this.end(forget);
    return this.stopping;
  }

  async onModuleDestroy(): Promise<void> {
    await this.stop();
  }

  private async end(forget: boolean): Promise<void> {
    const { index, store, details, log } = this.surroundings;
    const cluster = this.cluster.name;
    await this.watcher.stop();
    await this.writer.close();
    index.drop(cluster);
    if (!forget) return;
    await details.drop(cluster);
    await store
      .drop(cluster)
      .catch((error: unknown) => log.warn({ cluster, err: error }, 'its rows stay in the store'));
  }

  private memo() {
    const { asOf } = this.feed.snapshot();
    return asOf && { asOf: asOf.toISOString(), ...(this.facts.version ? { version: this.facts.version } : {}) };
  }

  /** Starts with what an earlier process knew, as epoch 0: any stream is newer. */
  private async warmUp(): Promise<void> {
    const { store, log } = this.surroundings;
    const { name: cluster } = this.cluster;
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
    const { api } = this.link;
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
  static forCluster(link: ClusterLink, surroundings: ClusterSurroundings): DynamicModule {
    return {
      module: ClusterModule,
      providers: [
        { provide: ClusterLink, useValue: link },
        { provide: SURROUNDINGS, useValue: surroundings },
        Follower,
      ],
    };
  }

  /**
   * Opens a cluster as an application context of its own. Contacts nobody. After `close` no socket, timer or watcher
   * of it is left.
   */
  static async open(link: ClusterLink, surroundings: ClusterSurroundings): Promise<OpenCluster> {
    const context = await NestFactory.createApplicationContext(ClusterModule.forCluster(link, surroundings), {
      logger: false,
      abortOnError: false,
    });
    const follower = context.get(Follower);
    return { cluster: follower.cluster, link, stop: (options) => follower.stop(options), close: () => context.close() };
  }
}
