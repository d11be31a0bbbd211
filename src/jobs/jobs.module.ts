import { type DynamicModule, Inject, Module, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { CHANGE_LOG, type ChangeLog } from '../cache/change-log.js';
import type { Logger } from '../telemetry/logger.js';
import { Metrics } from '../telemetry/metrics.js';
import { BullmqQueue } from './bullmq-queue.js';
import { EmbeddedQueue } from './embedded-queue.js';
import { MeasuredQueue } from './measured-queue.js';
import { JOB_HANDLER, JOB_QUEUE, type JobHandler, type JobMoved, type JobQueue } from './job-queue.js';
import { toPublicJob } from './jobs.js';

export interface JobsOptions {
  /** Of the Redis; absent: embedded. */
  url?: string;
  keyPrefix: string;
  /** `api` adds jobs and reads them, `worker` does them, `all` both. */
  role: 'api' | 'worker' | 'all';
  /** Jobs that this process does at once. */
  concurrency: number;
  /** How long running jobs may go on when the program stops. Default 10000. */
  graceMs?: number;
  log: Logger;
}

const OPTIONS = Symbol('options of the job queue');

/**
 * Gives `JOB_QUEUE` to the whole application. With a worker's role it takes jobs once the application has started, and
 * runs the application's `JOB_HANDLER` on them. Import it after the fleet's module: Nest destroys modules in reverse
 * order, and running jobs need the fleet until they have ended.
 *
 * `@nestjs/bullmq` is not used: its decorators and processors know neither records of ours nor an embedded queue, and
 * its shutdown waits for jobs instead of handing them over.
 */
@Module({})
export class JobsModule implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(
    @Inject(JOB_QUEUE) private readonly queue: JobQueue,
    @Inject(OPTIONS) private readonly options: JobsOptions,
    @Inject(ModuleRef) private readonly moduleRef: ModuleRef,
  ) {}

  static forRoot(options: JobsOptions): DynamicModule {
    const { url, keyPrefix, log } = options;
    return {
      module: JobsModule,
      global: true,
      providers: [
        { provide: OPTIONS, useValue: options },
        {
          provide: JOB_QUEUE,
          inject: [Metrics, CHANGE_LOG],
          useFactory: (metrics: Metrics, changes: ChangeLog): JobQueue => {
            const moved: JobMoved = (job) =>
              changes.noteJob({ cluster: job.cluster, project: job.project, job: toPublicJob(job) });
            return new MeasuredQueue(
              url ? new BullmqQueue({ url, keyPrefix, log, moved }) : new EmbeddedQueue({ log, moved }),
              (kind, state) => metrics.jobMoved(kind, state),
            );
          },
        },
      ],
      exports: [JOB_QUEUE],
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    const { role, concurrency } = this.options;
    if (role === 'api') return;
    await this.queue.work(this.moduleRef.get<JobHandler>(JOB_HANDLER, { strict: false }), { concurrency });
  }

  async onModuleDestroy(): Promise<void> {
    await this.queue.close({ graceMs: this.options.graceMs ?? 10_000 });
  }
}
