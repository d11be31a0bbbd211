import type { Operation, RetryStrategy, Source, SyncOperation } from './application.js';
import { isAutomated, isMultiSource, sourcesOf } from './application.js';
import { answerOf, enforceOn, findApplication, referenceOfBody, referenceOfQuery } from './application-access.js';
import type { ApplicationRecord } from './application-store.js';
import { stateOf } from './application-store.js';
import type { BodyShape, Call, Route } from './call.js';
import { repoServer } from './call.js';
import { GrpcError } from './grpc-error.js';
import { canSync, windowsFor } from './projects.js';
import { Repositories, RepositoryError } from './repositories.js';
import { isObject } from './spec-shape.js';

const SYNC_SHAPE: BodyShape = {
  name: 'ApplicationSyncRequest',
  fields: {
    name: 'string',
    revision: 'string',
    dryRun: 'bool',
    prune: 'bool',
    appNamespace: 'string',
    project: 'string',
    manifests: '[]string',
    sourcePositions: '[]int64',
    revisions: '[]string',
  },
};
const ROLLBACK_SHAPE: BodyShape = {
  name: 'ApplicationRollbackRequest',
  fields: { name: 'string', id: 'int64', dryRun: 'bool', prune: 'bool', appNamespace: 'string', project: 'string' },
};

/** Starting and ending operations. Sync and rollback read nothing from the query (point 18). */
export const operationRoutes: Route[] = [
  { method: 'POST', pattern: '/api/v1/applications/:name/sync', handle: sync, body: SYNC_SHAPE },
  { method: 'POST', pattern: '/api/v1/applications/:name/rollback', handle: rollback, body: ROLLBACK_SHAPE },
  { method: 'DELETE', pattern: '/api/v1/applications/:name/operation', handle: terminate },
];

const precondition = (message: string): GrpcError => new GrpcError(9, message);

/** The checks come in Argo CD's order. Source: Server.Sync in server/application/application.go */
async function sync(call: Call): Promise<unknown> {
  const { instance, body } = call;
  const record = findApplication(call, referenceOfBody(call, call.params['name']!));
  const { spec } = stateOf(record);
  if (!canSync(windowsOf(call, record), true)) throw new GrpcError(7, 'cannot sync: blocked by sync window');
  enforceOn(call, record, 'sync');
  if (Array.isArray(body['manifests']) && body['manifests'].length > 0) {
    enforceOn(call, record, 'override');
    if (isAutomated(spec) && body['dryRun'] !== true)
      throw precondition('cannot use local sync when Automatic Sync Policy is enabled unless for dry run');
  }
  if (stateOf(record).deletionTimestamp) throw precondition('application is deleting');
  const revisions = await resolveRevisions(call, record);
  const options =
    isObject(body['syncOptions']) && Array.isArray(body['syncOptions']['items'])
      ? (body['syncOptions']['items'] as string[])
      : spec.syncPolicy?.syncOptions;
  const resources = Array.isArray(body['resources']) ? body['resources'].filter(isObject) : [];
  const isMulti = isMultiSource(spec);
  const [source] = sourcesOf(spec);
  const operation: Operation = {
    sync: {
      ...(isMulti ? {} : { revision: revisions[0] ?? '' }),
      ...(body['prune'] === true ? { prune: true } : {}),
      ...(body['dryRun'] === true ? { dryRun: true } : {}),
      ...(isObject(body['strategy']) ? { syncStrategy: body['strategy'] as SyncOperation['syncStrategy'] } : {}),
      ...(resources.length > 0 ? { resources: resources.map(partOf) } : {}),
      ...(!isMulti && instance.profile.hasOperationSource && source ? { source } : {}),
      ...(options && options.length > 0 ? { syncOptions: options } : {}),
      ...(isMulti ? { ...(instance.profile.hasOperationSource ? { sources: spec.sources } : {}), revisions } : {}),
    },
    initiatedBy: { username: call.caller().name },
    ...infosOf(body['infos']),
    retry: isObject(body['retryStrategy']) ? (body['retryStrategy'] as RetryStrategy) : (spec.syncPolicy?.retry ?? {}),
  };
  const to = isMulti
    ? revisions.join(', ')
    : `${typeof body['revision'] === 'string' && body['revision'] !== '' ? body['revision'] : (source?.targetRevision ?? '')} (${revisions[0] ?? ''})`;
  return begin(call, record, 'sync', operation, `initiated ${resources.length > 0 ? 'partial ' : ''}sync to ${to}`);
}

async function resolveRevisions(call: Call, record: ApplicationRecord): Promise<string[]> {
  const { body } = call;
  const { spec } = stateOf(record);
  const asked = typeof body['revision'] === 'string' ? body['revision'] : '';
  const mayDiffer = !isAutomated(spec) || body['dryRun'] === true;
  if (!isMultiSource(spec)) {
    const [source = { repoURL: '' }] = sourcesOf(spec);
    const target = source.targetRevision ?? '';
    if (asked !== '' && asked !== target && !mayDiffer)
      throw precondition(`Cannot sync to ${asked}: auto-sync currently set to ${target || 'HEAD'}`);
    return [await resolve(call, source, asked || target)];
  }
  const positions = (body['sourcePositions'] as number[] | undefined) ?? [];
  const given = (body['revisions'] as string[] | undefined) ?? [];
  const wanted = new Map<number, string>();
  positions.forEach((position, index) => {
    if (index >= given.length)
      throw new GrpcError(13, `runtime error: index out of range [${index}] with length ${given.length}`);
    wanted.set(position - 1, given[index]!);
  });
  const resolved: string[] = [];
  for (const [index, source] of spec.sources!.entries()) {
    const revision = wanted.get(index) ?? source.targetRevision ?? '';
    if (wanted.has(index) && revision !== (source.targetRevision ?? '') && !mayDiffer) {
      throw precondition(
        `Cannot sync source ${source.repoURL} to ${revision}: auto-sync currently set to ${source.targetRevision ?? ''}`,
      );
    }
    resolved.push(await resolve(call, source, revision));
  }
  return resolved;
}

