import { z } from 'zod';

/** Shapes that several tools answer with. */

/** What is told of the feed of every cluster that an answer names. */
const feedTimes = {
  since: z.string().describe('ISO 8601: in this state since'),
  lastEventAt: z.string().optional().describe('ISO 8601: last change heard of'),
  lastListAt: z.string().optional().describe('ISO 8601: last full list'),
};

export const clusterFailure = z.object({
  cluster: z.string().describe('Cluster whose present state is not known'),
  code: z
    .string()
    .describe(
      'Kind of failure: cluster_not_ready, cluster_refused, cluster_unreachable, cluster_timeout or unavailable',
    ),
  message: z.string().describe('What is the matter'),
  state: z.string().describe('State of its feed, as in list_clusters'),
  ...feedTimes,
  lastSeenAt: z.string().optional().describe('ISO 8601: when its rows were last known true; absent if never'),
  staleRows: z.int().describe('How many of its applications are known from then'),
});

const caveat = z.object({
  cluster: z.string().describe('Cluster'),
  state: z.string().describe('State of its feed, as in list_clusters'),
  source: z.string().optional().describe('local: this replica watches it for itself, Redis is away'),
  ...feedTimes,
  reason: z.string().optional().describe('Why'),
});

/** Shapes that several tools answer with: `tools/list` says that they are objects, OpenAPI and docs/tools.md the rest. */
export const listedBriefly: ReadonlySet<unknown> = new Set([caveat]);

/** Of clusters that are served in full though their feed is not simply live. */
export const caveatFields = {
  caveats: z.array(caveat).optional().describe('Clusters whose part is there, but perhaps late: how they are followed'),
  caveatsOmitted: z.int().optional().describe('Further such clusters that are not shown'),
};

/** Fields that end every list answer. */
export const listEnd = {
  nextCursor: z.string().optional().describe('Give it as cursor for the next page; absent on the last'),
  asOf: z.string().optional().describe('ISO 8601: everything from clusters not in unavailable was true at this time'),
  unavailable: z.array(clusterFailure).describe('Clusters whose part of the answer is stale or missing'),
  unavailableOmitted: z.int().optional().describe('Further such clusters that are not shown'),
};

export const row = z.object({
  cluster: z.string().describe('Cluster'),
  namespace: z.string().describe("The application's own namespace"),
  name: z.string().describe('Application'),
  project: z.string().describe('Argo CD project'),
  health: z.string().describe('Healthy, Progressing, Suspended, Missing, Degraded or Unknown'),
  sync: z.string().describe('Synced, OutOfSync or Unknown'),
  phase: z.string().optional().describe('Phase of the last operation: Running, Succeeded, Failed, Error, Terminating'),
  revision: z.string().optional().describe('Revision it was compared to, Git hashes cut to 12; one per source'),
  reason: z.string().optional().describe('Why it is not fine; may quote text from the cluster'),
  stale: z.boolean().optional().describe('True: as it was at lastSeenAt of its cluster'),
});

export const applicationDetail = row.extend({
  labels: z.record(z.string(), z.string()).optional().describe('Labels of the application'),
  labelsOmitted: z.int().optional().describe('Further labels'),
  uiUrl: z.string().optional().describe("Page of the application in Argo CD's own web interface"),
  healthSince: z.string().optional().describe('ISO 8601'),
  autoSync: z.boolean().describe('True if Argo CD syncs it by itself'),
  destination: z
    .object({
      server: z.string().optional().describe('API address of the Kubernetes cluster'),
      name: z.string().optional().describe('Name of the Kubernetes cluster'),
      namespace: z.string().optional().describe('Namespace it deploys to'),
    })
    .describe('Where it deploys to'),
  sources: z
    .array(
      z.object({
        repository: z.string().describe('Git or chart repository'),
        path: z.string().optional().describe('Folder in the Git repository'),
        chart: z.string().optional().describe('Helm chart'),
        targetRevision: z.string().optional().describe('Branch, tag, commit or chart version it follows'),
      }),
    )
    .describe('Where its manifests come from'),
  drySource: z
    .object({
      repository: z.string().describe('Git repository'),
      path: z.string().optional().describe('Folder in it'),
      targetRevision: z.string().optional().describe('What it follows'),
    })
    .optional()
    .describe('What Argo CD hydrates into the source'),
  images: z.array(z.string()).optional().describe('Container images in use'),
  imagesOmitted: z.int().optional().describe('Further images'),
  conditions: z
    .array(
      z.object({
        type: z.string().describe('For example ComparisonError'),
        message: z.string().describe("Argo CD's text"),
        since: z.string().optional().describe('ISO 8601'),
      }),
    )
    .optional()
    .describe('What Argo CD complains about'),
  deletingSince: z.string().optional().describe('ISO 8601; present while it is being deleted'),
  operation: z
    .object({
      phase: z.string().describe('Running, Terminating, Succeeded, Failed or Error'),
      message: z.string().optional().describe("Argo CD's text"),
      startedAt: z.string().optional().describe('ISO 8601'),
      finishedAt: z.string().optional().describe('ISO 8601; while Running it is the end of the last try'),
      revision: z.string().optional().describe('Revision that was synced'),
      initiatedBy: z.string().optional().describe('User name in Argo CD, or auto-sync'),
      retryCount: z.int().optional().describe('Retries so far'),
    })
    .optional()
    .describe('The running or last operation'),
  history: z
    .array(
      z.object({
        id: z.int().describe('Id of the deployment, for a rollback'),
        revision: z.string().describe('Revision deployed'),
        deployedAt: z.string().optional().describe('ISO 8601'),
        initiatedBy: z.string().optional().describe('User name in Argo CD, or auto-sync'),
      }),
    )
    .optional()
    .describe('Last deployments, newest first'),
  resources: z
    .object({
      total: z.int().describe('Resources of the application'),
      findings: z
        .array(
          z.object({
            group: z.string().optional().describe('API group; absent for the core group'),
            kind: z.string().describe('Kind'),
            resourceNamespace: z.string().optional().describe('Namespace of the resource'),
            name: z.string().describe('Name'),
            sync: z.string().optional().describe('Synced or OutOfSync'),
            health: z.string().optional().describe('Health of the resource'),
            message: z.string().optional().describe('Text from the cluster'),
          }),
        )
        .describe('Those that are not Synced and Healthy'),
      findingsOmitted: z.int().optional().describe('Further findings'),
    })
    .optional()
    .describe('Its Kubernetes resources'),
});
