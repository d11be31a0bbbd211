import type { ApplicationState, LiveResource, Source } from './application.js';
import { sourcesOf } from './application.js';
import { findApplication, referenceOfQuery } from './application-access.js';
import type { ApplicationRecord } from './application-store.js';
import { stateOf } from './application-store.js';
import type { Call, Route } from './call.js';
import { repoServer } from './call.js';
import { renderAll } from './comparison.js';
import { GrpcError } from './grpc-error.js';
import type { Manifest } from './manifest.js';
import { keyOfResource, manifestObject, statusOrder } from './manifest.js';
import { canSync, windowsFor } from './projects.js';
import { Repositories, RepositoryError } from './repositories.js';
import { resourceTree } from './resource-tree.js';
import { hashNumber, uuidOf } from './seeded.js';
import { fieldFilter } from './stream-fields.js';

const ONE = '/api/v1/applications/:name';

/** What one can look up about one application. */
export const detailRoutes: Route[] = [
  { method: 'GET', pattern: `${ONE}/resource-tree`, handle: tree },
  { method: 'GET', pattern: `${ONE}/managed-resources`, handle: managedResources },
  { method: 'GET', pattern: `${ONE}/syncwindows`, handle: syncWindows },
  { method: 'GET', pattern: `${ONE}/events`, handle: events },
  { method: 'GET', pattern: `${ONE}/revisions/:revision/metadata`, handle: revisionMetadata },
  { method: 'GET', pattern: `${ONE}/revisions/:revision/chartdetails`, handle: chartDetails },
  {
    method: 'GET',
    pattern: `${ONE}/links`,
    handle: (call) => (
      findApplication(call, {
        ...referenceOfQuery(call, call.params['name']!),
        namespace: call.query.get('namespace') ?? '',
      }),
      {}
    ),
  },
  { method: 'GET', pattern: `${ONE}/manifests`, handle: manifests },
];

function found(call: Call): { record: ApplicationRecord; state: ApplicationState } {
  const record = findApplication(call, referenceOfQuery(call, call.params['name']!));
  return { record, state: stateOf(record) };
}

function tree(call: Call): unknown {
  const { record, state } = found(call);
  failWithComparisonError(state);
  return resourceTree(record, state, call.instance.profile);
}

/** With nothing in the cache but the error, that is what the caller gets. */
function failWithComparisonError(state: ApplicationState): void {
  const condition = state.status.conditions?.find((one) => one.type === 'ComparisonError');
  if (condition && state.live.length === 0) throw new GrpcError(2, condition.message);
}

function managedResources(call: Call): unknown {
  const { record, state } = found(call);
  failWithComparisonError(state);
  const { instance, query } = call;
  const sources = sourcesOf(state.spec);
  let targets: Manifest[] = [];
  try {
    targets = renderAll(
      record.name,
      state,
      sources,
      sources.map((source) => instance.repositories.resolve(source)),
      instance.repositories,
    ).filter((item) => !item.hook);
  } catch (error) {
    if (!(error instanceof RepositoryError)) throw error;
  }
  const live = new Map(
    state.live.filter((resource) => !resource.isHook).map((resource) => [keyOfResource(resource), resource]),
  );
  const keys = new Set([...targets.map(keyOfResource), ...live.keys()]);
  const items = [...keys]
    .map((key) => ({ target: targets.find((item) => keyOfResource(item) === key), live: live.get(key) }))
    .map(({ target, live: found_ }) => resourceDiff(call, record, target, found_))
    .filter((item) =>
      ['namespace', 'name', 'group', 'kind'].every((key) => !query.get(key) || item[key] === query.get(key)),
    )
    .sort((a, b) => statusOrder(a as never, b as never));
  const answer = { items: items.length > 0 ? items : null };
  const fields = query.get('fields') ?? '';
  return fields === '' ? answer : fieldFilter(fields)(answer);
}

function resourceDiff(
  call: Call,
  record: ApplicationRecord,
  target: Manifest | undefined,
  live: LiveResource | undefined,
): Record<string, unknown> {
  const one = target ?? live!;
  const trackingId = `${record.name}:${one.group}/${one.kind}:${one.namespace}/${one.name}`;
  const options = {
    trackingId,
    namespace: one.namespace,
    ...(call.instance.profile.hasTrackingMethod ? {} : { labelled: record.name }),
  };
  const targetObject = target && manifestObject(target, options);
  const liveObject =
    live && manifestObject({ ...one, body: JSON.parse(live.content) as Record<string, unknown> }, options);
  const version = live ? String(100 + (hashNumber(live.content) % 9000)) : undefined;
  if (liveObject)
    Object.assign(liveObject['metadata'] as object, {
      creationTimestamp: live.createdAt,
      resourceVersion: version,
      uid: uuidOf(`${record.uid}/${live.kind}/${live.name}/${live.createdAt}`),
    });
  const isModified = live === undefined || target === undefined || live.content !== JSON.stringify(target.body);
  const liveText = liveObject ? JSON.stringify(liveObject) : 'null';
  const predicted = targetObject
    ? JSON.stringify(liveObject ? { ...liveObject, ...targetObject, metadata: liveObject['metadata'] } : targetObject)
    : 'null';
  return {
    ...(one.group ? { group: one.group } : {}),
    kind: one.kind,
    ...(one.namespace ? { namespace: one.namespace } : {}),
    name: one.name,
    targetState: targetObject ? JSON.stringify(targetObject) : 'null',
    liveState: liveText,
    normalizedLiveState: liveText,
    predictedLiveState: predicted,
    ...(version ? { resourceVersion: version } : {}),
    ...(isModified ? { modified: true } : {}),
  };
}

