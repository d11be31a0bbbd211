import { uuidOf } from './seeded.js';

export interface SyncWindow {
  kind: 'allow' | 'deny';
  schedule: string;
  duration: string;
  applications?: string[];
  namespaces?: string[];
  clusters?: string[];
  manualSync?: boolean;
}

export interface ProjectSpec {
  sourceRepos?: string[];
  destinations?: { server?: string; namespace?: string; name?: string }[];
  description?: string;
  roles?: { name: string; policies?: string[] }[];
  clusterResourceWhitelist?: { group: string; kind: string }[];
  syncWindows?: SyncWindow[];
}

export interface Project {
  name: string;
  uid: string;
  resourceVersion: number;
  generation: number;
  creationTimestamp: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  spec: ProjectSpec;
}

/** The projects of one instance. */
export class Projects {
  private readonly projects = new Map<string, Project>();

  get(name: string): Project | undefined {
    return this.projects.get(name);
  }

  list(): Project[] {
    return [...this.projects.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  put(
    name: string,
    spec: ProjectSpec,
    at: { resourceVersion: number; stamp: string },
    meta: Pick<Project, 'labels' | 'annotations'> = {},
  ): Project {
    const before = this.projects.get(name);
    const project: Project = {
      name,
      uid: before?.uid ?? uuidOf(`project/${name}/${at.stamp}`),
      resourceVersion: at.resourceVersion,
      generation: (before?.generation ?? 0) + 1,
      creationTimestamp: before?.creationTimestamp ?? at.stamp,
      ...meta,
      spec,
    };
    this.projects.set(name, project);
    return project;
  }

  delete(name: string): boolean {
    return this.projects.delete(name);
  }
}

/** A project that allows everything, the way in which `default` comes. */
export const OPEN_PROJECT: ProjectSpec = {
  sourceRepos: ['*'],
  destinations: [{ server: '*', namespace: '*' }],
  clusterResourceWhitelist: [{ group: '*', kind: '*' }],
};

/** Fields in the order of the Go struct; a window that says no `manualSync` has none. */
export function specOnWire(spec: ProjectSpec): ProjectSpec {
  const { sourceRepos, destinations, description, roles, clusterResourceWhitelist, syncWindows, ...others } = spec;
  const windows = syncWindows?.map(({ manualSync, ...window }) => (manualSync ? { ...window, manualSync } : window));
  const ordered = { sourceRepos, destinations, description, roles, clusterResourceWhitelist, ...others };
  return { ...ordered, ...(windows ? { syncWindows: windows } : {}) };
}

export function projectOnWire(project: Project): Record<string, unknown> {
  const spec = specOnWire(project.spec);
  return {
    metadata: {
      name: project.name,
      namespace: 'argocd',
      uid: project.uid,
      resourceVersion: String(project.resourceVersion),
      generation: project.generation,
      creationTimestamp: project.creationTimestamp,
      ...(project.labels ? { labels: project.labels } : {}),
      ...(project.annotations ? { annotations: project.annotations } : {}),
      managedFields: [
        {
          manager: 'argocd',
          operation: 'Update',
          apiVersion: 'argoproj.io/v1alpha1',
          time: project.creationTimestamp,
          fieldsType: 'FieldsV1',
          fieldsV1: {
            'f:spec': { '.': {}, ...Object.fromEntries(Object.keys(spec).map((key) => [`f:${key}`, {}])) },
            'f:status': {},
          },
        },
      ],
    },
    spec,
    status: {},
  };
}

/** Windows that apply to an application, and which of them are open at `now`. */
export function windowsFor(
  project: Project | undefined,
  application: { name: string; namespace: string; cluster: string },
  now: Date,
): { assigned: SyncWindow[]; active: SyncWindow[] } {
  const assigned = (project?.spec.syncWindows ?? []).filter(
    (window) =>
      window.applications?.some((pattern) => globMatches(pattern, application.name)) ||
      window.namespaces?.some((pattern) => globMatches(pattern, application.namespace)) ||
      window.clusters?.some((pattern) => globMatches(pattern, application.cluster)),
  );
  return { assigned, active: assigned.filter((window) => isOpen(window, now)) };
}

/** Whether the windows let a sync by hand (or by itself) begin. Source: SyncWindows.CanSync */
export function canSync(windows: { assigned: SyncWindow[]; active: SyncWindow[] }, isManual: boolean): boolean {
  const { assigned, active } = windows;
  const denying = active.filter((window) => window.kind === 'deny');
  if (denying.length > 0) return isManual && denying.every((window) => window.manualSync === true);
  if (active.some((window) => window.kind === 'allow')) return true;
  const closed = assigned.filter((window) => window.kind === 'allow');
  return closed.length === 0 || (isManual && closed.every((window) => window.manualSync === true));
}

/** Only the schedules that tests need: every field `*`, or fixed minute and hour. */
function isOpen(window: SyncWindow, now: Date): boolean {
  const [minute = '*', hour = '*'] = window.schedule.trim().split(/\s+/);
  if (minute === '*') return true;
  const lengthMs = durationMs(window.duration);
  const start = new Date(now);
  start.setUTCMinutes(Number(minute), 0, 0);
  if (hour !== '*') start.setUTCHours(Number(hour));
  if (start > now) start.setTime(start.getTime() - (hour === '*' ? 3_600_000 : 86_400_000));
  return now.getTime() - start.getTime() < lengthMs;
}

function durationMs(text: string): number {
  const match = /^(?:(\d+)h)?(?:(\d+)m)?$/.exec(text);
  return (Number(match?.[1] ?? 0) * 60 + Number(match?.[2] ?? 0)) * 60_000;
}

/** `*` stands for any text, slashes included, as in Argo CD's policies and windows. */
export function globMatches(pattern: string, text: string): boolean {
  const expression = pattern
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${expression}$`, 's').test(text);
}
