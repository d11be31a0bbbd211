import { Module, type DynamicModule } from '@nestjs/common';
import { DETAIL_CACHE, type DetailCache } from '../cache/detail-cache.js';
import { STORE, type Store } from '../cache/store.js';
import { CONFIG } from '../config/config.module.js';
import type { Config } from '../config/config.js';
import { Metrics, type BreakerState } from '../telemetry/metrics.js';
import type { Logger } from '../telemetry/logger.js';
import { ClusterModule } from './cluster.module.js';
import { Fleet } from './fleet.js';
import { FleetViews } from './fleet-views.js';
import type { ObserveRequest } from './guarded-api.js';

/** The fleet: opens one module per configured cluster and closes them with the program. */
@Module({})
export class FleetModule {
  static forRoot({ log }: { log: Logger }): DynamicModule {
    return {
      module: FleetModule,
      global: true,
      providers: [
        {
          provide: Fleet,
          inject: [CONFIG, STORE, Metrics],
          useFactory: async (config: Config, store: Store, metrics: Metrics): Promise<Fleet> => {
            const fleet = new Fleet();
            const { index } = fleet;
            for (const cluster of config.clusters) {
              const observe: ObserveRequest = (endpoint, outcome, seconds) =>
                metrics.upstreamRequested(cluster.name, endpoint, outcome, seconds);
              const observeBreaker = (state: BreakerState): void => metrics.breakerMoved(cluster.name, state);
              fleet.add(await ClusterModule.open(cluster, { index, store, log, observe, observeBreaker }));
            }
            metrics.readFeeds(() => fleet.clusters().map(({ name, feed }) => ({ cluster: name, ...feed.snapshot() })));
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