function syncWindows(call: Call): unknown {
  const { record, state } = found(call);
  const { destination, project } = state.spec;
  const windows = windowsFor(
    call.instance.projects.get(project),
    { name: record.name, namespace: destination.namespace ?? '', cluster: destination.server ?? '' },
    call.instance.clock.now(),
  );
  const onWire = (list: typeof windows.active): unknown =>
    list.map(({ kind, schedule, duration, manualSync }) => ({
      kind,
      schedule,
      duration,
      manualSync: manualSync === true,
    }));
  return {
    ...(windows.active.length > 0 ? { activeWindows: onWire(windows.active) } : {}),
    ...(windows.assigned.length > 0 ? { assignedWindows: onWire(windows.assigned) } : {}),
    canSync: canSync(windows, true),
  };
}

function events(call: Call): unknown {
  const { record, state } = found(call);
  const name = call.query.get('resourceName');
  const uid = call.query.get('resourceUID');
  if (name && uid) {
    const nodes = (resourceTree(record, state, call.instance.profile)['nodes'] ?? []) as {
      name: string;
      uid?: string;
      namespace?: string;
    }[];
    const namespace = call.query.get('resourceNamespace') ?? '';
    if (!nodes.some((node) => node.name === name && node.uid === uid && (node.namespace ?? '') === namespace))
      throw new GrpcError(3, `${name} not found as part of application ${record.name}`);
    throw new GrpcError(12, 'the simulator keeps no events of single resources');
  }
  return call.instance.events.onWire(
    record,
    call.instance.store.resourceVersion,
    call.instance.profile.hasEventReporting,
  );
}

async function revisionMetadata(call: Call): Promise<unknown> {
  const { state } = found(call);
  await repoServer(call);
  const revision = call.params['revision']!;
  const source = sourceAt(state, Number(call.query.get('sourceIndex') ?? 0));
  if (!Repositories.isResolved(revision)) throw new GrpcError(2, `revision ${revision} must be resolved`);
  const commit = call.instance.repositories.find(source.repoURL, revision);
  if (!commit) throw new GrpcError(13, `failed to resolve metadata of ${revision}: fatal: bad object ${revision}`);
  return { author: commit.author, date: commit.date, message: commit.message };
}

/** Source: util/argo and server/application/application.go, getAppSourceBySourceIndexAndVersionId */
function sourceAt({ spec }: ApplicationState, index: number): Source {
  const sources = sourcesOf(spec);
  const source = sources[index];
  if (source) return source;
  const there = sources.length === 1 ? 'is only 1 source' : `are only ${sources.length} sources`;
  throw new GrpcError(
    2,
    `error getting app source by source index and version ID: source index ${index} not found because there ${there}`,
  );
}

function chartDetails(call: Call): unknown {
  const { record, state } = found(call);
  const source = sourcesOf(state.spec)[Number(call.query.get('sourceIndex') ?? 0)];
  if (source?.chart === undefined) throw new GrpcError(2, `no chart found for application: ${record.name}`);
  return { description: `Chart ${source.chart}`, home: source.repoURL };
}

async function manifests(call: Call): Promise<unknown> {
  const { record, state } = found(call);
  await repoServer(call);
  const { repositories, profile } = call.instance;
  const sources = sourcesOf(state.spec);
  try {
    const asked = call.query.get('revision');
    const revisions = sources.map((source) => repositories.resolve(source, asked || source.targetRevision));
    const objects = renderAll(record.name, state, sources, revisions, repositories).map((item) =>
      JSON.stringify(
        manifestObject(item, {
          trackingId: `${record.name}:${item.group}/${item.kind}:${item.namespace}/${item.name}`,
          ...(profile.hasTrackingMethod ? {} : { labelled: record.name }),
        }),
      ),
    );
    return objects.length > 0 ? { manifests: objects } : {};
  } catch (error) {
    if (!(error instanceof RepositoryError)) throw error;
    throw new GrpcError(2, error.message);
  }
}
