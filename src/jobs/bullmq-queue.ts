import type { Redis } from 'ioredis';
import { jobKeys } from '../cache/keys.js';
import { openRedis } from '../cache/redis-connection.js';
import { AppError } from '../errors/app-error.js';
import type { Logger } from '../telemetry/logger.js';
import { BullmqWorker, workerTimes, type WorkerTimes } from './bullmq-worker.js';
import { JobChanges } from './job-changes.js';
import { JobDelivery } from './job-delivery.js';
import { inProgress } from './job-end.js';
import type { AddedJob, JobHandler, JobMoved, JobQueue } from './job-queue.js';
import { JobRecords } from './job-records.js';
import type { JobRecord } from './job.js';
import { waitForEnd, type WatchedJobs } from './wait-for-end.js';

export interface BullmqQueueOptions {
  /** Of the Redis; never logged. */
  url: string;
  keyPrefix: string;
  log: Logger;
  /** Hears of every change that this process wrote, once it is written. */
  moved?: JobMoved;
  /** For tests that cannot wait so long. */
  times?: Partial<WorkerTimes>;
}

/**
 * Durable jobs on Redis. Four parts: records (`JobRecords`: the truth, the lock of each application), delivery and
 * worker (BullMQ, ids alone), and announcements of changes (`JobChanges`). A job is accepted when its record is
 * written; delivery to BullMQ follows and is repeated until it is done, so that no crash in between loses the job.
 */
export class BullmqQueue implements JobQueue {
  readonly kind = 'redis';
  readonly durable = true;
  private readonly records: JobRecords;
  private readonly changes: JobChanges;
  private readonly client: Redis;
  private readonly delivery: JobDelivery;
  private readonly closing = new AbortController();
  private readonly waiting = new Set<Promise<unknown>>();
  private worker?: BullmqWorker;

  constructor(private readonly options: BullmqQueueOptions) {
    this.records = new JobRecords(options);
    this.changes = new JobChanges(options);
    this.client = openRedis(
      { ...options, purpose: 'jobs-bullmq', stopped: this.closing.signal },
      { maxRetriesPerRequest: null, connectTimeout: 5_000, socketTimeout: 20_000 },
    );
    this.client.once('ready', () => void this.checkEviction());
    this.delivery = new JobDelivery({ ...options, client: this.client, records: this.records });
  }

  async add(job: JobRecord): Promise<AddedJob> {
    const added = await this.addRecord({ ...job, durable: true });
    if (added.kind === 'refused') throw inProgress(added.record);
    if (added.kind === 'added') {
      this.options.moved?.(added.record);
      await this.delivery.deliver(job.jobId);
    }
    return { job: added.record, joined: added.kind === 'joined' };
  }

  async get(jobId: string): Promise<JobRecord | undefined> {
    return (await this.records.get(jobId))?.record;
  }

  wait(
    jobId: string,
    options: { timeoutMs: number; signal?: AbortSignal; onUpdate?: (job: JobRecord) => void },
  ): Promise<JobRecord | undefined> {
    const { records, changes } = this;
    const jobs: WatchedJobs = {
      read: (id) => records.get(id),
      watch: (id, watcher) => changes.watch(id, watcher),
      closing: this.closing.signal,
    };
    const waiting = waitForEnd(jobs, jobId, options).finally(() => this.waiting.delete(waiting));
    this.waiting.add(waiting);
    return waiting;
  }

  async work(handler: JobHandler, { concurrency }: { concurrency: number }): Promise<void> {
    if (this.worker) throw new AppError('internal', 'This queue already works.');
    const { client, records, delivery } = this;
    const { keyPrefix, log, moved } = this.options;
    const times = { ...workerTimes, ...this.options.times };
    this.worker = new BullmqWorker({ client, records, delivery, handler, concurrency, keyPrefix, times, log, moved });
  }

  /** Writes, because a Redis that is full or a replica answers every question and takes no job. */
  async health(): Promise<{ ok: boolean; reason?: string }> {
    const { health } = jobKeys(this.options.keyPrefix);
    try {
      await this.records.connection.use((client) => client.set(health, Date.now(), 'EX', 60));
      return { ok: true };
    } catch {
      return { ok: false, reason: 'Redis takes no jobs at the moment.' };
    }
  }

  async close(options: { graceMs: number }): Promise<void> {
    await this.worker?.close(options);
    // Waiters look a last time, within the 2 s of a command, and go.
    this.closing.abort();
    await Promise.allSettled(this.waiting);
    await this.delivery.close().catch(() => undefined);
    this.client.disconnect();
    this.changes.close();
    this.records.close();
  }

  private async addRecord(job: JobRecord): ReturnType<JobRecords['add']> {
    try {
      return await this.records.add(job);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'unavailable') throw error;
      const { jobId } = job;
      throw error.details['maybeDone']
        ? new AppError(
            'unavailable',
            'The job queue did not answer, so the job may have been queued or not. Look with get_job, or call again: an equal job is joined.',
            { jobId, maybeStarted: true },
            { cause: error },
          )
        : new AppError(
            'unavailable',
            'The job queue cannot be reached at the moment; nothing was started.',
            {},
            { cause: error },
          );
    }
  }

  /** A Redis that may throw keys away to make room would throw away jobs. */
  private async checkEviction(): Promise<void> {
    const memory = await this.client.info('memory').catch(() => '');
    const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1];
    if (policy === undefined || policy === 'noeviction' || /^maxmemory:0\s*$/m.test(memory)) return;
    this.options.log.warn({ policy }, 'Redis may evict jobs when it is full: set maxmemory-policy to noeviction');
  }
}
