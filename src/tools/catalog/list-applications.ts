import { z } from 'zod';
import { dependsOnTime } from '../../fleet/answers/application-filter.js';
import { groupFields, type GroupBy } from '../../fleet/index/row-groups.js';
import { rowSorts } from '../../fleet/index/row-order.js';
import { problemRanks, urgencyRanks, type UrgencyRank } from '../../fleet/index/urgency.js';
import { caveatFields, listEnd, row } from '../answers.js';
import { clusterSelector, cursor, limit, namespace, oneOrMoreOf, wordsOf } from '../parameters.js';
import { defineTool } from '../tool.js';

const healthStates = ['Healthy', 'Progressing', 'Suspended', 'Missing', 'Degraded', 'Unknown'] as const;
const syncStates = ['Synced', 'OutOfSync', 'Unknown'] as const;
const phases = ['Running', 'Terminating', 'Succeeded', 'Failed', 'Error'] as const;

/** Not `min(1)`, which would say so twenty times to every model. */
const text = (description: string, lengthMax = 253) =>
  z
    .string()
    .max(lengthMax)
    .refine((given) => given !== '', 'must not be empty')
    .optional()
    .describe(description);
const time = (which: string) => text(`Last operation ended ${which}: so long ago (30m, 2h, 7d) or ISO 8601`, 40);

const otherRanks: readonly UrgencyRank[] = urgencyRanks.filter((rank) => !problemRanks.includes(rank));

/** `true`, `false` or ranks, or several of them, in any case: some clients send a boolean, some `True`. */
const problem = z.coerce
  .string()
  .max(200)
  .transform((given, context): readonly UrgencyRank[] => {
    const words = wordsOf(['true', 'false', ...urgencyRanks], given, context);
    return [...new Set(words.flatMap(ranksOf))];
  })
  .optional()
  .describe(`true = broken (the first six of these), false = the rest, or a comma list of ${urgencyRanks.join(', ')}`);

const ranksOf = (word: 'true' | 'false' | UrgencyRank): readonly UrgencyRank[] =>
  word === 'true' ? problemRanks : word === 'false' ? otherRanks : [word];
/** Which applications are meant: the same for a list of them and for their events. */
export const applicationFilters = {
  cluster: clusterSelector,
  project: text('Argo CD project, a name or a glob'),
  namespace: namespace.describe("The application's own namespace"),
  name: text('Name or glob: pay* (* any text, ? one character)'),
  labels: text('Kubernetes label selector: team=web,tier in (api,db),!legacy', 1000),
  health: oneOrMoreOf(healthStates, 'Health').optional(),
  sync: oneOrMoreOf(syncStates, 'Sync status').optional(),
  phase: oneOrMoreOf(phases, 'Last operation').optional(),
  problem,
  destination: text('Name or server address deployed to; glob'),
  destinationNamespace: text('Namespace deployed to; glob'),
  repository: text('Repository address; glob (*org/repo*)'),
  path: text('Folder in the repository; glob'),
  chart: text('Helm chart; glob'),
  targetRevision: text('Branch, tag or version followed; glob'),
  revision: text('Revision compared to: its beginning (short hash) or a glob'),
  image: text('Image; glob. Registry, path, tag may be left out: nginx, nginx:1.2*'),
  text: text('Text in names, labels, sources, images, revisions or messages'),
  lastSyncBefore: time('before'),
  lastSyncAfter: time('after'),
  autoSync: z.boolean().optional().describe('Synced by Argo CD itself or not'),
};

const labelGroup = 'label:';

const groupBy = z
  .string()
  .max(330)
  .transform((given, context): GroupBy => {
    if (given.startsWith(labelGroup) && given.length > labelGroup.length)
      return { label: given.slice(labelGroup.length) };
    return wordsOf(groupFields, given, context, { only: true, orElse: 'label:<key>' })[0] ?? 'cluster';
  })
  .optional()
  .describe(`Count by ${groupFields.join(', ')} or label:<key> instead of listing`);

export const listApplications = defineTool({
  name: 'list_applications',
  title: 'List applications',
  description:
    'Lists applications over the whole fleet, most urgent first: failed operations, comparison errors, Degraded, ' +
    'Missing, stuck, OutOfSync, then the rest. Use it too for "where does this image or commit run" and, with groupBy, ' +
    '"how many per ...". Answers from an index without asking Argo CD; asOf says how old it is, unavailable which ' +
    'clusters are missing or stale, caveats which may be late. totals counts all matches. Next: get_application for one, sync_application to deploy.',
  effect: 'read',
  idempotent: true,
  route: 'GET /applications',
  toolset: 'applications',
  input: z.strictObject({
    ...applicationFilters,
    sort: z.enum(rowSorts).default('urgency').describe('changed and lastSync: newest first'),
    groupBy,
    fresh: z.boolean().default(false).describe('Ask the clusters first (up to 10 s)'),
    limit,
    cursor,
  }),
  output: z.object({
    applications: z.array(row).optional().describe('Matching applications; absent with groupBy'),
    groups: z
      .array(
        z.object({
          key: z.string().describe('What they have in common; (none) if nothing'),
          count: z.int().describe('Applications; one with several images or sources counts in each'),
          health: z.record(z.string(), z.int()).describe('These by health'),
        }),
      )
      .optional()
      .describe('Present with groupBy, the largest first'),
    groupsOmitted: z.int().optional().describe('Further groups'),
    total: z.int().describe('Applications that match'),
    totals: z
      .object({
        health: z.record(z.string(), z.int()).describe('Matches by health'),
        sync: z.record(z.string(), z.int()).describe('Matches by sync status'),
      })
      .describe('Counts over all matches, not only this page'),
    ...listEnd,
    ...caveatFields,
  }),
  cachedForMs: (query) => (query.fresh || dependsOnTime(query) ? 0 : Infinity),
  run: (query, { fleet, signal }) => fleet.listApplications(query, signal),
});
