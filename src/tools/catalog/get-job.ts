import { z } from 'zod';
import { AppError } from '../../errors/app-error.js';
import { job } from '../../jobs/job.js';
import { jobId } from '../parameters.js';
import { defineTool } from '../tool.js';

export const getJob = defineTool({
  name: 'get_job',
  title: 'Get a job',
  description:
    'Shows a job as it stands: state, phase, message, and once ended its outcome with the results per resource. ' +
    'To wait for the end use wait_for_job instead of asking again and again.',
  effect: 'read',
  idempotent: true,
  route: 'GET /jobs/{jobId}',
  toolset: 'jobs',
  input: z.strictObject({ jobId }),
  output: z.object({ job: job.describe('The job') }),
  run: async ({ jobId: id }, { jobs }) => {
    const found = await jobs.get(id);
    if (!found) throw noSuchJob(id);
    return { job: found };
  },
});

export const noSuchJob = (id: string): AppError =>
  new AppError(
    'not_found',
    `There is no job "${id}". Ended jobs are kept for a limited time.`,
    {},
    { hint: 'Use the jobId that the tool which started the job has answered.' },
  );
