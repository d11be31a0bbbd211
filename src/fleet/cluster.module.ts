import { Inject, Injectable, Module, type DynamicModule, type OnModuleDestroy } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { originOf } from '../cache/keys.js';
import type { DetailCache } from '../cache/detail-cache.js';
import type { Store } from '../cache/store.js';
import type { Logger } from '../telemetry/logger.js';
import { Cluster } from './cluster.js';
import { ClusterLink } from './cluster-link.js';
import type { ChangeFollowers } from './feed/change-followers.js';
import { Feed } from './feed/feed.js';
import type { Leadership, ReplicationTimings } from './feed/leadership.js';
import type { OpenCluster } from './open-cluster.js';
import type { ClusterRows } from './index/cluster-rows.js';
import type { FleetIndex } from './index/fleet-index.js';
import { LiveRefresh } from './feed/live-refresh.js';
import { noticedFacts, type ClusterFacts } from './cluster-facts.js';
import { Replica } from './feed/replica.js';
import type { Spread } from './feed/spread.js';
import { lineOf, linkOf } from './index/upstream-values.js';
import { Watcher } from './feed/watcher.js';

/** What every cluster gets from outside its module; all else is its own. */
export interface ClusterSurroundings {
  /** Of the whole fleet; every cluster opens its own rows in it and drops them when it is closed. */
  index: FleetIndex;
  store: Store;
  details: Pick<DetailCache, 'drop'>;
  /** Of the process: who watches which cluster. */
  leadership: Leadership;
  spread: Spread;
  followers: ChangeFollowers;
  timings: ReplicationTimings;
  /** All rows of a cluster were read anew from the store. */
  observeReload?: (cluster: string) => void;
  log: Logger;
}

const SURROUNDINGS = Symbol('store, log and metrics');

/** Rows and feed of one cluster, and what this process does to keep them true. */
@Injectable()
class Follower implements OnModuleDestroy {
  readonly cluster: Cluster;
  private readonly replica: Replica;
  private readonly rows: ClusterRows;
  private readonly feed = new Feed();
  private readonly facts: ClusterFacts;

  private stopping?: Promise<boolean>;

  constructor(
    @Inject(ClusterLink) private readonly link: ClusterLink,
    @Inject(SURROUNDINGS) private readonly surroundings: ClusterSurroundings,
  ) {
    const { index, log, observeReload, spread } = surroundings;
    const { name: cluster, url } = link.config;
    this.rows = index.open(cluster, (change) => this.replica.note(change));
    this.feed.onTouch(() => index.bump());
    this.facts = noticedFacts(() => index.bump());
    const { rows, feed, facts } = this;
    const shared = {
      ...{ cluster, rows, feed, index, log },
      probe: (signal: AbortSignal): Promise<void> => this.probe(signal),
      tokenLife: () => link.tokenLife(),
      // Asked for at every connection and every list: another configuration brings another client.
      get api() {
        return link.api;
      },
      get limits() {
        return link.config.limits;
      },
    };
    this.replica = new Replica({
      ...surroundings,
      ...{ key: { cluster, origin: originOf(url) }, rows, feed, facts },
      watch: () => new Watcher(shared, spread),
      onReload: () => observeReload?.(cluster),
    });
    const live = new LiveRefresh(shared);
    link.onFailure = () => this.replica.doubt();
    link.onReplaced = () => this.replica.renew();
    link.begin();
    this.cluster = new Cluster(link, rows, feed, facts, this.replica, live);
  }

  /** See `OpenCluster`. `forget`: what is kept of the cluster beside this process goes too. */
  stop({ forget = false }: { forget?: boolean } = {}): Promise<boolean> {
    this.stopping ??= this.end(forget);
    return this.stopping;
  }

  async onModuleDestroy(): Promise<void> {
    await this.stop();
  }

  private async end(forget: boolean): Promise<boolean> {
    const { index, details } = this.surroundings;
    const cluster = this.cluster.name;
    const isWritten = await this.replica.close({ forget });
    index.drop(cluster);
    if (forget) await details.drop(cluster);
    return isWritten;
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
   * Opens a cluster as an application context of its own. Contacts nobody. After `close` no socket, timer, watcher
   * or lease of it is left.
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
