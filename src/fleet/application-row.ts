import { hasAutoSync, revisionsOf } from '../argocd/rules.js';
import type { Application } from '../argocd/schemas.js';
import type { ApplicationRow } from '../cache/row.js';
import { plainText } from './plain-text.js';

type Source = NonNullable<ApplicationRow['sources']>[number];

/** Longest text of a condition, health or operation message that a row keeps. */
const messageLengthMax = 300;

/**
 * Makes the row of one application, from a stream frame or from a whole object. Undefined when the object names no
 * application: such a thing is not kept.
 */
export function rowOf(cluster: string, application: Application): ApplicationRow | undefined {
  const { metadata, spec, status, operation } = application;
  if (!metadata?.name || !metadata.namespace) return undefined;
  const state = status?.operationState ?? undefined;
  return {
    cluster,
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid ?? undefined,
    resourceVersion: metadata.resourceVersion ?? undefined,
    project: spec?.project || 'default',
    labels: metadata.labels ?? {},
    health: status?.health?.status || 'Unknown',
    healthMessage: text(status?.health?.message),
    healthSince: status?.health?.lastTransitionTime ?? undefined,
    sync: status?.sync?.status || 'Unknown',
    revisions: revisionsOf(status?.sync),
    operation: state?.phase
      ? {
          phase: state.phase,
          message: text(state.message),
          startedAt: state.startedAt ?? undefined,
          finishedAt: state.finishedAt ?? undefined,
          retryCount: state.retryCount ?? undefined,
        }
      : undefined,
    operating: operation != null,
    conditions: (status?.conditions ?? []).map((condition) => ({
      type: condition.type ?? 'UnknownError',
      message: text(condition.message) ?? '',
      since: condition.lastTransitionTime ?? undefined,
    })),
    destination: {
      server: spec?.destination?.server || undefined,
      name: spec?.destination?.name || undefined,
      namespace: spec?.destination?.namespace || undefined,
    },
    sources: sourcesOf(application),
    autoSync: hasAutoSync(application),
    images: status?.summary?.images ?? [],
    createdAt: metadata.creationTimestamp ?? undefined,
    deletingSince: metadata.deletionTimestamp ?? undefined,
  };
}

function sourcesOf(application: Application): Source[] {
  const { spec } = application;
  // A stream's prefix filter leaves an empty `source: {}` beside `sources`: only a source with an address is one.
  const all = spec?.sources && spec.sources.length > 0 ? spec.sources : spec?.source ? [spec.source] : [];
  return all
    .filter((source) => source.repoURL)
    .map((source) => ({
      repository: source.repoURL ?? '',
      path: source.path || undefined,
      chart: source.chart || undefined,
      targetRevision: source.targetRevision || undefined,
    }));
}

function text(value: string | null | undefined): string | undefined {
  return value ? plainText(value, messageLengthMax) : undefined;
}
