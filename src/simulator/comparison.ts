import type {
  ApplicationState,
  ApplicationStatus,
  Condition,
  Health,
  LiveResource,
  ResourceStatus,
  Source,
} from './application.js';
import { isMultiSource, sourcesOf } from './application.js';
import { hydrate } from './hydration.js';
import type { Manifest } from './manifest.js';
import { KINDS_WITH_HEALTH, keyOfResource, shortName, statusOrder } from './manifest.js';
import type { Repositories } from './repositories.js';
import { RepositoryError } from './repositories.js';
import { sourceTypeOf } from './repository-paths.js';
import type { VersionProfile } from './version.js';

/** What is needed to hold an application against its source. */
export interface ComparisonContext {
  repositories: Repositories;
  profile: VersionProfile;
  /** The time of the comparison, whole seconds. */
  stamp: string;
}

/** From best to worst. Source: gitops-engine/pkg/health/health.go */
const HEALTH_ORDER = ['Healthy', 'Suspended', 'Progressing', 'Missing', 'Degraded', 'Unknown'];

/** What the sources render to at the given revisions. Throws `RepositoryError`, its message already naming the source. */
export function renderAll(
  name: string,
  state: ApplicationState,
  sources: Source[],
  revisions: string[],
  repositories: Repositories,
): Manifest[] {
  if (state.traits.comparisonError) throw new RepositoryError(state.traits.comparisonError);
  return sources.flatMap((source, index) => {
    try {
      return repositories.render(source, revisions[index] ?? '', {
        application: name,
        namespace: state.spec.destination.namespace ?? 'default',
      });
    } catch (error) {
      if (!(error instanceof RepositoryError)) throw error;
      const what = `failed to generate manifest for source ${index + 1} of ${sources.length}`;
      throw new RepositoryError(
        `Failed to load target state: ${what}: rpc error: code = ${error.grpcCode} desc = ${error.message}`,
      );
    }
  });
}

/** Desired against live, as one reconciliation finds it: a new status with the history and operation of the old one. */
export function compare(name: string, state: ApplicationState, context: ComparisonContext): ApplicationStatus {
  const { spec, status } = state;
  const sources = sourcesOf(spec);
  const isMulti = isMultiSource(spec);
  let revisions: string[] = sources.map((source) => source.targetRevision ?? '');
  let resources: ResourceStatus[] | undefined;
  let failure: string | undefined;
  try {
    revisions = sources.map((source) => context.repositories.resolve(source));
    resources = resourceStatuses(
      renderAll(name, state, sources, revisions, context.repositories),
      state.live,
      context.profile,
    );
  } catch (error) {
    if (!(error instanceof RepositoryError)) throw error;
    failure =
      error.message.startsWith('Failed to load') || state.traits.comparisonError
        ? error.message
        : `Failed to load target state: ${error.message}`;
    revisions = sources.map((source) => source.targetRevision ?? '');
  }
  const isOutOfSync = resources?.some((resource) => resource.status === 'OutOfSync') ?? false;
  const images = [...new Set(state.live.flatMap((live) => live.images ?? []))].sort();
  const types = sources.map(sourceTypeOf);
  return {
    ...(resources && resources.length > 0 ? { resources } : {}),
    sync: {
      status: failure !== undefined ? 'Unknown' : isOutOfSync ? 'OutOfSync' : 'Synced',
      comparedTo: {
        source: isMulti ? { repoURL: '' } : (sources[0] ?? { repoURL: '' }),
        destination: spec.destination,
        ...(isMulti ? { sources: spec.sources } : {}),
      },
      ...(isMulti ? { revisions } : { revision: revisions[0] ?? '' }),
    },
    health: withTransition(
      state.traits.forcedHealth ?? aggregateHealth(resources ?? [], context.profile),
      status.health,
      context.stamp,
    ),
    ...(status.history ? { history: status.history } : {}),
    ...conditionsOf(status.conditions, failure, context.stamp),
    ...(status.operationState ? { operationState: status.operationState } : {}),
    ...(failure === undefined && !isMulti ? { sourceType: types[0] } : {}),
    summary: images.length > 0 ? { images } : {},
    ...(failure === undefined && isMulti ? { sourceTypes: types } : {}),
    ...hydrate(state, context),
  };
}

