import { z } from 'zod';
import { job, type Job } from '../../jobs/job.js';
import { jobId, timeoutSeconds, timeoutSecondsMax } from '../parameters.js';
import { defineTool } from '../tool.js';
import { noSuchJob } from './get-job.js';

export const waitForJob = defineTool({
  name: 'wait_for_job',
  title: 'Wait for a job',
  description:
    'Waits until a job has ended or the time is up, and shows it. If state is still queued or running, call it again: ' +
    'nothing is lost. Reports progress on the way.',
  effect: 'read',
  idempotent: true,
  route: 'GET /jobs/{jobId}/wait',
  toolset: 'jobs',
  deadlineMs: (timeoutSecondsMax + 5) * 1000,
  input: z.strictObject({ jobId, timeoutSeconds }),
  output: z.object({ job: job.describe('The job as it stands at the end of the wait') }),
  run: async ({ jobId: id, timeoutSeconds: seconds }, { jobs, signal, progress }) => {
    let steps = 0;
    const tell = (update: Job): void => progress({ progress: ++steps, message: progressMessage(update) });
    const timeoutMs = Math.min(seconds, timeoutSecondsMax) * 1000;
    const found = await jobs.wait(id, { timeoutMs, signal, onUpdate: tell });
    if (!found) throw noSuchJob(id);
    return { job: found };
  },
});

const progressMessage = ({ state, phase, message }: Job): string =>
  [state, phase, message].filter((part) => part !== undefined).join(': ');
