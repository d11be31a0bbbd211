import { AppError } from '../errors/app-error.js';
import type { JobRecord } from './job.js';
import type { JobEnd } from './job-queue.js';

const unknown = (message: string): JobEnd => ({
  state: 'failed',
  message,
  outcome: { code: 'outcome_unknown', resources: [], resourcesOmitted: 0 },
});

/** The handler threw: a defect of ours. What Argo CD made of it is not known; the reason stands in the log alone. */
export const defectEnd = (): JobEnd =>
  unknown('The server failed on this job. Look at the application before you start it again.');

/** Every process that took the job died over it. */
export const givenUpEnd = (takeovers: number): JobEnd =>
  unknown(`The server gave up after ${takeovers} interruptions. Look at the application before you start it again.`);

/** An embedded queue was closed while the job was running. */
export const stoppedEnd = (): JobEnd =>
  unknown('The server stopped while this job was running. Look at the application before you start it again.');

/** An embedded queue was closed before the job began. */
export const neverBegunEnd = (): JobEnd => ({
  state: 'cancelled',
  message: 'The server stopped before this job began; nothing was started.',
});

/** The record of an ended job. */
export const endedRecord = (record: JobRecord, end: JobEnd): JobRecord => ({
  ...record,
  state: end.state,
  ...(end.phase !== undefined ? { phase: end.phase } : {}),
  ...(end.message !== undefined ? { message: end.message } : {}),
  ...(end.outcome !== undefined ? { outcome: end.outcome } : {}),
  finishedAt: new Date().toISOString(),
});

/** Another job of the same application is under way. */
export const inProgress = (job: JobRecord): AppError =>
  new AppError(
    'operation_in_progress',
    `Another job is ${job.state} for application "${job.application}" of cluster "${job.cluster}": wait for it with wait_for_job, then call again.`,
    { jobId: job.jobId },
  );
