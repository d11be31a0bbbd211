import { AppError } from '../errors/app-error.js';
import type { Scope } from '../fleet/scope.js';
import type { JobQueue } from './job-queue.js';
import { isJobId, newJobId } from './job-record.js';
import { isEnded, job as publicJob, type Job, type JobRecord, type SyncParameters } from './job.js';

/** When it is worth asking again for a job that has not ended. */
const pollAfterMs = 1_000;

export interface StartSync {
  cluster: string;
  namespace: string;
  project: string;
  application: string;
  parameters: SyncParameters;
  /** Name of the caller, for the audit. */
  caller: string;
  /** The job ends as `deadline_exceeded` so long after now. */
  deadlineMs: number;
}

/** The jobs as one caller may see them: what is outside its scope does not exist. */
export class Jobs {
  /**
   * @param clusterOf labels of a cluster by its name; `undefined` if the fleet no longer has it, and then nobody sees
   *   its jobs, because nobody can say who may.
   */
  constructor(
    private readonly queue: JobQueue,
    private readonly scope: Scope,
    private readonly clusterOf: (
      name: string,
    ) => { name: string; labels: Readonly<Record<string, string>> } | undefined,
  ) {}

  /** False when jobs are lost with the process. */
  get durable(): boolean {
    return this.queue.durable;
  }

  /** @throws AppError `unavailable` */
  async get(jobId: string): Promise<Job | undefined> {
    return this.visible(isJobId(jobId) ? await this.queue.get(jobId) : undefined);
  }

  /**
   * The job when it has ended, or as it stands after `timeoutMs`, or when `signal` fires. `onUpdate` gets every change
   * on the way.
   *
   * @throws AppError `unavailable`
   */
  async wait(
    jobId: string,
    options: { timeoutMs: number; signal?: AbortSignal; onUpdate?: (job: Job) => void },
  ): Promise<Job | undefined> {
    if (!(await this.get(jobId))) return undefined;
    const { onUpdate, ...rest } = options;
    const tell = (record: JobRecord): void => onUpdate?.(toPublicJob(record));
    return this.visible(await this.queue.wait(jobId, { ...rest, ...(onUpdate ? { onUpdate: tell } : {}) }));
  }

  /**
   * Starts a sync, or joins the equal one that is under way for the application.
   *
   * @throws AppError `operation_in_progress` with `details.jobId` (a different job is under way), `unavailable`,
   *   `not_found` (outside the scope)
   */
  async startSync(request: StartSync): Promise<{ job: Job; joined: boolean }> {
    const { deadlineMs, ...rest } = request;
    if (!this.sees(rest)) throw new AppError('not_found', `There is no application "${rest.application}".`);
    const now = Date.now();
    const { job, joined } = await this.queue.add({
      ...rest,
      jobId: newJobId('sync'),
      kind: 'sync',
      state: 'queued',
      durable: this.queue.durable,
      createdAt: new Date(now).toISOString(),
      deadlineAt: new Date(now + deadlineMs).toISOString(),
    });
    return { job: toPublicJob(job), joined };
  }

  private visible(record: JobRecord | undefined): Job | undefined {
    return record && this.sees(record) ? toPublicJob(record) : undefined;
  }

  private sees({ cluster, project }: { cluster: string; project: string }): boolean {
    const found = this.clusterOf(cluster);
    return found !== undefined && this.scope.cluster(found) && this.scope.project(project);
  }
}

/** What callers see of a record: the contract's fields and no others. */
export function toPublicJob(record: JobRecord): Job {
  const { pollAfterMs: _, ...shown } = publicJob.parse(record);
  return isEnded(record.state) ? shown : { ...shown, pollAfterMs };
}
