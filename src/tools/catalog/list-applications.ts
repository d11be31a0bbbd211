import { z } from 'zod';
import { listEnd, row } from '../answers.js';
import { clusterSelector, cursor, limit, namespace, oneOrMoreOf } from '../parameters.js';
import { defineTool } from '../tool.js';

const healthStates = ['Healthy', 'Progressing', 'Suspended', 'Missing', 'Degraded', 'Unknown'] as const;
const syncStates = ['Synced', 'OutOfSync', 'Unknown'] as const;

/** Which applications are meant: the same for a list of them and for their events. */
export const applicationFilters = {
  cluster: clusterSelector,
  health: oneOrMoreOf(healthStates, 'Only this health').optional(),
  sync: oneOrMoreOf(syncStates, 'Only this sync status').optional(),
  project: z.string().min(1).max(253).optional().describe('Argo CD project, a name or a glob'),
  namespace,
  name: z.string().min(1).max(253).optional().describe('Name or glob, for example pay* (* any text, ? one character)'),
  labels: z
    .string()
    .min(1)
    .max(1000)
    .optional()
    .describe('Kubernetes label selector on the applications, for example team=web,tier in (api,db)'),
};

export const listApplications = defineTool({
  name: 'list_applications',
  title: 'List applications',
  description:
    'Lists applications over the whole fleet, most urgent first: failed operations, comparison errors, Degraded, ' +
    'Missing, stuck, OutOfSync, then the rest. Answers from an index without asking Argo CD; asOf says how old it is ' +
    'and unavailable which clusters are missing or stale. totals counts all matches, so limit=1 answers "how many". ' +
    'Next: get_application for one, sync_application to deploy.',
  effect: 'read',
  idempotent: true,
  route: 'GET /applications',
  toolset: 'applications',
  input: z.strictObject({
    ...applicationFilters,
    limit,
    cursor,
  }),
  output: z.object({
    applications: z.array(row).describe('Matching applications, most urgent first'),
    total: z.int().describe('Applications that match'),
    totals: z
      .object({
        health: z.record(z.string(), z.int()).describe('Matches by health'),
        sync: z.record(z.string(), z.int()).describe('Matches by sync status'),
      })
      .describe('Counts over all matches, not only this page'),
    ...listEnd,
  }),
  cachedForMs: () => Infinity,
  run: (query, { fleet, signal }) => fleet.listApplications(query, signal),
});
