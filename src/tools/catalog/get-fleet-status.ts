import { z } from 'zod';
import { changeKinds } from '../../fleet/index/row-changes.js';
import { caveatFields, listEnd, row } from '../answers.js';
import { clusterSelector } from '../parameters.js';
import { defineTool } from '../tool.js';
import { applicationFilters } from './list-applications.js';

const count = (what: string) => z.int().describe(what);
const cluster = z.string().describe('Cluster');
const place = {
  cluster,
  namespace: z.string().describe("The application's own namespace"),
  application: z.string().describe('Application'),
};

const causeGroup = z.object({
  cause: z.string().describe('The message with names, hashes, numbers and addresses masked'),
  applications: count('Broken applications that say this'),
  clusters: count('Clusters they are on'),
  on: z.array(z.string()).describe('Some of these clusters'),
  example: z
    .object({ ...place, text: z.string().optional().describe('Text from the cluster, as it came') })
    .describe('The most urgent of them'),
});

const changed = z.object({
  minutes: count('How far back this looks'),
  removalsSince: z.string().optional().describe('ISO 8601: removals were noticed only from then on'),
  broke: count('Broken, and that began in this time'),
  removed: count('Seen to go away'),
  deleting: count('Deletion began'),
  recovered: count('Turned Healthy, without an operation'),
  created: count('Created'),
  deployed: count('An operation succeeded'),
  latest: z
    .array(z.object({ what: z.enum(changeKinds).describe('What'), at: z.string().describe('ISO 8601'), ...place }))
    .describe('The most telling ones'),
});

export const getFleetStatus = defineTool({
  name: 'get_fleet_status',
  title: 'Get the status of the fleet',
  description:
    'Start here for "what is broken?": one small answer over all clusters. How many clusters are known, counts, the ' +
    'worst applications, the same cause on many clusters in one line, what changed in the last minutes. Broken means: ' +
    'last operation failed, not comparable, Degraded, Missing, or over 10 min Progressing or being deleted; OutOfSync ' +
    'is not. Next: get_application for one, list_applications for the rest.',
  effect: 'read',
  idempotent: true,
  route: 'GET /status',
  toolset: 'applications',
  input: z.strictObject({
    cluster: clusterSelector,
    project: applicationFilters.project,
    labels: applicationFilters.labels,
    minutes: z.int().min(1).max(1440).default(60).describe('How far back changed looks'),
  }),
  output: z.object({
    summary: z.string().describe('What matters, in words'),
    clusters: z
      .object({ known: count('Clusters whose present state is known'), of: count('Clusters asked') })
      .describe('The others are in unavailable'),
    asOf: listEnd.asOf,
    unavailable: listEnd.unavailable,
    unavailableOmitted: listEnd.unavailableOmitted,
    ...caveatFields,
    applications: count('Applications, stale ones included'),
    broken: count('Broken ones'),
    health: z.record(z.string(), z.int()).describe('Applications by health'),
    sync: z.record(z.string(), z.int()).describe('Applications by sync status'),
    byCluster: z
      .array(z.object({ cluster, applications: count('Applications there'), broken: count('Broken ones') }))
      .describe('Clusters with broken applications, the worst first'),
    byClusterOmitted: z
      .object({ clusters: count('Further clusters'), broken: count('Broken applications there') })
      .optional()
      .describe('Clusters that are not shown'),
    worst: z
      .array(
        row
          .omit({ revision: true })
          .extend({ cause: z.int().optional().describe('Instead of a reason: number of the entry in causes, from 1') }),
      )
      .describe('Broken applications, most urgent first, at most two of one cause'),
    causes: z.array(causeGroup).describe('Causes of two or more, those on most clusters first'),
    causesOmitted: z
      .object({ causes: count('Further causes'), applications: count('Applications that have them') })
      .optional()
      .describe('Causes that are not shown'),
    changed: changed.describe('What the times in the applications prove; one may count under several'),
  }),
  // Its times are told in minutes; what changes in the index is in the next answer at once.
  cachedForMs: () => 1_000,
  run: (query, { fleet, signal }) => fleet.status(query, signal),
});
