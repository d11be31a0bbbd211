import { z } from 'zod';
import { job } from '../../jobs/job.js';
import { application, clusterName, namespace } from '../parameters.js';
import { defineTool } from '../tool.js';

/** An operation that runs longer is let go: it may go on in Argo CD, the job says so. */
const deadlineMs = 60 * 60_000;

export const syncApplication = defineTool({
  name: 'sync_application',
  title: 'Sync an application',
  description:
    'Starts a sync (deploys what Git or the chart says) as a job and returns it at once. Two equal calls while it runs ' +
    'become one job. Next: wait_for_job with the jobId until state is succeeded, failed or cancelled.',
  effect: 'change',
  idempotent: false,
  route: 'POST /applications/{application}/sync',
  toolset: 'applications',
  startsJob: true,
  input: z.strictObject({
    application,
    cluster: clusterName,
    namespace,
    revision: z
      .string()
      .min(1)
      .max(250)
      .regex(/^[^\p{C}\s]+$/u, 'must be a branch, tag, commit or chart version')
      .optional()
      .describe('Branch, tag, commit or chart version to sync to; absent = what the application follows'),
    prune: z.boolean().default(false).describe('Delete resources that are no longer in Git'),
    dryRun: z.boolean().default(false).describe('Only tell what would be done'),
    force: z.boolean().default(false).describe('Replace resources that cannot be patched (deletes and creates them)'),
  }),
  output: z.object({ job: job.describe('The job, queued or running') }),
  run: async ({ application: name, cluster, namespace: place, ...parameters }, { fleet, jobs, caller, signal }) => {
    const target = await fleet.resolveForChange({ application: name, cluster, namespace: place }, signal);
    const started = await jobs.startSync({ ...target, parameters, caller: caller.name, deadlineMs });
    return { job: started.job };
  },
});
