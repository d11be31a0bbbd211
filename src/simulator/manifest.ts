/** One object that an application's source renders to. */
export interface Manifest {
  group: string;
  version: string;
  kind: string;
  /** Empty for a cluster-scoped object. */
  namespace: string;
  name: string;
  /** What follows apiVersion, kind and metadata: `spec`, `data`, ... */
  body: Record<string, unknown>;
  wave?: number;
  hook?: 'PreSync' | 'PostSync';
  /** How long the hook takes at speed 1. */
  hookMs?: number;
  images?: string[];
  /** Why the API server of the destination refuses it. */
  applyError?: string;
  /** What a workload settles at once applied, if not Healthy. */
  settlesAt?: { status: string; message?: string; isCrashing?: boolean };
}

/** Where a manifest is rendered to. */
export interface RenderTarget {
  application: string;
  namespace: string;
  /** Changes whenever a commit touched the path. */
  color: string;
}

const CLUSTER_SCOPED = new Set([
  'Namespace',
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'IngressClass',
  'ValidatingWebhookConfiguration',
]);

const GROUPS: Record<string, [group: string, version: string]> = {
  Deployment: ['apps', 'v1'],
  StatefulSet: ['apps', 'v1'],
  DaemonSet: ['apps', 'v1'],
  Job: ['batch', 'v1'],
  CronJob: ['batch', 'v1'],
  Ingress: ['networking.k8s.io', 'v1'],
  IngressClass: ['networking.k8s.io', 'v1'],
  HorizontalPodAutoscaler: ['autoscaling', 'v2'],
  ClusterRole: ['rbac.authorization.k8s.io', 'v1'],
  ClusterRoleBinding: ['rbac.authorization.k8s.io', 'v1'],
  CustomResourceDefinition: ['apiextensions.k8s.io', 'v1'],
  PodDisruptionBudget: ['policy', 'v1'],
};

/** Kinds that Argo CD can tell the health of; the others show none while they exist. */
export const KINDS_WITH_HEALTH = new Set([
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'Job',
  'CronJob',
  'Ingress',
  'Service',
  'Pod',
  'ReplicaSet',
  'HorizontalPodAutoscaler',
  'PersistentVolumeClaim',
  'APIService',
]);

export const WORKLOADS = new Set(['Deployment', 'StatefulSet', 'DaemonSet']);

/** The order in which a sync applies kinds within one wave. Source: gitops-engine/pkg/sync/sync_tasks.go */
const APPLY_ORDER = [
  'Namespace',
  'PodDisruptionBudget',
  'ServiceAccount',
  'Secret',
  'ConfigMap',
  'CustomResourceDefinition',
  'ClusterRole',
  'ClusterRoleBinding',
  'Service',
  'DaemonSet',
  'Deployment',
  'HorizontalPodAutoscaler',
  'StatefulSet',
  'Job',
  'CronJob',
  'IngressClass',
  'Ingress',
];

export function applyOrder(a: Manifest, b: Manifest): number {
  const rank = (kind: string): number =>
    (APPLY_ORDER.indexOf(kind) + APPLY_ORDER.length + 1) % (APPLY_ORDER.length + 1);
  return rank(a.kind) - rank(b.kind) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

/** The order of `status.resources`. */
export function statusOrder<T extends { group?: string; kind: string; namespace?: string; name: string }>(
  a: T,
  b: T,
): number {
  const key = (resource: T): string =>
    [resource.group ?? '', resource.kind, resource.namespace ?? '', resource.name].join('\u0000');
  return key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0;
}

export function keyOfResource(resource: { group?: string; kind: string; namespace?: string; name: string }): string {
  return `${resource.group ?? ''}/${resource.kind}/${resource.namespace ?? ''}/${resource.name}`;
}

/** `apps/Deployment:shop/guestbook`, the way in which Argo CD's messages name a resource. */
export function shortName(resource: { group?: string; kind: string; namespace?: string; name: string }): string {
  return `${resource.group ? `${resource.group}/` : ''}${resource.kind}:${resource.namespace ?? ''}/${resource.name}`;
}

/** `deployment.apps/guestbook`, the way in which kubectl names it. */
export function kubectlName(resource: { group?: string; kind: string; name: string }): string {
  return `${resource.kind.toLowerCase()}${resource.group ? `.${resource.group}` : ''}/${resource.name}`;
}

export function manifest(
  kind: string,
  name: string,
  target: RenderTarget,
  body: Record<string, unknown>,
  extra: Partial<Manifest> = {},
): Manifest {
  const [group, version] = GROUPS[kind] ?? ['', 'v1'];
  return { group, version, kind, namespace: CLUSTER_SCOPED.has(kind) ? '' : target.namespace, name, body, ...extra };
}

/** The manifest as an object, as `targetState` and `manifests` give it. Values of Secrets are masked. */
export function manifestObject(
  item: Manifest,
  options: { trackingId: string; namespace?: string; labelled?: string },
): Record<string, unknown> {
  const body = structuredClone(item.body);
  if (item.kind === 'Secret' && body['data'])
    body['data'] = Object.fromEntries(Object.keys(body['data']).map((key) => [key, '++++++++']));
  return {
    apiVersion: item.group ? `${item.group}/${item.version}` : item.version,
    ...(body['data'] ? { data: body['data'] } : {}),
    kind: item.kind,
    metadata: {
      ...(options.labelled
        ? { labels: { 'app.kubernetes.io/instance': options.labelled } }
        : { annotations: { 'argocd.argoproj.io/tracking-id': options.trackingId } }),
      name: item.name,
      ...(options.namespace ? { namespace: options.namespace } : {}),
    },
    ...Object.fromEntries(Object.entries(body).filter(([key]) => key !== 'data')),
  };
}
