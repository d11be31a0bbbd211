import type { ApplicationState } from './application.js';
import {
  answerOf,
  enforceOn,
  findApplication,
  isNamespaceEnabled,
  rbacObject,
  referenceOfBody,
  referenceOfQuery,
} from './application-access.js';
import type { ApplicationRecord } from './application-store.js';
import { stateOf } from './application-store.js';
import type { Call, Route } from './call.js';
import { boolParam, waitUntil } from './call.js';
import { HYDRATE_ANNOTATION, REFRESH_ANNOTATION } from './controller.js';
import { GrpcError, notAllowedInProject } from './grpc-error.js';
import { applyJsonPatch, applyMergePatch } from './json-patch.js';
import { uuidOf } from './seeded.js';
import { isObject, shapeSpec } from './spec-shape.js';
import { APPLICATION_NAME, invalidName, validateSpec } from './spec-validation.js';
import { CONTROL_PLANE_NAMESPACE } from './wire.js';

const PATCH_SHAPE = {
  name: 'ApplicationPatchRequest',
  fields: { patch: 'string', patchType: 'string', appNamespace: 'string', project: 'string' },
} as const;

/** Reading and writing one application. */
export const applicationRoutes: Route[] = [
  { method: 'POST', pattern: '/api/v1/applications', handle: create },
  { method: 'GET', pattern: '/api/v1/applications/:name', handle: get },
  { method: 'PUT', pattern: '/api/v1/applications/:name', handle: put },
  { method: 'PATCH', pattern: '/api/v1/applications/:name', handle: patch, body: PATCH_SHAPE },
  { method: 'PUT', pattern: '/api/v1/applications/:name/spec', handle: putSpec },
  { method: 'DELETE', pattern: '/api/v1/applications/:name', handle: remove },
];

async function get(call: Call): Promise<unknown> {
  const { instance, query } = call;
  const record = findApplication(call, referenceOfQuery(call, call.params['name']!));
  const refresh = query.get('refresh');
  if (refresh === null) return answerOf(call, record, true);
  const kind = refresh === 'hard' ? 'hard' : 'normal';
  const nanos = `${instance.clock.now().toISOString().slice(0, 23)}${String(Math.floor(instance.random() * 1e6)).padStart(6, '0')}Z`;
  const { hasHydrateAnnotations } = instance.profile;
  instance.store.update(
    record,
    (draft) => {
      draft.annotations = {
        ...draft.annotations,
        ...(hasHydrateAnnotations ? { [HYDRATE_ANNOTATION]: kind, [`${HYDRATE_ANNOTATION}-timestamp`]: nanos } : {}),
        [REFRESH_ANNOTATION]: kind,
        ...(hasHydrateAnnotations ? { [`${REFRESH_ANNOTATION}-timestamp`]: nanos } : {}),
      };
    },
    { isMetadataOnly: true },
  );
  const isDone = (): boolean =>
    !instance.store.has(record) || stateOf(record).annotations?.[REFRESH_ANNOTATION] === undefined;
  await waitUntil(call, isDone, (look) => instance.store.subscribe(look));
  return answerOf(call, record, true);
}

async function create(call: Call): Promise<unknown> {
  const { instance, body, query } = call;
  const metadata = isObject(body['metadata']) ? body['metadata'] : {};
  const name = typeof metadata['name'] === 'string' ? metadata['name'] : '';
  const namespace =
    typeof metadata['namespace'] === 'string' && metadata['namespace'] !== ''
      ? metadata['namespace']
      : CONTROL_PLANE_NAMESPACE;
  const spec = shapeSpec(isObject(body['spec']) ? body['spec'] : {});
  instance.accounts.enforce(call.caller(), 'applications', 'create', rbacObject(spec.project, { namespace, name }));
  if (!isNamespaceEnabled(instance, namespace) || !instance.projects.get(spec.project))
    throw notAllowedInProject(spec.project);
  await validateSpec(call, name, spec);
  const existing = instance.store.get(namespace, name);
  const wanted = {
    labels: textMap(metadata['labels']),
    annotations: textMap(metadata['annotations']),
    finalizers: textList(metadata['finalizers']),
  };
  if (existing) {
    const state = stateOf(existing);
    const isSame =
      same(state.spec, spec) && same(state.labels, wanted.labels) && same(state.annotations, wanted.annotations);
    if (isSame) return answerOf(call, existing, true);
    if (!boolParam(query, 'upsert', false))
      throw new GrpcError(3, 'existing application spec is different, use upsert flag to force update');
    enforceOn(call, existing, 'update');
    return write(call, existing, (draft) => Object.assign(draft, { spec, ...wanted }), 'updated application spec');
  }
  if (!APPLICATION_NAME.test(name)) throw invalidName(name);
  const stamp = instance.clock.stamp();
  const state: ApplicationState = {
    creationTimestamp: stamp,
    ...wanted,
    ...(Array.isArray(metadata['ownerReferences'])
      ? { ownerReferences: metadata['ownerReferences'].filter(isObject) }
      : {}),
    spec,
    status: { sync: { status: '', comparedTo: { source: { repoURL: '' }, destination: {} } }, health: {}, summary: {} },
    live: [],
    traits: {},
  };
  const record = instance.store.create(
    namespace,
    name,
    uuidOf(`${namespace}/${name}/${stamp}/${instance.random()}`),
    state,
  );
  const user = call.caller().name;
  instance.log(record, 'ResourceCreated', `${user} created application`, { user });
  const answer = answerOf(call, record);
  call.controller.requestReconcile(record, 35);
  return answer;
}