async function resolve(call: Call, source: Source, revision: string): Promise<string> {
  if (source.chart === undefined && Repositories.isResolved(revision)) return revision;
  await repoServer(call);
  try {
    return call.instance.repositories.resolve(source, revision);
  } catch (error) {
    if (!(error instanceof RepositoryError)) throw error;
    throw precondition(`error resolving repo revision: rpc error: code = ${error.grpcCode} desc = ${error.message}`);
  }
}

function rollback(call: Call): unknown {
  const { body } = call;
  if (body['id'] === undefined || body['id'] === null)
    throw new GrpcError(13, 'grpc: error while marshaling: proto: required field "id" not set');
  const record = findApplication(call, referenceOfBody(call, call.params['name']!));
  enforceOn(call, record, 'sync');
  const { spec, status, deletionTimestamp } = stateOf(record);
  if (deletionTimestamp) throw precondition('application is deleting');
  if (isAutomated(spec)) throw precondition('rollback cannot be initiated when auto-sync is enabled');
  const entry = status.history?.find((one) => one.id === body['id']);
  if (!entry)
    throw new GrpcError(
      3,
      `application ${record.namespace}/${record.name} does not have deployment with id ${String(body['id'])}`,
    );
  const operation: Operation = {
    sync: {
      ...(entry.revision ? { revision: entry.revision } : {}),
      ...(body['prune'] === true ? { prune: true } : {}),
      ...(body['dryRun'] === true ? { dryRun: true } : {}),
      syncStrategy: { apply: {} },
      source: entry.source,
      ...(spec.syncPolicy?.syncOptions ? { syncOptions: spec.syncPolicy.syncOptions } : {}),
      ...(entry.sources ? { sources: entry.sources, revisions: entry.revisions } : {}),
    },
    initiatedBy: { username: call.caller().name },
    retry: {},
  };
  return begin(call, record, 'rollback', operation, `initiated rollback to ${entry.id}`);
}

/** Sets the operation and drops the old state in one write; refuses while one is set (point 5). */
function begin(
  call: Call,
  record: ApplicationRecord,
  kind: 'sync' | 'rollback',
  operation: Operation,
  what: string,
): unknown {
  const { instance } = call;
  if (!instance.store.has(record)) throw new GrpcError(5, `applications.argoproj.io "${record.name}" not found`);
  if (stateOf(record).operation) throw precondition('another operation is already in progress');
  const user = call.caller().name;
  instance.operations.accept({
    at: instance.clock.now().toISOString(),
    application: record.name,
    namespace: record.namespace,
    kind,
    initiatedBy: user,
    ...(operation.sync.revision ? { revision: operation.sync.revision } : {}),
    isDryRun: operation.sync.dryRun === true,
    infos: operation.info ?? [],
  });
  instance.store.update(record, (draft) => {
    draft.operation = operation;
    delete draft.status.operationState;
  });
  instance.log(record, 'OperationStarted', `${user} ${what}`, { user });
  return answerOf(call, record);
}

function terminate(call: Call): unknown {
  const { instance } = call;
  const record = findApplication(call, referenceOfQuery(call, call.params['name']!));
  enforceOn(call, record, 'sync');
  const state = stateOf(record);
  if (!state.operation || !state.status.operationState)
    throw new GrpcError(3, 'Unable to terminate operation. No operation is in progress');
  instance.store.update(record, (draft) => void (draft.status.operationState!.phase = 'Terminating'));
  const user = call.caller().name;
  instance.log(record, 'ResourceUpdated', `${user} terminated running operation`, { user });
  return {};
}

function windowsOf(call: Call, record: ApplicationRecord): ReturnType<typeof windowsFor> {
  const { project, destination } = stateOf(record).spec;
  return windowsFor(
    call.instance.projects.get(project),
    {
      name: record.name,
      namespace: destination.namespace ?? '',
      cluster: destination.server ?? destination.name ?? '',
    },
    call.instance.clock.now(),
  );
}

function partOf(resource: Record<string, unknown>): { group?: string; kind: string; name: string; namespace?: string } {
  const text = (key: string): string => (typeof resource[key] === 'string' ? resource[key] : '');
  return {
    ...(text('group') ? { group: text('group') } : {}),
    kind: text('kind'),
    name: text('name'),
    ...(text('namespace') ? { namespace: text('namespace') } : {}),
  };
}

function infosOf(given: unknown): { info?: { name: string; value: string }[] } {
  if (!Array.isArray(given) || given.length === 0) return {};
  return {
    info: given
      .filter(isObject)
      .map((info) => ({ name: String(info['name'] ?? ''), value: String(info['value'] ?? '') })),
  };
}
