import { revisionsOf } from '../../argocd/rules.js';
import type { Application } from '../../argocd/schemas.js';
import type { ApplicationRow } from '../../cache/row.js';
import type { Cluster } from '../cluster.js';
import { lineOf, timeOf, wordOf } from '../index/upstream-values.js';
import { publicRow, shortRevision, type PublicRow } from './public-row.js';

const messageLengthMax = 500;
const listMax = 10;
const labelsMax = 30;
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
  labelsOmitted?: number;
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
    ...labelsShown(row),
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
    const message = lineOf(state.message, messageLengthMax);
    detail.operation = {
      ...detail.operation,
      ...present('message', message),
      ...present('revision', revision),
      ...present('initiatedBy', by),
    };
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
        id: Number.isSafeInteger(entry.id) ? (entry.id ?? 0) : 0,
        revision: revisionOf(entry) ?? '',
        ...present('deployedAt', timeOf(entry.deployedAt)),
        ...present('initiatedBy', by),
      };
    });
}

type Resources = NonNullable<NonNullable<Application['status']>['resources']>;

function findingsOf(resources: Resources): Finding[] {
  return resources
    .filter(({ status, health }) => status === 'OutOfSync' || (health?.status && health.status !== 'Healthy'))
    .map((resource) => ({
      ...present('group', lineOf(resource.group, 253)),
      kind: lineOf(resource.kind, 63) ?? 'Unknown',
      ...present('resourceNamespace', lineOf(resource.namespace, 253)),
      name: lineOf(resource.name, 253) ?? '',
      ...present('sync', wordOf(resource.status, undefined)),
      ...present('health', wordOf(resource.health?.status, undefined)),
      ...present('message', lineOf(resource.health?.message, 200)),
    }));
}

function revisionOf(from: Parameters<typeof revisionsOf>[0]): string | undefined {
  const revisions = revisionsOf(from)
    .slice(0, listMax)
    .map((revision) => lineOf(revision, 100) ?? '');
  return revisions.length > 0 ? shortRevision(revisions) : undefined;
}

function initiatedBy(
  by: { username?: string | null; automated?: boolean | null } | null | undefined,
): string | undefined {
  return lineOf(by?.username, 100) ?? (by?.automated ? 'auto-sync' : undefined);
}

/** The field, or nothing where there is no value. */
const present = <K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } =>
  value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });

function labelsShown({
  labels,
  labelsOmitted = 0,
}: ApplicationRow): Pick<ApplicationDetail, 'labels' | 'labelsOmitted'> {
  const all = Object.entries(labels);
  const shown = all.slice(0, labelsMax);
  const omitted = all.length - shown.length + labelsOmitted;
  return {
    ...(shown.length > 0 ? { labels: Object.fromEntries(shown) } : {}),
    ...(omitted > 0 ? { labelsOmitted: omitted } : {}),
  };
}

function imagesOf({ images, imagesOmitted }: ApplicationRow): Pick<ApplicationDetail, 'images' | 'imagesOmitted'> {
  const omitted = images.length - listMax + (imagesOmitted ?? 0);
  return {
    ...(images.length > 0 ? { images: images.slice(0, listMax) } : {}),
    ...(omitted > 0 ? { imagesOmitted: omitted } : {}),
  };
}
