import type { ApplicationRecord } from './application-store.js';
import { stateOf } from './application-store.js';
import { sha1Hex, uuidOf } from './seeded.js';

interface LoggedEvent {
  reason: string;
  message: string;
  type: 'Normal' | 'Warning';
  component: 'argocd-server' | 'argocd-application-controller';
  user?: string;
  stamp: string;
  resourceVersion: number;
  about: number;
}

const KEPT_PER_APPLICATION = 40;

/** The Kubernetes events that Argo CD writes about applications: its audit trail. */
export class EventLog {
  private readonly events = new Map<string, LoggedEvent[]>();

  add(record: ApplicationRecord, event: Omit<LoggedEvent, 'about'>): void {
    const kept = this.events.get(record.uid) ?? [];
    kept.push({ ...event, about: record.version.resourceVersion });
    if (kept.length > KEPT_PER_APPLICATION) kept.shift();
    this.events.set(record.uid, kept);
  }

  forget(uid: string): void {
    this.events.delete(uid);
  }

  /** As `GET .../events` gives them. Up to 3.1 two more fields are filled in. */
  onWire(record: ApplicationRecord, listVersion: number, hasReporting: boolean): Record<string, unknown> {
    const { destination } = stateOf(record).spec;
    const items = (this.events.get(record.uid) ?? []).map((event, index) => ({
      metadata: {
        name: `${record.name}.${sha1Hex(`${record.uid}${event.stamp}${index}`).slice(0, 16)}`,
        namespace: record.namespace,
        uid: uuidOf(`event/${record.uid}/${event.resourceVersion}/${index}`),
        resourceVersion: String(event.resourceVersion),
        creationTimestamp: event.stamp,
        annotations: {
          'dest-namespace': destination.namespace ?? '',
          'dest-server': destination.server ?? '',
          ...(event.user ? { user: event.user } : {}),
        },
        managedFields: [
          {
            manager: event.component,
            operation: 'Update',
            apiVersion: 'v1',
            time: event.stamp,
            fieldsType: 'FieldsV1',
            fieldsV1: { 'f:message': {}, 'f:reason': {}, 'f:type': {} },
          },
        ],
      },
      involvedObject: {
        kind: 'Application',
        namespace: record.namespace,
        name: record.name,
        uid: record.uid,
        apiVersion: 'argoproj.io/v1alpha1',
        resourceVersion: String(event.about),
      },
      reason: event.reason,
      message: event.message,
      source: { component: event.component },
      firstTimestamp: event.stamp,
      lastTimestamp: event.stamp,
      count: 1,
      type: event.type,
      eventTime: null,
      ...(hasReporting ? { reportingComponent: '', reportingInstance: '' } : {}),
    }));
    return { metadata: { resourceVersion: String(listVersion) }, items: items.length > 0 ? items : null };
  }
}
