import { revisionsOf } from '../argocd/rules.js';
import type { Application } from '../argocd/schemas.js';
import type { ApplicationRow } from '../cache/row.js';
import type { Cluster } from './cluster.js';
import { plainText } from './plain-text.js';
import { publicRow, shortRevision, type PublicRow } from './public-row.js';

const messageLengthMax = 500;
const listMax = 10;
const historyMax = 5;

/** One resource of the application that is not simply Synced and Healthy. */
export interface Finding {
  group?: string;
  kind: string;
  resourceNamespace?: string;
  name: string;
  sync?: string;
  health?: string;
  message?: string;
}

/** One application in full, as far as an answer for a model should go. Cut lists have their rest counted. */
export interface ApplicationDetail extends PublicRow {
  labels?: Record<string, string>;
  uiUrl?: string;
  healthSince?: string;
  autoSync: boolean;
  destination: ApplicationRow['destination'];
  sources: ApplicationRow['sources'];
  images?: string[];
  imagesOmitted?: number;
  conditions?: ApplicationRow['conditions'];
  deletingSince?: string;
  operation?: {
    phase: string;
    message?: string;
    startedAt?: string;
    finishedAt?: string;
    revision?: string;
    initiatedBy?: string;
    retryCount?: number;
  };
  history?: { id: number; revision: string; deployedAt?: string; initiatedBy?: string }[];
  resources?: { total: number; findings: Finding[]; findingsOmitted?: number };
}

/** What the row alone can tell, for a cluster that cannot be asked. */
export function detailOfRow(row: ApplicationRow, cluster: Cluster, nowMs: number): ApplicationDetail {
  const { uiUrl } = cluster.facts;
  return {
    ...publicRow(row, cluster, nowMs),
    ...(Object.keys(row.labels).length > 0 ? { labels: row.labels } : {}),
    ...(uiUrl ? { uiUrl: `${uiUrl.replace(/\/$/, '')}/applications/${row.namespace}/${row.name}` } : {}),
    ...(row.healthSince ? { healthSince: row.healthSince } : {}),
    autoSync: row.autoSync,
    destination: row.destination,
    sources: row.sources,
    ...imagesOf(row),
    ...(row.conditions.length > 0 ? { conditions: row.conditions.slice(0, listMax) } : {}),
    ...(row.deletingSince ? { deletingSince: row.deletingSince } : {}),
    ...(row.operation ? { operation: row.operation } : {}),
  };
}

/** The row's detail with what only the whole object holds: who started what, history, resources. */
export function detailOf(
  application: Application,
  row: ApplicationRow,
  cluster: Cluster,
  nowMs: number,
): ApplicationDetail {
  const detail = detailOfRow(row, cluster, nowMs);
  const state = application.status?.operationState;
  if (detail.operation && state) {
    const revision = revisionOf(state.syncResult ?? state.operation?.sync);
    const by = initiatedBy(state.operation?.initiatedBy);
    detail.operation = { ...detail.operation, ...(revision ? { revision } : {}), ...(by ? { initiatedBy: by } : {}) };
    if (state.message) detail.operation.message = plainText(state.message, messageLengthMax);
  }
  const history = historyOf(application);
  if (history.length > 0) detail.history = history;
  const resources = application.status?.resources ?? [];
  if (resources.length > 0) {
    const findings = findingsOf(resources);
    detail.resources = {
      total: resources.length,
      findings: findings.slice(0, listMax),
      ...(findings.length > listMax ? { findingsOmitted: findings.length - listMax } : {}),
    };
  }
  return detail;
}

/** Newest first. */
function historyOf(application: Application): NonNullable<ApplicationDetail['history']> {
  return (application.status?.history ?? [])
    .slice(-historyMax)
    .reverse()
    .map((entry) => {
      const by = initiatedBy(entry.initiatedBy);
      return {
        id: entry.id ?? 0,
        revision: revisionOf(entry) ?? '',
        ...(entry.deployedAt ? { deployedAt: entry.deployedAt } : {}),
        ...(by ? { initiatedBy: by } : {}),
      };
    });
}

type Resources = NonNullable<NonNullable<Application['status']>['resources']>;

function findingsOf(resources: Resources): Finding[] {
  return resources
    .filter(({ status, health }) => status === 'OutOfSync' || (health?.status && health.status !== 'Healthy'))
    .map((resource) => ({
      ...(resource.group ? { group: resource.group } : {}),
      kind: resource.kind ?? '',
      ...(resource.namespace ? { resourceNamespace: resource.namespace } : {}),
      name: resource.name ?? '',
      ...(resource.status ? { sync: resource.status } : {}),
      ...(resource.health?.status ? { health: resource.health.status } : {}),
      ...(resource.health?.message ? { message: plainText(resource.health.message, 200) } : {}),
    }));
}

function revisionOf(from: Parameters<typeof revisionsOf>[0]): string | undefined {
  const revisions = revisionsOf(from);
  return revisions.length > 0 ? shortRevision(revisions) : undefined;
}

function initiatedBy(
  by: { username?: string | null; automated?: boolean | null } | null | undefined,
): string | undefined {
  return by?.username || (by?.automated ? 'auto-sync' : undefined);
}

function imagesOf({ images }: ApplicationRow): Pick<ApplicationDetail, 'images' | 'imagesOmitted'> {
  const omitted = images.length - listMax;
  return {
    ...(images.length > 0 ? { images: images.slice(0, listMax) } : {}),
    ...(omitted > 0 ? { imagesOmitted: omitted } : {}),
  };
}
