import { z } from 'zod';
import { lagRules } from '../../fleet/answers/lag.js';
import { columns, type Column } from '../../fleet/answers/side-by-side.js';
import { caveatFields, listEnd } from '../answers.js';
import { clusterSelector, namespace } from '../parameters.js';
import { defineTool } from '../tool.js';
import { applicationFilters } from './list-applications.js';

const meanings: Record<Column, string> = {
  name: 'Application',
  namespace: "The application's own namespace",
  project: 'Argo CD project',
  health: 'Health',
  sync: 'Sync status',
  phase: 'Phase of the last operation',
  autoSync: 'on or off',
  repository: 'Repository; one per source, as all of these',
  path: 'Folder in the Git repository',
  chart: 'Helm chart',
  targetRevision: 'Branch, tag, commit or chart version that it follows',
  revision: 'Revision that it was compared to',
  deployed: 'Revision that runs: the compared one when Synced, else the last that was deployed',
  deployedAt: 'ISO 8601: last deployment',
};
const shared = Object.fromEntries(
  Object.keys(columns).map((column) => [
    column,
    z
      .string()
      .optional()
      .describe(meanings[column as Column]),
  ]),
);

const some = {
  on: z.array(z.string()).describe('Clusters, or cluster/name'),
  onOmitted: z.int().optional().describe('Further ones'),
};
const revision = {
  revision: z.string().describe('Revision that runs'),
  date: z.string().optional().describe('ISO 8601: date of the commit'),
};

const lag = z.object({
  source: z.int().optional().describe('Which of several sources, from 1'),
  rule: z
    .enum(lagRules)
    .describe('How it was found: equal, commit_date (same Git repository), chart_version (semver), differs: not known'),
  reason: z.string().optional().describe('Why there is no order, or not of all'),
  newest: z
    .object({ ...revision, on: some.on.optional(), onOmitted: some.onOmitted })
    .optional()
    .describe('The newest revision that runs; without on: everywhere'),
  behind: z
    .array(z.object({ ...revision, by: z.string().describe('By how much, against newest'), ...some }))
    .optional()
    .describe('Older ones, the furthest behind first'),
  notRanked: z.array(z.string()).optional().describe('Those that could not be put in order'),
  notRankedOmitted: z.int().optional().describe('Further ones'),
});

export const compareApplication = defineTool({
  name: 'compare_application',
  title: 'Compare an application over clusters',
  description:
    'Holds the instances of one application on many clusters against one another: what differs (revisions, images, ' +
    'parameters, health, sync) and who lags, with the rule by which that was found. Name it, or give labels where it is ' +
    'called differently. Values that could be secrets show as letters: same letter, same value. At most 25 instances.',
  effect: 'read',
  idempotent: true,
  route: 'GET /compare',
  toolset: 'applications',
  input: z.strictObject({
    application: z.string().min(1).max(253).optional().describe('Name or glob; required where labels are not given'),
    labels: applicationFilters.labels,
    cluster: clusterSelector,
    project: applicationFilters.project,
    namespace,
  }),
  output: z.object({
    summary: z.string().describe('What matters, in words'),
    total: z.int().describe('Instances that match'),
    instancesOmitted: z.int().optional().describe('Instances that are not compared; narrow the question'),
    lag: z.array(lag).describe('Who lags in what runs, per source'),
    differs: z.array(z.string()).describe('What is not the same everywhere'),
    equal: z
      .object({
        ...shared,
        images: z.array(z.string()).optional().describe('Images that all have'),
        imagesOmitted: z.int().optional().describe('Further images that all have'),
        parameters: z.int().optional().describe('How many parameters are set alike'),
      })
      .describe('What all have in common'),
    instances: z
      .array(
        z.object({
          cluster: z.string().describe('Cluster'),
          ...shared,
          images: z.array(z.string()).optional().describe('Images that not all have'),
          imagesOmitted: z.int().optional().describe('Further images'),
          parameters: z.record(z.string(), z.string()).optional().describe('Parameters that differ'),
          reason: z.string().optional().describe('Why it is broken; may quote text from the cluster'),
          stale: z.boolean().optional().describe('True: as it was when its cluster was last seen'),
          notRead: z.string().optional().describe('Why parameters and history are not known'),
        }),
      )
      .describe('By name and cluster; only what differs'),
    parametersOmitted: z.int().optional().describe('Further parameters that differ or were not compared'),
    asOf: listEnd.asOf,
    unavailable: listEnd.unavailable,
    unavailableOmitted: listEnd.unavailableOmitted,
    ...caveatFields,
  }),
  run: (query, { fleet, signal }) => fleet.compareApplication(query, signal),
});
