import type { Redis } from 'ioredis';
import { jobKeys, type JobKeys } from '../cache/keys.js';
import { RedisConnection, type RedisConnectionOptions } from '../cache/redis-connection.js';
import { AppError } from '../errors/app-error.js';
import { applicationKey, parseJobRecord, requestKey } from './job-record.js';
import { jobScripts } from './job-scripts.js';
import type { JobRecord } from './job.js';

/** How many ended jobs are kept, and for how long. */
const endedKept = 10_000;
const endedKeptMs = 7 * 24 * 3_600_000;

/** What became of a write: `superseded` by a newer run, too late (`ended`), or the record is `gone`. */
export type WriteResult = 'written' | 'superseded' | 'ended' | 'gone';

export interface VersionedRecord {
  version: number;
  record: JobRecord;
}

export type StartResult =
  { kind: 'run'; run: number; lost: number; record: JobRecord } | { kind: 'gone' | 'ended' | 'unreadable' };

type Scripts = { [name in keyof typeof jobScripts]: (...keysAndArguments: (string | number)[]) => Promise<unknown> };

/**
 * The records of the jobs in Redis: the truth about them. BullMQ only delivers ids to workers; a job is done when its
 * record says so, whatever BullMQ remembers. Every method is one step in Redis, and throws `unavailable` within 2 s.
 */
export class JobRecords {
  readonly connection: RedisConnection;
  private readonly keys: JobKeys;

  constructor(options: Omit<RedisConnectionOptions, 'purpose'> & { keyPrefix: string }) {
    this.keys = jobKeys(options.keyPrefix);
    this.connection = new RedisConnection({ ...options, purpose: 'jobs' });
    for (const [name, script] of Object.entries(jobScripts)) this.connection.client.defineCommand(name, script);
  }

  /** Adds the record and takes its application's lock, or gives the job that holds it. */
  async add(record: JobRecord): Promise<{ kind: 'added' | 'joined' | 'refused'; record: JobRecord }> {
    const { holders, open, recordPrefix } = this.keys;
    for (let attempt = 1; ; attempt++) {
      const [kind, jobId, text] = (await this.run((scripts) =>
        scripts.addJob(
          ...[holders, open, this.keys.record(record.jobId)],
          ...[
            record.jobId,
            recordPrefix,
            applicationKey(record),
            JSON.stringify(record),
            requestKey(record),
            Date.now(),
          ],
        ),
      )) as ['added' | 'joined' | 'refused' | 'exists', string, string];
      if (kind === 'exists') throw new AppError('internal', 'A job with this id has ended before.', { jobId });
      const found = parseJobRecord(text);
      if (found) return { kind, record: found };
      if (attempt > 1) throw new AppError('internal', 'The record of the running job cannot be read.', { jobId });
      await this.discard(jobId);
    }
  }

  async get(jobId: string): Promise<VersionedRecord | undefined> {
    const [text, version] = await this.connection.use((client) =>
      client.hmget(this.keys.record(jobId), 'record', 'version'),
    );
    const record = text ? parseJobRecord(text) : undefined;
    return record && { record, version: Number(version ?? 0) };
  }

  /** Begins a run; every run before it may no longer write. `lost` counts those whose process died. */
  async start(jobId: string): Promise<StartResult> {
    const [kind, run, lost, text] = (await this.run((scripts) =>
      scripts.startJob(this.keys.record(jobId), this.keys.open, jobId),
    )) as ['run' | 'gone' | 'ended', number, number, string];
    if (kind !== 'run') return { kind };
    const record = parseJobRecord(text);
    return record ? { kind, run, lost, record } : { kind: 'unreadable' };
  }

  async write(run: number, record: JobRecord): Promise<WriteResult> {
    const { jobId } = record;
    return (await this.run((scripts) =>
      scripts.writeJob(this.keys.record(jobId), this.keys.changes, jobId, run, JSON.stringify(record)),
    )) as WriteResult;
  }

  /** Writes the end and gives the lock back. With `run`, only if that is the newest; the first end stands. */
  async end(record: JobRecord, run?: number): Promise<WriteResult> {
    const { holders, open, ended, changes, recordPrefix } = this.keys;
    return (await this.run((scripts) =>
      scripts.endJob(
        ...[this.keys.record(record.jobId), holders, open, ended, changes, record.jobId, run ?? ''],
        ...[JSON.stringify(record), Date.now(), endedKeptMs, endedKept, recordPrefix],
      ),
    )) as WriteResult;
  }

  async release(jobId: string, run: number): Promise<void> {
    await this.run((scripts) => scripts.releaseJob(this.keys.record(jobId), String(run)));
  }

  async discard(jobId: string): Promise<void> {
    await this.run((scripts) => scripts.discardJob(this.keys.record(jobId), this.keys.holders, this.keys.open, jobId));
  }

  /** Ids of jobs that have not ended, oldest first, 10,000 at most. */
  openIds(): Promise<string[]> {
    return this.connection.use((client) => client.zrange(this.keys.open, 0, '9999'));
  }

  close(): void {
    this.connection.close();
  }

  private run(call: (scripts: Scripts) => Promise<unknown>): Promise<unknown> {
    return this.connection.use((client) => call(client as Redis & Scripts));
  }
}
