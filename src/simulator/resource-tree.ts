import type { ApplicationState, LiveResource } from './application.js';
import type { ApplicationRecord } from './application-store.js';
import { healthOf } from './comparison.js';
import { WORKLOADS, statusOrder } from './manifest.js';
import { hashNumber, sha1Hex, uuidOf } from './seeded.js';
import type { VersionProfile } from './version.js';

type Node = Record<string, unknown> & { group?: string; kind: string; namespace?: string; name: string };

/** The tree of an application's resources. A node without uid is one that is missing. */
export function resourceTree(
  record: ApplicationRecord,
  state: ApplicationState,
  profile: VersionProfile,
): Record<string, unknown> {
  const nodes: Node[] = state.live.flatMap((live) => nodesOf(record, live, profile));
  for (const resource of state.status.resources ?? []) {
    if (resource.health?.status !== 'Missing') continue;
    const { group, version, kind, namespace, name } = resource;
    nodes.push({
      ...(group ? { group } : {}),
      version,
      kind,
      ...(namespace ? { namespace } : {}),
      name,
      health: { status: 'Missing' },
    });
  }
  nodes.sort(statusOrder);
  const hasPods = nodes.some((node) => node.kind === 'Pod');
  return { ...(nodes.length > 0 ? { nodes } : {}), ...(hasPods ? { hosts: [HOST] } : {}) };
}

const HOST = {
  name: 'node-1',
  resourcesInfo: [
    { resourceName: 'cpu', capacity: 32000 },
    { resourceName: 'memory', capacity: 274877906944000 },
  ],
  systemInfo: {
    machineID: '',
    systemUUID: '',
    bootID: '',
    kernelVersion: '6.8.0',
    osImage: '',
    containerRuntimeVersion: 'containerd://2.1.4',
    kubeletVersion: 'v1.36.1',
    kubeProxyVersion: 'v1.36.1',
    operatingSystem: 'linux',
    architecture: 'amd64',
  },
};

function nodesOf(record: ApplicationRecord, live: LiveResource, profile: VersionProfile): Node[] {
  const uid = uuidOf(`${record.uid}/${live.kind}/${live.name}/${live.createdAt}`);
  const health = healthOf(live);
  const isWorkload = WORKLOADS.has(live.kind);
  const own: Node = {
    ...identity(live),
    uid,
    ...(live.kind === 'Deployment' ? { info: [{ name: 'Revision', value: 'Rev:1' }] } : {}),
    ...(live.kind === 'Service' ? { networkingInfo: { targetLabels: { app: live.name } } } : {}),
    resourceVersion: String(100 + (hashNumber(live.content) % 9000)),
    ...(health ? { health } : {}),
    createdAt: live.createdAt,
  };
  const nodes = [own];
  if (live.kind === 'Service' && profile.hasEndpointsInTree) {
    nodes.push({
      version: 'v1',
      kind: 'Endpoints',
      namespace: live.namespace,
      name: live.name,
      uid: uuidOf(`${uid}/endpoints`),
      parentRefs: [{ kind: 'Service', namespace: live.namespace, name: live.name, uid }],
      resourceVersion: '120',
      createdAt: live.createdAt,
    });
  }
  if (isWorkload) nodes.push(...podsOf(live, uid, profile));
  return nodes;
}

function podsOf(live: LiveResource, ownerUid: string, profile: VersionProfile): Node[] {
  const hash = String(hashNumber(live.content) % 1_000_000_000);
  let owner: Node = { ...identity(live), uid: ownerUid };
  const nodes: Node[] = [];
  const state = live.health ?? { status: 'Healthy' };
  if (live.kind === 'Deployment') {
    owner = {
      group: 'apps',
      version: 'v1',
      kind: 'ReplicaSet',
      namespace: live.namespace,
      name: `${live.name}-${hash}`,
      uid: uuidOf(`${ownerUid}/${hash}`),
    };
    nodes.push({
      ...owner,
      parentRefs: [reference({ ...identity(live), uid: ownerUid }, profile)],
      info: [{ name: 'Revision', value: 'Rev:1' }],
      resourceVersion: '130',
      health: state.status === 'Healthy' ? { status: 'Healthy' } : { status: 'Progressing' },
      createdAt: live.createdAt,
    });
  }
  for (const index of [0, 1]) {
    const name =
      live.kind === 'StatefulSet' ? `${live.name}-${index}` : `${owner.name}-${sha1Hex(`${hash}${index}`).slice(0, 5)}`;
    const pod = podState(live, name, index);
    nodes.push({
      version: 'v1',
      kind: 'Pod',
      namespace: live.namespace,
      name,
      uid: uuidOf(`${ownerUid}/${name}`),
      parentRefs: [reference(owner, profile)],
      info: [
        { name: 'Status Reason', value: pod.reason },
        { name: 'Node', value: 'node-1' },
        { name: 'Containers', value: pod.containers },
        ...(pod.restarts ? [{ name: 'Restart Count', value: pod.restarts }] : []),
      ],
      networkingInfo: { labels: { app: live.name, 'pod-template-hash': hash } },
      resourceVersion: String(140 + index),
      images: live.images ?? [],
      health: pod.health,
      createdAt: live.createdAt,
    });
  }
  return nodes;
}

function podState(
  live: LiveResource,
  pod: string,
  index: number,
): { reason: string; containers: string; restarts?: string; health: Record<string, string> } {
  const count = live.images?.length ?? 1;
  if (live.isCrashing && index === 0) {
    return {
      reason: 'CrashLoopBackOff',
      containers: `${count - 1}/${count}`,
      restarts: '7',
      health: { status: 'Degraded', message: `back-off 5m0s restarting failed container=web pod=${pod}` },
    };
  }
  if (live.isCrashing || live.health?.status === 'Degraded') {
    const image = live.images?.[0] ?? 'image';
    return {
      reason: 'ImagePullBackOff',
      containers: `${count - 1}/${count}`,
      health: { status: 'Degraded', message: `Back-off pulling image "${image}": ErrImagePull: manifest unknown` },
    };
  }
  if (live.health?.status === 'Progressing')
    return { reason: 'ContainerCreating', containers: `0/${count}`, health: { status: 'Progressing' } };
  return { reason: 'Running', containers: `${count}/${count}`, health: { status: 'Healthy' } };
}

function identity(live: LiveResource): Node {
  return {
    ...(live.group ? { group: live.group } : {}),
    version: live.version,
    kind: live.kind,
    ...(live.namespace ? { namespace: live.namespace } : {}),
    name: live.name,
  };
}

function reference(owner: Node, profile: VersionProfile): Record<string, unknown> {
  const { group, version, kind, namespace, name, uid } = owner;
  return {
    ...(group ? { group } : {}),
    ...(profile.hasParentRefVersion ? { version } : {}),
    kind,
    namespace,
    name,
    uid,
  };
}
