import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../errors/app-error.js';
import type { Logger } from '../telemetry/logger.js';
import { endedRecord } from './job-end.js';
import type { JobContext, JobEnd, JobMoved, JobPatch } from './job-queue.js';
import type { JobRecords, WriteResult } from './job-records.js';
import type { JobRecord } from './job.js';

export interface JobRunOptions {
  record: JobRecord;
  /** Number of this run; the records refuse writes of older ones. */
  run: number;
  records: JobRecords;
  log: Logger;
  /** How long a write is tried again while Redis is away. */
  patienceMs: number;
  moved?: JobMoved;
}

/** How long `update` waits for a note of progress; written it is in any case, as soon as Redis is there. */
const progressWaitMs = 2_000;
const retryMs = 500;

/** One worker at one job: what its handler sees, and what it writes, through outages of Redis. */
export class JobRun implements JobContext {
  private readonly letGoController = new AbortController();
  private readonly abandonController = new AbortController();
  private record: JobRecord;
  /** Counts patches; those up to `writtenPatches` stand in Redis. */
  private patches = 0;
  private writtenPatches = 0;
  private writing?: Promise<void>;
  private isOver = false;

  constructor(private readonly options: JobRunOptions) {
    this.record = options.record;
  }

  get jobId(): string {
    return this.record.jobId;
  }

  get signal(): AbortSignal {
    return this.letGoController.signal;
  }

  /** The record as this run knows it. */
  get current(): JobRecord {
    return this.record;
  }

  /** Notes that the job runs; of a job that was taken over, `startedAt` stays. */
  async begin(): Promise<void> {
    if (this.record.state === 'running') return;
    this.record = { ...this.record, state: 'running', startedAt: this.record.startedAt ?? new Date().toISOString() };
    await this.writeSoon();
  }

  /**
   * Keeps progress waiting for 2 s at most and then writes it behind. `postingAt` is different: it is what saves a
   * second run from asking Argo CD twice, so it resolves only when it is written.
   */
  readonly update = async (patch: JobPatch): Promise<void> => {
    this.signal.throwIfAborted();
    if (this.isOver) throw new AppError('internal', 'The job has ended.', { jobId: this.jobId });
    const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
    this.record = { ...this.record, ...given };
    if (patch.postingAt !== undefined) return this.write(++this.patches);
    return this.writeSoon();
  };

  /**
   * Writes the end, patiently. An honest end counts even if another process has taken the job over meanwhile: both
   * watched the same operation. `onlyNewest`: not so for an end that only says that this run failed.
   */
  async end(end: JobEnd, { onlyNewest }: { onlyNewest: boolean }): Promise<WriteResult | undefined> {
    this.isOver = true;
    const record = endedRecord(this.record, end);
    const { records, run, log } = this.options;
    const result = await this.patiently(() => records.end(record, onlyNewest ? run : undefined));
    const line = { jobId: this.jobId, state: end.state, code: end.outcome?.code };
    if (result === 'written') {
      log.info(line, 'job ended');
      this.options.moved?.(record);
    } else if (result === undefined)
      log.error(line, 'the end of a job could not be written; another run will find out');
    else log.warn({ ...line, result }, 'the end of a job came too late and was not written');
    return result;
  }

  /** The worker no longer holds the job: the handler is told to stop, and nothing but an honest end is written. */
  letGo(reason: string): void {
    if (this.signal.aborted) return;
    this.options.log.warn({ jobId: this.jobId, reason }, 'letting go of a job');
    this.letGoController.abort(new AppError('unavailable', `This process has let go of the job: ${reason}.`));
  }

  /** Gives up everything, pending writes too, and does not wait for the handler: the process ends. */
  abandon(): void {
    this.isOver = true;
    this.letGo('the server stops');
    this.abandonController.abort();
  }

  /** Resolves, with nothing, when `abandon` is called. */
  readonly abandoned = new Promise<undefined>((resolve) => {
    this.abandonController.signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });

  /** Writes the record, and goes on behind if that takes long. */
  private async writeSoon(): Promise<void> {
    const written = this.write(++this.patches);
    written.catch(() => undefined);
    const wait = new AbortController();
    await Promise.race([written, delay(progressWaitMs, undefined, { signal: wait.signal }).catch(() => undefined)]);
    wait.abort();
  }

  /** Resolves when patch number `wanted` is written. One write at a time; those that meet an outage become one. */
  private async write(wanted: number): Promise<void> {
    while (this.writtenPatches < wanted) {
      this.writing ??= this.writeOnce().finally(() => (this.writing = undefined));
      await this.writing;
    }
  }

  private async writeOnce(): Promise<void> {
    const { records, run } = this.options;
    let sent = this.patches;
    let written = this.record;
    const result = await this.patiently(() => {
      if (this.isOver) return undefined;
      sent = this.patches;
      written = this.record;
      return records.write(run, written);
    });
    // Not once it is over: the end may have been written and told meanwhile.
    if (result === 'written' && !this.isOver) this.options.moved?.(written);
    if (result === 'written' || this.isOver) {
      this.writtenPatches = Math.max(this.writtenPatches, this.isOver ? this.patches : sent);
      return;
    }
    if (result === undefined) throw new AppError('unavailable', 'The progress of the job could not be written.');
    this.letGo(result === 'superseded' ? 'another process has taken it over' : `its record is ${result}`);
    this.signal.throwIfAborted();
  }

  /** Tries again while Redis is away, up to `patienceMs`; `undefined` if it stayed away or there is no more to do. */
  private async patiently(write: () => Promise<WriteResult> | undefined): Promise<WriteResult | undefined> {
    const { patienceMs, log } = this.options;
    const giveUpAt = performance.now() + patienceMs;
    for (let attempt = 1; !this.abandonController.signal.aborted; attempt++) {
      try {
        return await write();
      } catch (error) {
        if (attempt === 1) log.warn({ jobId: this.jobId, err: error }, 'a job cannot be written; trying again');
        if (performance.now() > giveUpAt) return undefined;
        await delay(retryMs, undefined, { signal: this.abandonController.signal }).catch(() => undefined);
      }
    }
    return undefined;
  }
}
