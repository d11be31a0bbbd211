import { z } from 'zod';
import { applicationDetail, clusterFailure } from '../answers.js';
import { application, clusterName, namespace } from '../parameters.js';
import { defineTool } from '../tool.js';

export const getApplication = defineTool({
  name: 'get_application',
  title: 'Get one application',
  description:
    'Shows one application as Argo CD knows it now: health, sync, conditions, running or last operation, history, ' +
    'resources that are not fine. If its cluster does not answer, the last known state with stale: true. ' +
    'Next: sync_application to deploy it.',
  effect: 'read',
  idempotent: true,
  route: 'GET /applications/{application}',
  toolset: 'applications',
  input: z.strictObject({ application, cluster: clusterName, namespace }),
  output: z.object({
    application: applicationDetail.describe('The application'),
    asOf: z.string().optional().describe('ISO 8601: when this was true'),
    stale: z.boolean().optional().describe('True: the cluster did not answer, this is the last known state'),
    unavailable: z.array(clusterFailure).describe('The cluster, when it did not answer'),
  }),
  run: (name, { fleet, signal }) => fleet.getApplication(name, signal),
});
