import type { ApplicationRecord } from './application-store.js';
import { stateOf } from './application-store.js';
import type { Call } from './call.js';
import { GrpcError, applicationNotFound, notAllowedInProject, permissionDenied } from './grpc-error.js';
import type { Instance } from './instance.js';
import { CONTROL_PLANE_NAMESPACE, toWire } from './wire.js';

/** How a request names its application. Where it stands (query or body) is the route's business (point 18). */
export interface Reference {
  name: string;
  namespace?: string;
  projects?: string[];
}

export function referenceOfQuery(call: Call, name: string): Reference {
  const { query } = call;
  const projects = [...query.getAll('project'), ...query.getAll('projects')].filter((project) => project !== '');
  return { name, namespace: query.get('appNamespace') ?? '', projects };
}

export function referenceOfBody(call: Call, name: string): Reference {
  const { appNamespace, project } = call.body;
  return {
    name,
    namespace: typeof appNamespace === 'string' ? appNamespace : '',
    projects: typeof project === 'string' && project !== '' ? [project] : [],
  };
}

/** `<project>/<name>`, with the namespace between them if it is not Argo CD's own. */
export function rbacObject(project: string, record: { namespace: string; name: string }): string {
  return record.namespace === CONTROL_PLANE_NAMESPACE
    ? `${project}/${record.name}`
    : `${project}/${record.namespace}/${record.name}`;
}

export function isNamespaceEnabled(instance: Instance, namespace: string): boolean {
  return namespace === CONTROL_PLANE_NAMESPACE || instance.extraNamespaces.has(namespace);
}

/**
 * The application that a request means, if its caller may do `action` (first of all: get) with it. Without a project every
 * obstacle is 403; with one, what is missing or elsewhere is 404 (point 3). Source: getAppEnforceRBAC in server/application.
 */
export function findApplication(call: Call, reference: Reference, action = 'get'): ApplicationRecord {
  const { instance } = call;
  const caller = call.caller();
  const namespace = reference.namespace || CONTROL_PLANE_NAMESPACE;
  const projects = reference.projects ?? [];
  if (projects.length > 1)
    throw new GrpcError(3, 'multiple projects specified - the get endpoint accepts either zero or one project');
  const [project] = projects;
  if (
    project !== undefined &&
    !instance.accounts.can(caller, 'applications', action, rbacObject(project, { namespace, name: reference.name }))
  )
    throw permissionDenied();
  if (!isNamespaceEnabled(instance, namespace)) throw permissionDenied();
  const record = instance.store.get(namespace, reference.name);
  if (record === undefined) throw project === undefined ? permissionDenied() : applicationNotFound(reference.name);
  const actual = stateOf(record).spec.project;
  if (!instance.accounts.can(caller, 'applications', action, rbacObject(actual, record)))
    throw project === undefined ? permissionDenied() : applicationNotFound(reference.name);
  if (project !== undefined && actual !== project) throw applicationNotFound(reference.name);
  if (!instance.projects.get(actual)) throw notAllowedInProject(actual);
  return record;
}

/** Refuses with the detail that a caller gets who may see the application but not do this. */
export function enforceOn(call: Call, record: ApplicationRecord, action: string, resource = 'applications'): void {
  call.instance.accounts.enforce(call.caller(), resource, action, rbacObject(stateOf(record).spec.project, record));
}

export function canSee(call: Call, project: string, record: { namespace: string; name: string }): boolean {
  return call.instance.accounts.can(call.caller(), 'applications', 'get', rbacObject(project, record));
}

/** The application as an answer; only GET and streams carry the health of its resources (point 13). */
export function answerOf(
  call: Call,
  record: ApplicationRecord,
  withResourceHealth = false,
  withoutManagedFields = false,
): Record<string, unknown> {
  const options = { withResourceHealth, withoutManagedFields };
  return toWire(record, record.version, stateOf(record), call.instance.profile, options);
}
