import { Module, type DynamicModule } from '@nestjs/common';
import { CHANGE_LOG, type ChangeLog } from '../cache/change-log.js';
import { DETAIL_CACHE, type DetailCache } from '../cache/detail-cache.js';
import { STORE, type Store } from '../cache/store.js';
import { LiveConfig } from '../config/live-config.js';
import { Metrics, type BreakerState } from '../telemetry/metrics.js';
import type { Logger } from '../telemetry/logger.js';
import { applicationCounts } from './application-counts.js';
import { ClusterLink } from './cluster-link.js';
import { ClusterModule } from './cluster.module.js';
import { ChangeFollowers } from './feed/change-followers.js';
import { Leadership, replicationTimings, type ReplicationTimings } from './feed/leadership.js';
import { Spread } from './feed/spread.js';
import { Fleet } from './fleet.js';
import { FleetViews } from './fleet-views.js';
import { FleetIndex } from './index/fleet-index.js';
import type { InstanceOptions } from './instance.js';

export interface FleetOptions {
  log: Logger;
  /** For tests. */
  replication?: Partial<ReplicationTimings>;
}

/** The fleet: opens one module per configured cluster and closes them with the program. */
@Module({})
export class FleetModule {
  static forRoot({ log, replication }: FleetOptions): DynamicModule {
    const timings = { ...replicationTimings, ...replication };
    return {
      module: FleetModule,
      global: true,
      providers: [
        {
          provide: Fleet,
          inject: [LiveConfig, STORE, CHANGE_LOG, DETAIL_CACHE, Metrics],
          useFactory: async (
            live: LiveConfig,
            store: Store,
            changes: ChangeLog,
            details: DetailCache,
            metrics: Metrics,
          ): Promise<Fleet> => {
            const index = new FleetIndex();
            const leadership = new Leadership(store, timings, log);
            const followers = new ChangeFollowers(changes, store);
            const observeReload = (cluster: string): void => metrics.feedReloaded(cluster);
            const spread = new Spread();
            const common = { index, store, details, leadership, spread, followers, timings, observeReload, log };
            const fleet = new Fleet(index, {
              link: (config) => new ClusterLink(config, { log, ...observersOf(config.name, metrics) }),
              open: (link) => ClusterModule.open(link, common),
              forget: (name) => metrics.forgetCluster(name),
              leftUnwritten: (clusters) =>
                log.warn({ clusters }, 'the store did not take the last changes; whoever leads next reads them anew'),
            });
            metrics.readFeeds(() => fleet.clusters().map(({ name, feed }) => ({ cluster: name, ...feed.snapshot() })));
            metrics.readApplications(() => applicationCounts(fleet.clusters()));
            await (await fleet.prepare(live.current)).commit();
            live.join(fleet);
            return fleet;
          },
        },
        {
          provide: FleetViews,
          inject: [Fleet, DETAIL_CACHE],
          useFactory: (fleet: Fleet, details: DetailCache) => new FleetViews(fleet, details),
        },
      ],
      exports: [Fleet, FleetViews],
    };
  }
}

const observersOf = (cluster: string, metrics: Metrics): Pick<InstanceOptions, 'observe' | 'observeBreaker'> => ({
  observe: (endpoint, outcome, seconds) => metrics.upstreamRequested(cluster, endpoint, outcome, seconds),
  observeBreaker: (state: BreakerState) => metrics.breakerMoved(cluster, state),
});
