import type { ApplicationRecord } from './application-store.js';
import { stateOf } from './application-store.js';
import type { ApplicationState, Traits } from './application.js';
import type { Controller } from './controller.js';
import type { Instance } from './instance.js';
import { WORKLOADS } from './manifest.js';
import { sha1Hex, uuidOf } from './seeded.js';
import { CONTROL_PLANE_NAMESPACE } from './wire.js';
import { seedFleet } from './world.js';

/** A change of an application behind the API's back: what clusters, people and accidents do. */
export interface Mutation {
  /** Default: Argo CD's own namespace. */
  namespace?: string;
  /** Merged; null removes one. */
  labels?: Record<string, string | null>;
  annotations?: Record<string, string | null>;
  /** Forces the application's health; null lets its resources decide again. */
  health?: { status: string; message?: string } | null;
  /** Something in the destination was changed by hand: OutOfSync until it is synced. */
  isOutOfSync?: boolean;
  /** Manifests cannot be read, with this text; null: they can again. */
  comparisonError?: string | null;
  /** Manifests of a hydrated application cannot be hydrated, with this text; null: they can again. */
  hydrationError?: string | null;
  /** `kind` or `kind/name` to the reason why applying fails; null: all apply again. */
  applyErrors?: Record<string, string> | null;
  /** What workloads come to rest at after the next roll-out; null: healthy. */
  workloadHealth?: Traits['workloadHealth'] | null;
  /** An ApplicationSet with RollingSync owns it (lesson 2). */
  isRolling?: boolean;
  automated?: { prune?: boolean; selfHeal?: boolean } | null;
  targetRevision?: string;
  /** Gone at once, as after a forced deletion. */
  isDeleted?: boolean;
}

/** Applies a mutation and lets the controller notice it. Throws `RangeError` for an unknown application. */
export function mutateApplication(instance: Instance, controller: Controller, name: string, mutation: Mutation): void {
  const record = instance.store.get(mutation.namespace ?? CONTROL_PLANE_NAMESPACE, name);
  if (!record) throw new RangeError(`no application ${name}`);
  if (mutation.isDeleted) return instance.store.remove(record);
  const isMetadataOnly = Object.keys(mutation).every((key) => ['namespace', 'labels', 'annotations'].includes(key));
  if (isMetadataOnly)
    return instance.store.update(record, (draft) => changeMetadata(draft, mutation), { isMetadataOnly });
  change(record, mutation);
  controller.reconcile(record);
}

function change(record: ApplicationRecord, mutation: Mutation): void {
  // One write for the cause; the reconciliation that follows makes the event that shows its effect.
  const draft = structuredClone(stateOf(record));
  changeMetadata(draft, mutation);
  const { traits } = draft;
  set(traits, 'forcedHealth', mutation.health);
  set(traits, 'comparisonError', mutation.comparisonError);
  set(traits, 'hydrationError', mutation.hydrationError);
  set(traits, 'applyErrors', mutation.applyErrors);
  set(traits, 'workloadHealth', mutation.workloadHealth);
  set(traits, 'isRolling', mutation.isRolling);
  if (mutation.isOutOfSync) {
    const touched = draft.live.find((resource) => WORKLOADS.has(resource.kind)) ?? draft.live[0];
    if (touched) touched.content = `${touched.content} `;
  }
  if (mutation.automated !== undefined) {
    const { automated: _before, ...policy } = draft.spec.syncPolicy ?? {};
    draft.spec.syncPolicy = mutation.automated === null ? policy : { automated: mutation.automated, ...policy };
  }
  if (mutation.targetRevision !== undefined && draft.spec.source)
    draft.spec.source.targetRevision = mutation.targetRevision;
  record.version = { ...record.version, state: draft };
}

function changeMetadata(draft: ApplicationState, mutation: Mutation): void {
  for (const field of ['labels', 'annotations'] as const) {
    const changes = mutation[field];
    if (!changes) continue;
    const merged: Record<string, string> = { ...draft[field] };
    for (const [key, value] of Object.entries(changes)) {
      if (value === null) delete merged[key];
      else merged[key] = value;
    }
    // Kubernetes gives maps sorted.
    draft[field] = Object.fromEntries(Object.entries(merged).sort(([one], [other]) => (one < other ? -1 : 1)));
  }
}

function set<K extends keyof Traits>(traits: Traits, key: K, value: Traits[K] | null | undefined): void {
  if (value === null) delete traits[key];
  else if (value !== undefined) traits[key] = value;
}

/** New applications, each told to the streams. With a prefix they are plain ones in project default, not deployed yet. */
export function createApplications(
  instance: Instance,
  controller: Controller,
  count: number,
  prefix?: string,
): string[] {
  if (prefix === undefined) {
    const names = seedFleet(instance, count);
    for (const name of names) {
      const record = instance.store.get(CONTROL_PLANE_NAMESPACE, name);
      if (record) controller.reconcile(record);
    }
    return names;
  }
  const names: string[] = [];
  for (let index = 1; names.length < count; index += 1) {
    const name = `${prefix}-${index}`;
    if (instance.store.get(CONTROL_PLANE_NAMESPACE, name)) continue;
    const stamp = instance.clock.stamp();
    const record = instance.store.create(CONTROL_PLANE_NAMESPACE, name, uuidOf(`${name}/${sha1Hex(stamp)}`), {
      creationTimestamp: stamp,
      spec: {
        source: { repoURL: 'https://git.example.com/platform/apps', path: `services/${name}`, targetRevision: 'main' },
        destination: { server: 'https://kubernetes.default.svc', namespace: name },
        project: 'default',
        syncPolicy: { syncOptions: ['CreateNamespace=true'] },
      },
      status: {
        sync: { status: '', comparedTo: { source: { repoURL: '' }, destination: {} } },
        health: {},
        summary: {},
      },
      live: [],
      traits: {},
    });
    controller.requestReconcile(record, 35);
    names.push(name);
  }
  return names;
}