function resourceStatuses(targets: Manifest[], live: LiveResource[], profile: VersionProfile): ResourceStatus[] {
  const missing: Health = {
    status: 'Missing',
    ...(profile.hasMissingMessage ? { message: 'Resource has not been created' } : {}),
  };
  const liveByKey = new Map(live.map((resource) => [keyOfResource(resource), resource]));
  const statuses: ResourceStatus[] = [];
  for (const target of targets) {
    if (target.hook) continue;
    const found = liveByKey.get(keyOfResource(target));
    const health = found ? healthOf(found) : missing;
    statuses.push({
      ...identity(target),
      status: found?.content === JSON.stringify(target.body) ? 'Synced' : 'OutOfSync',
      ...(health ? { health } : {}),
      ...(target.wave ? { syncWave: target.wave } : {}),
    });
  }
  const wanted = new Set(targets.filter((target) => !target.hook).map(keyOfResource));
  for (const resource of live) {
    if (wanted.has(keyOfResource(resource))) continue;
    const health = healthOf(resource);
    statuses.push({
      ...identity(resource),
      ...(resource.isHook ? {} : { status: 'OutOfSync' }),
      ...(health ? { health } : {}),
      ...(resource.isHook ? { hook: true } : {}),
      requiresPruning: true,
    });
  }
  return statuses.sort(statusOrder);
}

function identity(resource: {
  group: string;
  version: string;
  kind: string;
  namespace: string;
  name: string;
}): ResourceStatus {
  const { group, version, kind, namespace, name } = resource;
  return { ...(group ? { group } : {}), version, kind, ...(namespace ? { namespace } : {}), name };
}

/** The health of a live resource; undefined for kinds that have none. */
export function healthOf(resource: LiveResource): Health | undefined {
  return resource.health ?? (KINDS_WITH_HEALTH.has(resource.kind) ? { status: 'Healthy' } : undefined);
}

function aggregateHealth(resources: ResourceStatus[], profile: VersionProfile): Health {
  const counted = resources.filter((resource) => !resource.hook);
  const allMissing = counted.length > 0 && counted.every((resource) => resource.health?.status === 'Missing');
  let worst = 'Healthy';
  let causes: ResourceStatus[] = [];
  for (const resource of counted) {
    const status = resource.health?.status;
    if (status === undefined) continue;
    if (status === 'Missing') {
      if (profile.isMissingOnlyWhenAllAre && !allMissing) continue;
      if (profile.ignoresMissingWithoutCheck && !KINDS_WITH_HEALTH.has(resource.kind)) continue;
    }
    const rank = HEALTH_ORDER.indexOf(status) - HEALTH_ORDER.indexOf(worst);
    if (rank > 0) [worst, causes] = [status, []];
    if (rank >= 0) causes.push(resource);
  }
  if (worst === 'Healthy' || worst === 'Missing') return { status: worst };
  return { status: worst, message: `Caused by ${causes.map(shortName).join(', ')}` };
}

function withTransition(health: Health, before: Health, stamp: string): Health {
  const lastTransitionTime = before.status === health.status ? (before.lastTransitionTime ?? stamp) : stamp;
  return { status: health.status, ...(health.message ? { message: health.message } : {}), lastTransitionTime };
}

function conditionsOf(
  before: Condition[] | undefined,
  failure: string | undefined,
  stamp: string,
): { conditions?: Condition[] } {
  const conditions = (before ?? []).filter((condition) => condition.type !== 'ComparisonError');
  if (failure !== undefined) {
    const same = before?.find((condition) => condition.type === 'ComparisonError' && condition.message === failure);
    conditions.push(same ?? { type: 'ComparisonError', message: failure, lastTransitionTime: stamp });
  }
  return conditions.length > 0 ? { conditions } : {};
}
