import { hasAutoSync, revisionsOf } from '../../argocd/rules.js';
import type { Application } from '../../argocd/schemas.js';
import type { ApplicationRow } from '../../cache/row.js';
import { addressOf, labelsOf, lineOf, nameOf, timeOf, versionOf, wordOf } from './upstream-values.js';

type Source = ApplicationRow['sources'][number];

/** Longest text of a condition, health or operation message that a row keeps. */
const messageLengthMax = 300;
const labelsMax = 100;
const imagesMax = 50;
const listMax = 20;

/**
 * Makes the row of one application, from a stream frame or from a whole object. Undefined when the object names no
 * application that Kubernetes could hold: such a thing is not kept. Every value is bounded and clean.
 */
export function rowOf(cluster: string, application: Application): ApplicationRow | undefined {
  const { metadata, spec, status, operation } = application;
  const name = nameOf(metadata?.name);
  const namespace = nameOf(metadata?.namespace);
  if (!metadata || !name || !namespace) return undefined;
  const { labels, omitted: labelsOmitted } = labelsOf(metadata.labels, labelsMax);
  const images = status?.summary?.images ?? [];
  const imagesOmitted = Math.max(0, images.length - imagesMax);
  return {
    cluster,
    namespace,
    name,
    uid: lineOf(metadata.uid, 64),
    resourceVersion: versionOf(metadata.resourceVersion),
    project: lineOf(spec?.project, 253) ?? 'default',
    labels,
    ...(labelsOmitted > 0 ? { labelsOmitted } : {}),
    health: wordOf(status?.health?.status, 'Unknown'),
    healthMessage: lineOf(status?.health?.message, messageLengthMax),
    healthSince: timeOf(status?.health?.lastTransitionTime),
    sync: wordOf(status?.sync?.status, 'Unknown'),
    revisions: revisionsOf(status?.sync)
      .slice(0, listMax)
      .map((revision) => lineOf(revision, 100) ?? ''),
    operation: operationOf(application),
    operating: operation != null,
    conditions: (status?.conditions ?? []).slice(0, listMax).map((condition) => ({
      type: wordOf(condition.type, 'UnknownError'),
      message: lineOf(condition.message, messageLengthMax) ?? '',
      since: timeOf(condition.lastTransitionTime),
    })),
    destination: {
      server: addressOf(spec?.destination?.server),
      name: lineOf(spec?.destination?.name, 253),
      namespace: lineOf(spec?.destination?.namespace, 253),
    },
    sources: sourcesOf(application),
    autoSync: hasAutoSync(application),
    images: images.slice(0, imagesMax).map((image) => lineOf(image, 300) ?? ''),
    ...(imagesOmitted > 0 ? { imagesOmitted } : {}),
    createdAt: timeOf(metadata.creationTimestamp),
    deletingSince: timeOf(metadata.deletionTimestamp),
  };
}

function operationOf({ status }: Application): ApplicationRow['operation'] {
  const state = status?.operationState;
  const phase = wordOf(state?.phase, undefined);
  if (!state || !phase) return undefined;
  return {
    phase,
    message: lineOf(state.message, messageLengthMax),
    startedAt: timeOf(state.startedAt),
    finishedAt: timeOf(state.finishedAt),
    retryCount: Number.isSafeInteger(state.retryCount) ? (state.retryCount ?? undefined) : undefined,
  };
}

function sourcesOf({ spec }: Application): Source[] {
  // A stream's prefix filter leaves an empty `source: {}` beside `sources`: only a source with an address is one.
  const all = spec?.sources && spec.sources.length > 0 ? spec.sources : spec?.source ? [spec.source] : [];
  return all.slice(0, listMax).flatMap((source) => {
    const repository = addressOf(source.repoURL);
    if (!repository) return [];
    return [
      {
        repository,
        path: lineOf(source.path, 300),
        chart: lineOf(source.chart, 253),
        targetRevision: lineOf(source.targetRevision, 253),
      },
    ];
  });
}
