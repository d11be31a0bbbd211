import { Module, type DynamicModule } from '@nestjs/common';
import { STORE, type Store } from '../cache/store.js';
import { CONFIG } from '../config/config.module.js';
import type { Config } from '../config/config.js';
import { Metrics } from '../telemetry/metrics.js';
import type { Logger } from '../telemetry/logger.js';
import { ClusterModule } from './cluster.module.js';
import { Fleet } from './fleet.js';

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
            for (const cluster of config.clusters) {
              const observe = metrics.upstreamObserver(cluster.name);
              fleet.add(await ClusterModule.open(cluster, { store, log, observe }));
            }
            return fleet;
          },
        },
      ],
      exports: [Fleet],
    };
  }
}
