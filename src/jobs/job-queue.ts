import type { Job, JobRecord } from './job.js';

/** Parts of a record that a worker changes while it works. */
export type JobPatch = Partial<Pick<JobRecord, 'phase' | 'message' | 'postingAt' | 'acceptedVersion'>>;

/** How a job ended. The queue writes it together with `state` and `finishedAt`. */
export interface JobEnd {
  state: 'succeeded' | 'failed' | 'cancelled';
  phase?: string;
  message?: string;
  outcome?: Job['outcome'];
}

export interface JobContext {
  /** Fires when the worker must let go of the job (shutdown, lost lock): stop working, change nothing, throw. */
  readonly signal: AbortSignal;
  /**
   * Notes progress durably; waiters see it. While the queue cannot be reached it resolves after 2 s all the same and
   * is written behind. Only a patch with `postingAt` always is written when it resolves, however long that takes;
   * `unavailable` after 10 minutes. Throws the signal's reason once the job is let go: then nothing was written.
   */
  readonly update: (patch: JobPatch) => Promise<void>;
}

/** Does one job to its end. A throw that is not the signal's is a defect and ends the job as `outcome_unknown`. */
export type JobHandler = (job: JobRecord, context: JobContext) => Promise<JobEnd>;

/** Hears how a job moved: added, begun, further, ended. Told after it was written, by the process that wrote it. Must not throw. */
export type JobMoved = (job: JobRecord) => void;

export interface AddedJob {
  job: JobRecord;
  /** True when an equal job of the same application was already queued or running: that one is returned. */
  joined: boolean;
}

/**
 * The port to durable slow work. Two implementations hold the same contract tests: BullMQ on Redis, and an embedded
 * in-process one that is not durable and says so.
 *
 * Errors: `AppError('unavailable')` when the queue cannot be reached; nothing was started then.
 */
export interface JobQueue {
  readonly kind: 'redis' | 'embedded';
  readonly durable: boolean;
  /**
   * Adds a job. At most one job per cluster, namespace and application is queued or running at a time: an equal one
   * (same kind and parameters) is joined, a different one is refused with `operation_in_progress` and its `jobId`.
   */
  add(job: JobRecord): Promise<AddedJob>;
  get(jobId: string): Promise<JobRecord | undefined>;
  /**
   * Resolves when the job has ended or after `timeoutMs`, with the record as it stands then; `undefined` if there is
   * no such job. `onUpdate` gets every change on the way, also those that another process made.
   */
  wait(
    jobId: string,
    options: { timeoutMs: number; signal?: AbortSignal; onUpdate?: (job: JobRecord) => void },
  ): Promise<JobRecord | undefined>;
  /** Starts taking jobs. Called in processes with the worker role. */
  work(handler: JobHandler, options: { concurrency: number }): Promise<void>;
  /** `ok: false` with a sentence when jobs cannot be taken or added at the moment. */
  health(): Promise<{ ok: boolean; reason?: string }>;
  /** Lets running jobs finish for `graceMs`, then lets go of them (durable ones go on in another process). */
  close(options: { graceMs: number }): Promise<void>;
}

/** Nest token of the `JobQueue`. */
export const JOB_QUEUE = Symbol('JobQueue');

/** Nest token of the `JobHandler`: what the worker runs. */
export const JOB_HANDLER = Symbol('JobHandler');
