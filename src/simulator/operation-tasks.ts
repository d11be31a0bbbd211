import type { ApplicationState, LiveResource, ResourceResult, SyncOperation } from './application.js';
import type { Manifest } from './manifest.js';
import { WORKLOADS, applyOrder, keyOfResource, kubectlName } from './manifest.js';
import type { VersionProfile } from './version.js';

/** What a sync has to do, worked out before it begins. */
export interface SyncPlan {
  createsNamespace?: string;
  preSync: Manifest[];
  postSync: Manifest[];
  /** Objects to apply, wave by wave. */
  waves: Manifest[][];
  /** Live objects that the source no longer has. */
  toPrune: LiveResource[];
}

/** Destinations' namespaces that stay missing unless a sync creates them. All others are taken to exist. */
const MISSING_NAMESPACE = /^nowhere|-?does-not-exist$/;

export function planSync(
  state: ApplicationState,
  sync: SyncOperation,
  manifests: Manifest[],
  namespaceIsThere: boolean,
): SyncPlan {
  const wanted = sync.resources;
  const isPartial = wanted !== undefined && wanted.length > 0;
  const isWanted = (item: { group: string; kind: string; name: string; namespace: string }): boolean =>
    !isPartial ||
    wanted.some(
      (one) =>
        (one.group ?? '') === item.group &&
        one.kind === item.kind &&
        one.name === item.name &&
        (!one.namespace || one.namespace === item.namespace),
    );
  const runsHooks = !isPartial && sync.syncStrategy?.apply === undefined && !sync.dryRun;
  const plain = manifests.filter((item) => !item.hook && isWanted(item));
  const waveNumbers = [...new Set(plain.map((item) => item.wave ?? 0))].sort((a, b) => a - b);
  const targets = new Set(manifests.filter((item) => !item.hook).map(keyOfResource));
  const namespace = state.spec.destination.namespace;
  return {
    ...(namespace && !namespaceIsThere && sync.syncOptions?.includes('CreateNamespace=true')
      ? { createsNamespace: namespace }
      : {}),
    preSync: runsHooks ? manifests.filter((item) => item.hook === 'PreSync') : [],
    postSync: runsHooks ? manifests.filter((item) => item.hook === 'PostSync') : [],
    waves: waveNumbers.map((wave) => plain.filter((item) => (item.wave ?? 0) === wave).sort(applyOrder)),
    toPrune: state.live.filter((live) => !live.isHook && !targets.has(keyOfResource(live)) && isWanted(live)),
  };
}

export function namespaceResult(name: string): ResourceResult {
  return {
    group: '',
    version: 'v1',
    kind: 'Namespace',
    namespace: '',
    name,
    status: 'Synced',
    message: `namespace/${name} created`,
    hookPhase: 'Running',
    syncPhase: 'PreSync',
  };
}

/** The result of applying one object, as a line of `syncResult.resources`. */
export function applyResult(
  item: Manifest,
  live: LiveResource[],
  options: { error?: string; isDryRun: boolean; profile: VersionProfile },
): ResourceResult {
  const found = live.find((resource) => keyOfResource(resource) === keyOfResource(item));
  const verb =
    found === undefined
      ? 'created'
      : found.content === JSON.stringify(item.body) && item.kind !== 'Secret'
        ? 'unchanged'
        : 'configured';
  const { group, version, kind, namespace, name } = item;
  return {
    ...{ group, version, kind, namespace, name },
    status: options.error === undefined ? 'Synced' : 'SyncFailed',
    message: options.error ?? `${kubectlName(item)} ${verb}${options.isDryRun ? ' (dry run)' : ''}`,
    ...(item.hook ? { hookType: item.hook } : {}),
    hookPhase: options.error !== undefined ? 'Failed' : options.isDryRun ? 'Succeeded' : 'Running',
    syncPhase: item.hook ?? 'Sync',
    ...(item.images && options.profile.hasResultImages ? { images: item.images } : {}),
  };
}

export function pruneResult(item: LiveResource, isPruned: boolean, isDryRun: boolean): ResourceResult {
  const { group, version, kind, namespace, name } = item;
  const message = isPruned ? `pruned${isDryRun ? ' (dry run)' : ''}` : `ignored (requires pruning)`;
  return {
    group,
    version,
    kind,
    namespace,
    name,
    status: isPruned ? 'Pruned' : 'PruneSkipped',
    message,
    hookPhase: 'Succeeded',
    syncPhase: 'Sync',
  };
}

/** Why the destination refuses an object; undefined if it takes it. */
export function applyErrorOf(item: Manifest, state: ApplicationState, namespaceIsThere: boolean): string | undefined {
  const trait = state.traits.applyErrors?.[`${item.kind}/${item.name}`] ?? state.traits.applyErrors?.[item.kind];
  if (trait) return trait;
  if (item.namespace && !namespaceIsThere && MISSING_NAMESPACE.test(item.namespace))
    return `namespaces "${item.namespace}" not found`;
  return item.applyError;
}

/** The objects in the destination after one was applied. A changed workload rolls out first. */
export function withApplied(
  live: LiveResource[],
  item: Manifest,
  state: ApplicationState,
  stamp: string,
): LiveResource[] {
  const key = keyOfResource(item);
  const before = live.find((resource) => keyOfResource(resource) === key);
  const content = JSON.stringify(item.body);
  const isChanged = before?.content !== content;
  const { group, version, kind, namespace, name } = item;
  const applied: LiveResource = {
    ...{ group, version, kind, namespace, name, content },
    createdAt: before?.createdAt ?? stamp,
    ...(item.images ? { images: item.images } : {}),
    ...(item.hook ? { isHook: true, health: { status: 'Progressing' } } : {}),
  };
  if (!isChanged && before?.health && !item.hook)
    Object.assign(applied, { health: before.health, ...(before.isCrashing ? { isCrashing: true } : {}) });
  else if (WORKLOADS.has(kind) && isChanged)
    applied.health = {
      status: 'Progressing',
      message: 'Waiting for rollout to finish: 0 of 2 updated replicas are available...',
    };
  if (isChanged && WORKLOADS.has(kind) && (item.settlesAt?.isCrashing ?? state.traits.workloadHealth?.isCrashing))
    applied.isCrashing = true;
  return [...live.filter((resource) => keyOfResource(resource) !== key), applied];
}

/** The same objects once rollouts have come to rest: healthy, or at what their manifest or their trait says. */
export function settled(live: LiveResource[], manifests: Manifest[], state: ApplicationState): LiveResource[] {
  return live.map((resource) => {
    if (
      !WORKLOADS.has(resource.kind) ||
      resource.health?.message?.startsWith('Waiting for rollout to finish: 0 of') !== true
    )
      return resource;
    const end =
      manifests.find((item) => keyOfResource(item) === keyOfResource(resource))?.settlesAt ??
      state.traits.workloadHealth;
    const { health: _health, ...rest } = resource;
    return end ? { ...rest, health: { status: end.status, ...(end.message ? { message: end.message } : {}) } } : rest;
  });
}
