import type { ApplicationRecord } from './application-store.js';
import { stateOf } from './application-store.js';
import type { Call, Route } from './call.js';
import { boolParam } from './call.js';
import { GrpcError } from './grpc-error.js';
import type { Project, ProjectSpec } from './projects.js';
import { projectOnWire, specOnWire } from './projects.js';
import { isObject } from './spec-shape.js';
import { fieldFilter } from './stream-fields.js';

export const projectRoutes: Route[] = [
  { method: 'GET', pattern: '/api/v1/projects', handle: list },
  { method: 'POST', pattern: '/api/v1/projects', handle: create },
  { method: 'GET', pattern: '/api/v1/projects/:name', handle: (call) => projectOnWire(find(call)) },
  { method: 'PUT', pattern: '/api/v1/projects/:name', handle: update },
  { method: 'DELETE', pattern: '/api/v1/projects/:name', handle: remove },
  { method: 'GET', pattern: '/api/v1/projects/:name/detailed', handle: detailed },
  { method: 'GET', pattern: '/api/v1/projects/:name/syncwindows', handle: syncWindows },
];

function find(call: Call, action = 'get'): Project {
  const { instance, params } = call;
  instance.accounts.enforce(call.caller(), 'projects', action, params['name']!);
  const project = instance.projects.get(params['name']!);
  if (!project) throw new GrpcError(5, `appprojects.argoproj.io "${params['name']}" not found`);
  return project;
}

function list(call: Call): unknown {
  const { instance, query } = call;
  const caller = call.caller();
  const items = instance.projects
    .list()
    .filter((project) => instance.accounts.can(caller, 'projects', 'get', project.name))
    .map(projectOnWire);
  const answer = {
    metadata: { resourceVersion: String(instance.store.resourceVersion) },
    items: items.length > 0 ? items : null,
  };
  const fields = query.get('fields') ?? '';
  return fields === '' ? answer : fieldFilter(fields)(answer);
}

function create(call: Call): unknown {
  const { instance, body, query } = call;
  const project = isObject(body['project']) ? body['project'] : {};
  const metadata = isObject(project['metadata']) ? project['metadata'] : {};
  const name = typeof metadata['name'] === 'string' ? metadata['name'] : '';
  instance.accounts.enforce(call.caller(), 'projects', 'create', name);
  if (name === '')
    throw new GrpcError(
      3,
      'AppProject.argoproj.io "" is invalid: metadata.name: Required value: name or generateName is required',
    );
  const spec = (isObject(project['spec']) ? project['spec'] : {}) as ProjectSpec;
  const existing = instance.projects.get(name);
  if (existing) {
    if (JSON.stringify(existing.spec) === JSON.stringify(spec)) return projectOnWire(existing);
    if (!boolParam(query, 'upsert', false) && body['upsert'] !== true)
      throw new GrpcError(3, 'existing project spec is different, use upsert flag to force update');
  }
  return projectOnWire(
    instance.projects.put(name, spec, {
      resourceVersion: instance.store.nextResourceVersion(),
      stamp: instance.clock.stamp(),
    }),
  );
}

function update(call: Call): unknown {
  const { instance, body } = call;
  const project = find(call, 'update');
  const given = isObject(body['project']) ? body['project'] : {};
  const spec = (isObject(given['spec']) ? given['spec'] : {}) as ProjectSpec;
  return projectOnWire(
    instance.projects.put(
      project.name,
      spec,
      { resourceVersion: instance.store.nextResourceVersion(), stamp: instance.clock.stamp() },
      project,
    ),
  );
}

function remove(call: Call): unknown {
  const project = find(call, 'delete');
  if (project.name === 'default') throw new GrpcError(3, "name 'default' is reserved and cannot be deleted");
  const users = call.instance.store.list().filter((record) => stateProject(record) === project.name).length;
  if (users > 0) throw new GrpcError(3, `project is referenced by ${users} applications`);
  call.instance.projects.delete(project.name);
  return {};
}

function detailed(call: Call): unknown {
  const project = find(call);
  const wire = projectOnWire(project);
  const roles = Object.fromEntries((project.spec.roles ?? []).map((role) => [role.name, {}]));
  return { project: Object.keys(roles).length > 0 ? { ...wire, status: { jwtTokensByRole: roles } } : wire };
}

function syncWindows(call: Call): unknown {
  const { syncWindows: windows } = specOnWire(find(call).spec);
  return windows && windows.length > 0 ? { windows } : {};
}

function stateProject(record: ApplicationRecord): string {
  return stateOf(record).spec.project;
}
