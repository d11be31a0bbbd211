import { z } from 'zod';
import { applicationDetail, caveatFields, clusterFailure, listEnd } from '../answers.js';
import { application, clusterName, namespace } from '../parameters.js';
import { defineTool } from '../tool.js';

export const getApplication = defineTool({
  name: 'get_application',
  title: 'Get one application',
  description:
    'Shows one application: health, sync, conditions, running or last operation, history, resources that are not ' +
    'fine. If its cluster does not answer, the last known state with stale: true; with fresh an error instead. ' +
    'Next: sync_application to deploy it.',
  effect: 'read',
  idempotent: true,
  route: 'GET /applications/{application}',
  toolset: 'applications',
  input: z.strictObject({
    application,
    cluster: clusterName,
    namespace,
    fresh: z
      .boolean()
      .default(false)
      .describe('Ask Argo CD now, or fail; else what was read in the last 2 min will do'),
  }),
  output: z.object({
    application: applicationDetail.describe('The application'),
    asOf: z.string().optional().describe('ISO 8601: when Argo CD was asked for this'),
    cached: z
      .boolean()
      .optional()
      .describe('True: read at asOf; nothing is newer but perhaps the health of single resources'),
    stale: z.boolean().optional().describe('True: the cluster did not answer, this is the last known state'),
    unavailable: z
      .array(clusterFailure)
      .describe('Its cluster, if it did not answer; others, if they may have the name'),
    unavailableOmitted: listEnd.unavailableOmitted,
    caveats: caveatFields.caveats,
  }),
  run: (name, { fleet, signal }) => fleet.getApplication(name, signal),
});
