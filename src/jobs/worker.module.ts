import { Global, Module, type DynamicModule } from '@nestjs/common';
import { Fleet } from '../fleet/fleet.js';
import type { Logger } from '../telemetry/logger.js';
import { JOB_HANDLER } from './job-queue.js';
import { createSyncHandler } from './sync-job.js';

/** How long a job waits for a cluster that this process does not know yet. */
const patienceMs = 120_000;

/** Gives `JOB_HANDLER`: what a worker does with a job, on the fleet's clusters. */
@Global()
@Module({})
export class WorkerModule {
  static forRoot({ log }: { log: Logger }): DynamicModule {
    return {
      module: WorkerModule,
      providers: [
        {
          provide: JOB_HANDLER,
          inject: [Fleet],
          useFactory: (fleet: Fleet) =>
            createSyncHandler({ cluster: (name, signal) => fleet.hold(name, { signal, patienceMs }), log }),
        },
      ],
      exports: [JOB_HANDLER],
    };
  }
}
