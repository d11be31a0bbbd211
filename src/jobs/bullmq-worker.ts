import { setTimeout as delay } from 'node:timers/promises';
import { type Job as BullJob, WaitingError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { bullQueueName, jobKeys } from '../cache/keys.js';
import type { Logger } from '../telemetry/logger.js';
import type { JobDelivery } from './job-delivery.js';
import { defectEnd, givenUpEnd } from './job-end.js';
import type { JobEnd, JobHandler, JobMoved } from './job-queue.js';
import type { JobRecords, StartResult, WriteResult } from './job-records.js';
import { JobRun } from './job-run.js';

export interface WorkerTimes {
  /** How long a job stays with a process that says nothing. */
  lockMs: number;
  /** How often jobs of dead processes are looked for: taken over after `lockMs + stalledCheckMs` at the latest. */
  stalledCheckMs: number;
  /** How often jobs are looked for that BullMQ does not know. */
  sweepMs: number;
  /** How long a write is tried again while Redis is away. */
  patienceMs: number;
}

export const workerTimes: WorkerTimes = {
  lockMs: 30_000,
  stalledCheckMs: 15_000,
  sweepMs: 30_000,
  patienceMs: 600_000,
};

/** A job whose process died so often kills processes; it ends. Handing over at a shutdown is not counted. */
export const takeoversMax = 20;

/** How long handlers get, once told to stop, before their jobs are handed over without them. */
const letGoMs = 2_000;

export interface BullmqWorkerOptions {
  client: Redis;
  records: JobRecords;
  delivery: JobDelivery;
  handler: JobHandler;
  concurrency: number;
  keyPrefix: string;
  times: WorkerTimes;
  log: Logger;
  moved?: JobMoved;
}

/**
 * Takes ids of jobs from BullMQ and runs the handler on their records. BullMQ gives delivery, locks and take-over from
 * dead processes. Its attempts and results are not used: whether a job is done stands in its record alone.
 */
export class BullmqWorker {
  private readonly worker: StoppableWorker;
  /** Runs of this process, with the promise of their end. */
  private readonly runs = new Map<JobRun, Promise<WriteResult | undefined>>();
  private readonly stopping = new AbortController();

  constructor(private readonly options: BullmqWorkerOptions) {
    const { client, concurrency, keyPrefix, times, log } = options;
    this.worker = new StoppableWorker(bullQueueName, (job, token) => this.process(job, token ?? ''), {
      connection: client,
      prefix: jobKeys(keyPrefix).bullPrefix,
      skipVersionCheck: true,
      concurrency,
      lockDuration: times.lockMs,
      stalledInterval: times.stalledCheckMs,
      // Counted by the records instead (`takeoversMax`): BullMQ would throw the job away.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      runRetryDelay: 1_000,
    });
    this.worker.on('error', (error) => log.debug({ err: error }, 'job worker'));
    this.worker.on('lockRenewalFailed', (jobIds: string[]) => {
      for (const run of this.runs.keys()) if (jobIds.includes(run.jobId)) run.letGo('its lock was lost');
    });
    void this.sweep();
  }

  /** Takes no more jobs, lets running ones finish for `graceMs`, and hands the rest back for others to take at once. */
  async close({ graceMs }: { graceMs: number }): Promise<void> {
    this.stopping.abort();
    // Stops fetching at once, keeps the locks of running jobs, and resolves when all of them are done or handed back.
    const closed = this.worker.close();
    await within(graceMs, this.settled());
    for (const run of this.runs.keys()) run.letGo('the server stops');
    await within(letGoMs, this.settled());
    for (const run of this.runs.keys()) run.abandon();
    // BullMQ waits for a Redis that is gone as long as it takes.
    await within(this.options.client.status === 'ready' ? letGoMs : 0, closed);
    await this.worker.stopRenewing();
  }

  private async process(job: BullJob, token: string): Promise<void> {
    const { records, log, times, moved } = this.options;
    const jobId = job.id ?? '';
    const started = await this.start(jobId);
    if (!started) {
      await job.moveToWait(token).catch(() => undefined);
      throw new WaitingError();
    }
    if (started.kind === 'ended') {
      // Its process may have died between the end and the word about it.
      await this.tellAgain(jobId);
      return;
    }
    if (started.kind !== 'run') {
      log.error({ jobId, record: started.kind }, 'a job has no record that can be read; it is removed');
      await records.discard(jobId).catch((error: unknown) => log.warn({ jobId, err: error }, 'record not removed'));
      return;
    }
    const { run: number, record, lost } = started;
    if (lost > 0) log.warn({ jobId, takeovers: lost }, 'took over a job from a process that is gone');
    const run = new JobRun({ record, run: number, records, log, patienceMs: times.patienceMs, moved });
    const work = lost >= takeoversMax ? run.end(givenUpEnd(lost), { onlyNewest: true }) : this.work(run);
    this.runs.set(run, work);
    try {
      const result = await Promise.race([work, run.abandoned]);
      if (result !== undefined) return;
      if (this.stopping.signal.aborted) await this.handBack(job, token, number);
      // Neither done nor failed: where it was not handed back, another run takes it when the lock has run out.
      throw new WaitingError();
    } finally {
      this.runs.delete(run);
    }
  }

  /** `undefined` if this process has no say in how the job ended. */
  private async work(run: JobRun): Promise<WriteResult | undefined> {
    let end: JobEnd;
    let onlyNewest = false;
    try {
      await run.begin();
      end = await this.options.handler(run.current, run);
    } catch (error) {
      if (run.signal.aborted) return undefined;
      this.options.log.error({ jobId: run.jobId, err: error }, 'the handler of a job failed');
      end = defectEnd();
      onlyNewest = true;
    }
    return run.end(end, { onlyNewest });
  }

  /** Waits for Redis as long as this worker lives; `undefined` when it is being closed. */
  private async start(jobId: string): Promise<StartResult | undefined> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        return await this.options.records.start(jobId);
      } catch (error) {
        this.options.log.debug({ jobId, err: error }, 'a job cannot be started yet');
        await delay(500, undefined, { signal }).catch(() => undefined);
      }
    }
    return undefined;
  }

  private async tellAgain(jobId: string): Promise<void> {
    const { records, moved, log } = this.options;
    if (!moved) return;
    const found = await records.get(jobId).catch((error: unknown) => {
      log.debug({ jobId, err: error }, 'the end of a job could not be told again');
    });
    if (found) moved(found.record);
  }

  private async handBack(job: BullJob, token: string, run: number): Promise<void> {
    try {
      await this.options.records.release(job.id ?? '', run);
      await job.moveToWait(token);
    } catch (error) {
      const { log } = this.options;
      log.warn(
        { jobId: job.id, err: error },
        'a job could not be handed back; it is taken over when its lock runs out',
      );
    }
  }

  private async sweep(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await this.options.delivery
        .redeliver()
        .catch((error: unknown) => this.options.log.debug({ err: error }, 'open jobs could not be looked through'));
      const pause = this.options.times.sweepMs * (0.8 + Math.random() * 0.4);
      await delay(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  private settled(): Promise<unknown> {
    return Promise.allSettled(this.runs.values());
  }
}

/** While Redis is away BullMQ's `close` may never come to the end of its list, where it stops this timer. */
class StoppableWorker extends Worker {
  async stopRenewing(): Promise<void> {
    await this.lockManager.close();
  }
}

/** Waits for something that may never come. */
async function within(timeoutMs: number, work: Promise<unknown>): Promise<void> {
  const wait = new AbortController();
  await Promise.race([
    work.catch(() => undefined),
    delay(timeoutMs, undefined, { signal: wait.signal }).catch(() => undefined),
  ]);
  wait.abort();
}
