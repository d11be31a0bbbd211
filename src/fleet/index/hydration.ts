import type { Application } from '../../argocd/schemas.js';
import type { ApplicationRow } from '../../cache/row.js';
import { addressOf, lineOf, messageOf, timeOf, wordOf } from './upstream-values.js';

type Spec = NonNullable<Application['spec']>;
type Hydrator = NonNullable<Spec['sourceHydrator']>;
type Hydration = NonNullable<NonNullable<NonNullable<Application['status']>['sourceHydrator']>['currentOperation']>;
type Condition = ApplicationRow['conditions'][number];

/** Our word for a failed hydration, beside Argo CD's types of conditions, among which it has none for that. */
export const hydrationError = 'HydrationError';

/**
 * The sources that Argo CD syncs from. What a hydrator writes comes before what else the spec holds.
 * Source: https://github.com/argoproj/argo-cd/blob/master/pkg/apis/application/v1alpha1/types.go (GetSources)
 */
export function givenSources(spec: Application['spec']): NonNullable<Spec['sources']> {
  if (spec?.sourceHydrator) return [syncSourceOf(spec.sourceHydrator)];
  // A stream's prefix filter leaves an empty `source: {}` beside `sources`.
  if (spec?.sources && spec.sources.length > 0) return spec.sources;
  return spec?.source ? [spec.source] : [];
}

/** Argo CD commits to the repository that it reads from, unless it is told of another one. */
const syncSourceOf = ({ drySource, syncSource }: Hydrator): NonNullable<Spec['source']> => ({
  repoURL: syncSource?.repoURL || drySource?.repoURL,
  path: syncSource?.path,
  targetRevision: syncSource?.targetBranch,
});

/** What is hydrated; undefined where nothing is. */
export function drySourceOf({ spec }: Application): ApplicationRow['drySource'] {
  const source = spec?.sourceHydrator?.drySource;
  const repository = addressOf(source?.repoURL);
  if (!source || !repository) return undefined;
  return { repository, path: lineOf(source.path, 300), targetRevision: lineOf(source.targetRevision, 253) };
}

/** The phase of the last hydration. */
export const hydrationPhaseOf = (application: Application): string | undefined =>
  wordOf(hydrationOf(application)?.phase, undefined);

/** The failed hydration as a condition; undefined when the last one has not failed. */
export function hydrationErrorOf(application: Application, messageLengthMax: number): Condition | undefined {
  const hydration = hydrationOf(application);
  if (hydration?.phase !== 'Failed') return undefined;
  return {
    type: hydrationError,
    message: messageOf(hydration.message, messageLengthMax) ?? '',
    since: timeOf(hydration.finishedAt),
  };
}

/** What was told of a hydrator that is gone from the spec stays in the status, and means nothing. */
const hydrationOf = ({ spec, status }: Application): Hydration | undefined =>
  (spec?.sourceHydrator && status?.sourceHydrator?.currentOperation) || undefined;
