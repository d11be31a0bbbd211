import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import PQueue from 'p-queue';
import { AppError } from '../errors/app-error.js';
import type { Logger } from '../telemetry/logger.js';
import { defectEnd, endedRecord, inProgress, neverBegunEnd, stoppedEnd } from './job-end.js';
import type { AddedJob, JobContext, JobEnd, JobHandler, JobMoved, JobQueue } from './job-queue.js';
import { applicationKey, requestKey } from './job-record.js';
import type { VersionedRecord } from './job-records.js';
import { isEnded, type JobRecord } from './job.js';
import { JobWatchers } from './job-watchers.js';
import { waitForEnd, type WatchedJobs } from './wait-for-end.js';

/** How long handlers get, once told to stop, before their jobs end without them. */
const letGoMs = 2_000;

/** Jobs in this process alone: same behaviour as on Redis, but gone when the process ends. */
export class EmbeddedQueue implements JobQueue {
  readonly kind = 'embedded';
  readonly durable = false;
  private readonly jobs = new Map<string, VersionedRecord>();
  /** Application to the id of its job under way. */
  private readonly holders = new Map<string, string>();
  private readonly endedIds: string[] = [];
  private readonly watchers = new JobWatchers();
  private readonly queue = new PQueue({ autoStart: false });
  private readonly letGo = new AbortController();
  private readonly closed = new AbortController();
  private handler?: JobHandler;
  private isClosed = false;

  constructor(private readonly options: { log: Logger; endedKept?: number; moved?: JobMoved }) {
    // Every request of every job listens to it; that many listeners are no leak.
    setMaxListeners(0, this.letGo.signal);
  }

  async add(job: JobRecord): Promise<AddedJob> {
    if (this.isClosed) throw new AppError('unavailable', 'The server is stopping; nothing was started.');
    const holder = this.jobs.get(this.holders.get(applicationKey(job)) ?? '')?.record;
    if (holder) {
      if (requestKey(holder) !== requestKey(job)) throw inProgress(holder);
      return { job: structuredClone(holder), joined: true };
    }
    if (this.jobs.has(job.jobId)) {
      throw new AppError('internal', 'A job with this id has ended before.', { jobId: job.jobId });
    }
    const record: JobRecord = { ...structuredClone(job), durable: false };
    this.jobs.set(job.jobId, { version: 1, record });
    this.holders.set(applicationKey(job), job.jobId);
    this.options.moved?.(structuredClone(record));
    void this.queue.add(() => this.run(job.jobId));
    return { job: structuredClone(record), joined: false };
  }

  async get(jobId: string): Promise<JobRecord | undefined> {
    return structuredClone(this.jobs.get(jobId)?.record);
  }

  wait(
    jobId: string,
    options: { timeoutMs: number; signal?: AbortSignal; onUpdate?: (job: JobRecord) => void },
  ): Promise<JobRecord | undefined> {
    const jobs: WatchedJobs = {
      read: async (id) => structuredClone(this.jobs.get(id)),
      watch: async (id, watcher) => this.watchers.add(id, watcher),
      closing: this.closed.signal,
    };
    return waitForEnd(jobs, jobId, options);
  }

  async work(handler: JobHandler, { concurrency }: { concurrency: number }): Promise<void> {
    if (this.handler) throw new AppError('internal', 'This queue already works.');
    this.handler = handler;
    this.queue.concurrency = concurrency;
    this.queue.start();
  }

  async health(): Promise<{ ok: boolean; reason?: string }> {
    return this.isClosed ? { ok: false, reason: 'The server is stopping.' } : { ok: true };
  }

  /** What has not ended by then is lost with the process, and its record says so. */
  async close({ graceMs }: { graceMs: number }): Promise<void> {
    this.isClosed = true;
    this.queue.clear();
    for (const { record } of this.jobs.values()) if (record.state === 'queued') this.end(record.jobId, neverBegunEnd());
    await this.idle(graceMs);
    this.letGo.abort(new AppError('unavailable', 'The server is stopping.'));
    await this.idle(letGoMs);
    for (const { record } of this.jobs.values()) if (!isEnded(record.state)) this.end(record.jobId, stoppedEnd());
    this.closed.abort();
  }

  private async run(jobId: string): Promise<void> {
    const queued = this.jobs.get(jobId)?.record;
    if (!queued || !this.handler || this.isClosed) return;
    const record = this.change(jobId, { state: 'running', startedAt: new Date().toISOString() });
    try {
      this.end(jobId, await this.handler(record, this.context(jobId)));
    } catch (error) {
      if (this.letGo.signal.aborted) return this.end(jobId, stoppedEnd());
      this.options.log.error({ jobId, err: error }, 'the handler of a job failed');
      this.end(jobId, defectEnd());
    }
  }

  private context(jobId: string): JobContext {
    return {
      signal: this.letGo.signal,
      update: async (patch) => {
        this.letGo.signal.throwIfAborted();
        const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
        this.change(jobId, given);
      },
    };
  }

  private change(jobId: string, patch: Partial<JobRecord>): JobRecord {
    const before = this.jobs.get(jobId);
    if (!before || isEnded(before.record.state)) throw new AppError('internal', 'The job has ended.', { jobId });
    return this.put({ version: before.version + 1, record: { ...before.record, ...structuredClone(patch) } });
  }

  private end(jobId: string, end: JobEnd): void {
    const before = this.jobs.get(jobId);
    if (!before || isEnded(before.record.state)) return;
    this.holders.delete(applicationKey(before.record));
    this.endedIds.push(jobId);
    if (this.endedIds.length > (this.options.endedKept ?? 10_000)) this.jobs.delete(this.endedIds.shift()!);
    this.put({ version: before.version + 1, record: structuredClone(endedRecord(before.record, end)) });
    this.options.log.info({ jobId, state: end.state, code: end.outcome?.code }, 'job ended');
  }

  private put(change: VersionedRecord): JobRecord {
    this.jobs.set(change.record.jobId, change);
    this.watchers.tell(structuredClone(change));
    this.options.moved?.(structuredClone(change.record));
    return structuredClone(change.record);
  }

  private async idle(timeoutMs: number): Promise<void> {
    const wait = new AbortController();
    await Promise.race([
      this.queue.onIdle(),
      delay(timeoutMs, undefined, { signal: wait.signal }).catch(() => undefined),
    ]);
    wait.abort();
  }
}
