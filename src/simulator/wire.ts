import type { ApplicationState, ResourceStatus } from './application.js';
import type { ApplicationRecord, RecordVersion } from './application-store.js';
import type { VersionProfile } from './version.js';

/** Argo CD's own namespace: applications live here unless they say otherwise. */
export const CONTROL_PLANE_NAMESPACE = 'argocd';

export interface WireOptions {
  /** From 3.x on, the health of each resource is filled in on GET and streams, and not in lists and answers to changes. */
  withResourceHealth: boolean;
  /** Left out where a fields filter would take them away again: they are costly to make. */
  withoutManagedFields?: boolean;
}

/** An application as the API gives it: fields in the order of the Go structs, no kind, no apiVersion. */
export function toWire(
  record: ApplicationRecord,
  version: RecordVersion,
  state: ApplicationState,
  profile: VersionProfile,
  options: WireOptions,
): Record<string, unknown> {
  const { status } = state;
  return {
    metadata: {
      name: record.name,
      namespace: record.namespace,
      uid: record.uid,
      resourceVersion: String(version.resourceVersion),
      generation: version.generation,
      creationTimestamp: state.creationTimestamp,
      ...(state.deletionTimestamp ? { deletionTimestamp: state.deletionTimestamp, deletionGracePeriodSeconds: 0 } : {}),
      ...present('labels', state.labels),
      ...present('annotations', state.annotations),
      ...present('ownerReferences', state.ownerReferences),
      ...present('finalizers', state.finalizers),
      ...(options.withoutManagedFields ? {} : { managedFields: managedFields(state, version) }),
    },
    spec: state.spec,
    status: {
      ...(status.resources && status.resources.length > 0
        ? { resources: resourcesOnWire(status.resources, profile, options) }
        : {}),
      sync: status.sync,
      health: profile.hasHealthMessage ? status.health : withoutMessage(status.health),
      ...present('history', status.history),
      ...present('conditions', status.conditions),
      ...(version.reconciledAt ? { reconciledAt: version.reconciledAt } : {}),
      ...(status.operationState ? { operationState: status.operationState } : {}),
      ...(status.sourceType ? { sourceType: status.sourceType } : {}),
      summary: status.summary,
      ...(profile.hasAppTree && version.reconciledAt ? { resourceHealthSource: 'appTree' } : {}),
      ...present('sourceTypes', status.sourceTypes),
      ...(version.reconciledAt ? { controllerNamespace: CONTROL_PLANE_NAMESPACE } : {}),
      sourceHydrator: status.sourceHydrator ?? {},
    },
    ...(state.operation ? { operation: state.operation } : {}),
  };
}

function resourcesOnWire(resources: ResourceStatus[], profile: VersionProfile, options: WireOptions): ResourceStatus[] {
  if (!profile.hasAppTree || options.withResourceHealth) return resources;
  return resources.map((resource) => {
    const { health: _health, ...rest } = resource;
    return rest;
  });
}

function withoutMessage<T extends { message?: string }>(health: T): T {
  const { message: _message, ...rest } = health;
  return rest as T;
}

function present(key: string, value: object | undefined): Record<string, unknown> {
  if (value === undefined || (Array.isArray(value) ? value.length : Object.keys(value).length) === 0) return {};
  return { [key]: value };
}

/** Who wrote which field: full answers carry it, and it is a good part of their weight. */
function managedFields(state: ApplicationState, version: RecordVersion): unknown[] {
  const entry = (manager: string, time: string, fieldsV1: unknown): unknown => ({
    manager,
    operation: 'Update',
    apiVersion: 'argoproj.io/v1alpha1',
    time,
    fieldsType: 'FieldsV1',
    fieldsV1,
  });
  const meta: Record<string, unknown> = {};
  if (state.labels) meta['f:labels'] = { '.': {}, ...leaves(state.labels) };
  const fields = [
    entry('argocd', state.creationTimestamp, {
      ...(Object.keys(meta).length > 0 ? { 'f:metadata': meta } : {}),
      'f:spec': { '.': {}, ...leaves(state.spec) },
      'f:status': {
        '.': {},
        'f:health': {},
        'f:sourceHydrator': {},
        'f:summary': {},
        'f:sync': { '.': {}, 'f:comparedTo': { '.': {}, 'f:destination': {}, 'f:source': {} } },
      },
    }),
  ];
  if (version.reconciledAt) {
    const { operationState, history, sync, health, resources } = state.status;
    const written = {
      controllerNamespace: 1,
      health,
      ...(history ? { history: 1 } : {}),
      ...(operationState ? { operationState } : {}),
      reconciledAt: 1,
      resources: resources ? 1 : undefined,
      sync,
    };
    fields.push(entry('argocd-application-controller', version.reconciledAt, { 'f:status': leaves(written) }));
  }
  return fields;
}

function leaves(value: object): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(value)) {
    if (part === undefined) continue;
    fields[`f:${key}`] =
      typeof part === 'object' && part !== null && !Array.isArray(part) ? { '.': {}, ...leaves(part as object) } : {};
  }
  return fields;
}
