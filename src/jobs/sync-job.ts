import type { ArgoCdApi } from '../argocd/argocd-api.js';
import type { Logger } from '../telemetry/logger.js';
import type { JobContext, JobEnd, JobHandler } from './job-queue.js';
import type { JobRecord } from './job.js';
import { bareEnd } from './sync-ends.js';
import { SyncRun } from './sync-run.js';
import { syncTiming, type SyncTiming } from './sync-timing.js';

/** What a job works with. */
export interface JobCluster {
  api: ArgoCdApi;
  config?: { limits: { timeoutMs: number } };
  /** Called when the job has ended. */
  release?(): void;
}

export interface SyncHandlerOptions {
  /** The Argo CD of a cluster, for as long as the job runs; undefined when the fleet has no such cluster. */
  cluster: (name: string, signal: AbortSignal) => JobCluster | undefined | Promise<JobCluster | undefined>;
  log?: Pick<Logger, 'info' | 'warn'>;
  /** For tests. */
  timing?: Partial<SyncTiming>;
}

/**
 * What a worker does with a sync job: one Argo CD operation per job, whatever happens, followed to its end.
 *
 * The job's id travels in the operation's `infos`. Before Argo CD is asked, that is noted durably, so that a second run
 * looks before it asks; a request whose answer was lost is never simply sent again. Throws only the reason of
 * `context.signal`: then nothing was changed and another worker goes on.
 */
export function createSyncHandler(options: SyncHandlerOptions): JobHandler {
  return async (job: JobRecord, context: JobContext): Promise<JobEnd> => {
    const cluster = await options.cluster(job.cluster, context.signal);
    if (!cluster) {
      context.signal.throwIfAborted();
      return withoutCluster(job);
    }
    const timeoutMs = cluster.config?.limits.timeoutMs ?? 0;
    const evidenceMs = Math.max(syncTiming.evidenceMs, 2 * timeoutMs + 5_000);
    const timing = { ...syncTiming, evidenceMs, ...options.timing };
    try {
      return await new SyncRun({ job, context, api: cluster.api, timing, log: options.log }).run();
    } finally {
      cluster.release?.();
    }
  };
}

const withoutCluster = (job: JobRecord): JobEnd =>
  job.postingAt === undefined
    ? bareEnd('sync_failed', `The fleet has no cluster "${job.cluster}" any more. Nothing was started.`)
    : bareEnd(
        'outcome_unknown',
        `The fleet has no cluster "${job.cluster}" any more: how the sync ends can be seen in Argo CD alone.`,
      );
