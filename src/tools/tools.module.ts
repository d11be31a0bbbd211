import { Module, type DynamicModule } from '@nestjs/common';
import { LiveConfig } from '../config/live-config.js';
import { Fleet } from '../fleet/fleet.js';
import { FleetViews } from '../fleet/fleet-views.js';
import { JOB_QUEUE, type JobQueue } from '../jobs/job-queue.js';
import { Jobs } from '../jobs/jobs.js';
import type { Logger } from '../telemetry/logger.js';
import { Metrics } from '../telemetry/metrics.js';
import { AnswerCache } from './answer-cache.js';
import { catalog } from './catalog/index.js';
import { ToolRunner } from './tool-runner.js';

/** The gate over the catalog, with the fleet and the jobs behind it. */
@Module({})
export class ToolsModule {
  static forRoot({ log }: { log: Logger }): DynamicModule {
    return {
      module: ToolsModule,
      global: true,
      providers: [
        {
          provide: ToolRunner,
          inject: [LiveConfig, Fleet, FleetViews, JOB_QUEUE, Metrics],
          useFactory: (live: LiveConfig, fleet: Fleet, views: FleetViews, queue: JobQueue, metrics: Metrics) =>
            new ToolRunner({
              tools: catalog,
              contextFor: (caller, { signal, progress }) => {
                const view = views.of(caller.scope);
                const jobs = new Jobs(queue, caller.scope, (name) => view.clusterLabels(name));
                return { fleet: view, jobs, caller, signal, progress };
              },
              get readOnly() {
                return live.current.server.readOnly;
              },
              answers: new AnswerCache(fleet.index),
              log,
              metrics,
            }),
        },
      ],
      exports: [ToolRunner],
    };
  }
}