async function put(call: Call): Promise<unknown> {
  const { body } = call;
  const metadata = isObject(body['metadata']) ? body['metadata'] : {};
  const namespace = typeof metadata['namespace'] === 'string' ? metadata['namespace'] : '';
  const record = findApplication(call, { ...referenceOfQuery(call, call.params['name']!), namespace });
  enforceOn(call, record, 'update');
  const spec = shapeSpec(isObject(body['spec']) ? body['spec'] : {});
  await validateSpec(call, record.name, spec);
  const wanted = {
    labels: textMap(metadata['labels']),
    annotations: textMap(metadata['annotations']),
    finalizers: textList(metadata['finalizers']),
  };
  return write(call, record, (draft) => Object.assign(draft, { spec, ...wanted }), 'updated application spec');
}

async function putSpec(call: Call): Promise<unknown> {
  const record = findApplication(call, referenceOfQuery(call, call.params['name']!));
  enforceOn(call, record, 'update');
  const spec = shapeSpec(call.body);
  await validateSpec(call, record.name, spec);
  write(call, record, (draft) => void (draft.spec = spec), 'updated application spec');
  return spec;
}

async function patch(call: Call): Promise<unknown> {
  const record = findApplication(call, referenceOfBody(call, call.params['name']!));
  enforceOn(call, record, 'update');
  const text = typeof call.body['patch'] === 'string' ? call.body['patch'] : '';
  const type = call.body['patchType'] ?? '';
  const before = structuredClone(answerOf(call, record));
  let after: unknown;
  if (type === 'merge') after = applyMergePatch(before, text);
  else if (type === 'json' || type === '') after = applyJsonPatch(before, text);
  else throw new GrpcError(3, `Patch type '${String(type)}' is not supported`);
  const patched = isObject(after) ? after : {};
  const metadata = isObject(patched['metadata']) ? patched['metadata'] : {};
  const spec = shapeSpec(isObject(patched['spec']) ? patched['spec'] : {});
  await validateSpec(call, record.name, spec);
  const wanted = {
    labels: textMap(metadata['labels']),
    annotations: textMap(metadata['annotations']),
    finalizers: textList(metadata['finalizers']),
  };
  return write(call, record, (draft) => Object.assign(draft, { spec, ...wanted }), 'patched application');
}

function remove(call: Call): unknown {
  const { instance, query } = call;
  const record = findApplication(call, referenceOfQuery(call, call.params['name']!));
  enforceOn(call, record, 'delete');
  const policy = query.get('propagationPolicy') ?? '';
  if (!['', 'foreground', 'background'].includes(policy))
    throw new GrpcError(3, `invalid propagation policy: ${policy}`);
  const user = call.caller().name;
  instance.log(record, 'ResourceDeleted', `${user} deleted application`, { user });
  if (!boolParam(query, 'cascade', true)) {
    instance.store.remove(record);
    return {};
  }
  const finalizer = `resources-finalizer.argocd.argoproj.io${policy === '' ? '' : `/${policy}`}`;
  instance.store.update(record, (draft) => void (draft.finalizers = [finalizer]), { isMetadataOnly: true });
  instance.store.update(record, (draft) => void (draft.deletionTimestamp = instance.clock.stamp()));
  return {};
}

function write(
  call: Call,
  record: ApplicationRecord,
  change: (draft: ApplicationState) => void,
  what: string,
): Record<string, unknown> {
  const user = call.caller().name;
  call.instance.store.update(record, change);
  call.instance.log(record, 'ResourceUpdated', `${user} ${what}`, { user });
  const answer = answerOf(call, record);
  call.controller.requestReconcile(record);
  return answer;
}

function textMap(value: unknown): Record<string, string> | undefined {
  if (!isObject(value)) return undefined;
  const entries = Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return entries.length > 0 ? Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))) : undefined;
}

function textList(value: unknown): string[] | undefined {
  return Array.isArray(value) && value.length > 0
    ? value.filter((item): item is string => typeof item === 'string')
    : undefined;
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a ?? {}) === JSON.stringify(b ?? {});
}
