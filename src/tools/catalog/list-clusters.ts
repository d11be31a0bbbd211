import { z } from 'zod';
import { feedSources, feedStates } from '../../fleet/feed/feed.js';
import { listEnd } from '../answers.js';
import { clusterSelector, cursor, limit } from '../parameters.js';
import { defineTool } from '../tool.js';

const feed = z.object({
  state: z
    .enum(feedStates)
    .describe(
      'live: followed by a stream; lagging: events come late; polling: by lists; access_reduced: the account sees less than before; seeding: first read; stale or down: old; idle: not asked yet',
    ),
  source: z
    .enum(feedSources)
    .optional()
    .describe('leader: this replica watches it; follower: another one; local: this one for itself, Redis is away'),
  since: z.string().describe('ISO 8601: in this state since'),
  asOf: z.string().optional().describe('ISO 8601: last sign of life; absent if never'),
  lastEventAt: z.string().optional().describe('ISO 8601: last change heard of'),
  lastListAt: z.string().optional().describe('ISO 8601: last full list'),
  reason: z.string().optional().describe('Why it is not live, or may soon not be'),
});

export const listClusters = defineTool({
  name: 'list_clusters',
  title: 'List clusters',
  description:
    'Lists the clusters (Argo CD instances) of the fleet with labels, version, how fresh their data is and how many ' +
    'applications each holds. Use it to learn the names and labels for the cluster argument, and to see what is not ' +
    'reachable. Next: list_applications.',
  effect: 'read',
  idempotent: true,
  route: 'GET /clusters',
  toolset: 'clusters',
  input: z.strictObject({ cluster: clusterSelector, limit, cursor }),
  output: z.object({
    clusters: z
      .array(
        z.object({
          cluster: z.string().describe('Name, for the cluster argument'),
          labels: z.record(z.string(), z.string()).describe('Labels, for selectors such as env=prod'),
          version: z.string().optional().describe('Version of Argo CD; absent until it was read'),
          feed: feed.describe('How fresh its data is'),
          applications: z.int().describe('Applications known'),
          readOnly: z.boolean().describe('True if nothing may be changed there'),
          uiUrl: z.string().optional().describe("Argo CD's own web interface"),
        }),
      )
      .describe('Clusters by name'),
    total: z.int().describe('Clusters that match'),
    configuration: z
      .object({
        hash: z.string().describe('Equal on replicas that are configured alike'),
        loadedAt: z.string().describe('ISO 8601: when this server took it over'),
      })
      .describe('What this server goes by'),
    jobs: z
      .object({
        durable: z.boolean().describe('False: jobs are lost when this server restarts (no Redis is configured)'),
      })
      .describe('How jobs are kept'),
    ...listEnd,
  }),
  cachedForMs: () => Infinity,
  run: async (query, { fleet, jobs, signal }) => {
    const page = await fleet.listClusters(query, signal);
    return { ...page, configuration: fleet.configuration, jobs: { durable: jobs.durable } };
  },
});
