import { hasAutoSync } from '../../argocd/rules.js';
import type { Application } from '../../argocd/schemas.js';
import type { ApplicationRow } from '../../cache/row.js';
import { drySourceOf, givenSources, hydrationErrorOf, hydrationPhaseOf } from './hydration.js';
import { addressOf, labelsOf, lineOf, messageOf, nameOf, timeOf, versionOf, wordOf } from './upstream-values.js';

type Source = ApplicationRow['sources'][number];
type Condition = ApplicationRow['conditions'][number];

/**
 * Longest text of a condition, health or operation message that a row keeps. Argo CD's own words before the cause take up
 * to a third of it.
 */
const messageLengthMax = 500;
const labelsMax = 100;
/** Generous, since an image beyond is not found; each text is held once for all rows. */
const imagesMax = 200;
const listMax = 20;

/**
 * Makes the row of one application, from a stream frame or from a whole object. Undefined when the object names no
 * application that Kubernetes could hold: such a thing is not kept. Every value is bounded and clean.
 *
 * Written for speed: it is most of what reading a cluster costs beside parsing JSON.
 */
export function rowOf(cluster: string, application: Application): ApplicationRow | undefined {
  const { metadata, spec, status } = application;
  const name = nameOf(metadata?.name);
  const namespace = nameOf(metadata?.namespace);
  if (!metadata || !name || !namespace) return undefined;
  const { labels, omitted } = labelsOf(metadata.labels, labelsMax);
  const images = status?.summary?.images;
  const health = status?.health;
  const destination = spec?.destination;
  return {
    cluster,
    namespace,
    name,
    uid: lineOf(metadata.uid, 64),
    resourceVersion: versionOf(metadata.resourceVersion),
    project: lineOf(spec?.project, 253) ?? 'default',
    labels,
    labelsOmitted: omitted > 0 ? omitted : undefined,
    health: wordOf(health?.status, 'Unknown'),
    healthMessage: messageOf(health?.message, messageLengthMax),
    healthSince: timeOf(health?.lastTransitionTime),
    sync: wordOf(status?.sync?.status, 'Unknown'),
    notCompared: status?.sync?.status ? undefined : true,
    revisions: revisionsOf(status?.sync),
    operation: operationOf(application),
    operating: application.operation != null,
    conditions: conditionsOf(application),
    destination: {
      server: addressOf(destination?.server),
      name: lineOf(destination?.name, 253),
      namespace: lineOf(destination?.namespace, 253),
    },
    sources: sourcesOf(application),
    drySource: drySourceOf(application),
    hydration: hydrationPhaseOf(application),
    autoSync: hasAutoSync(application),
    images: linesOf(images, imagesMax, 300),
    imagesOmitted: images && images.length > imagesMax ? images.length - imagesMax : undefined,
    createdAt: timeOf(metadata.creationTimestamp),
    deletingSince: timeOf(metadata.deletionTimestamp),
  };
}

/** The first lines of a list; what is no line stands as an empty one, so that places are kept. */
function linesOf(texts: readonly string[] | null | undefined, countMax: number, lengthMax: number): string[] {
  const lines: string[] = [];
  if (!texts) return lines;
  for (let i = 0; i < texts.length && i < countMax; i++) lines.push(lineOf(texts[i], lengthMax) ?? '');
  return lines;
}

function revisionsOf(sync: NonNullable<Application['status']>['sync']): string[] {
  if (sync?.revisions && sync.revisions.length > 0) return linesOf(sync.revisions, listMax, 100);
  return sync?.revision ? [lineOf(sync.revision, 100) ?? ''] : [];
}

function conditionsOf(application: Application): Condition[] {
  const conditions: Condition[] = [];
  const failedHydration = hydrationErrorOf(application, messageLengthMax);
  if (failedHydration) conditions.push(failedHydration);
  for (const condition of application.status?.conditions ?? []) {
    if (conditions.length === listMax) break;
    conditions.push({
      type: wordOf(condition.type, 'UnknownError'),
      message: messageOf(condition.message, messageLengthMax) ?? '',
      since: timeOf(condition.lastTransitionTime),
    });
  }
  return conditions;
}

function operationOf({ status }: Application): ApplicationRow['operation'] {
  const state = status?.operationState;
  const phase = wordOf(state?.phase, undefined);
  if (!state || !phase) return undefined;
  const { retryCount } = state;
  return {
    phase,
    message: messageOf(state.message, messageLengthMax),
    startedAt: timeOf(state.startedAt),
    finishedAt: timeOf(state.finishedAt),
    retryCount: Number.isSafeInteger(retryCount) ? (retryCount ?? undefined) : undefined,
  };
}

function sourcesOf({ spec }: Application): Source[] {
  const all: Source[] = [];
  const given = givenSources(spec);
  for (let i = 0; i < given.length && i < listMax; i++) {
    const { repoURL, path, chart, targetRevision } = given[i] as (typeof given)[number];
    const repository = addressOf(repoURL);
    // Only a source with an address is one.
    if (!repository) continue;
    all.push({
      repository,
      path: lineOf(path, 300),
      chart: lineOf(chart, 253),
      targetRevision: lineOf(targetRevision, 253),
    });
  }
  return all;
}
