import { findApplication, rbacObject, referenceOfQuery } from './application-access.js';
import { applicationFilter } from './application-list-routes.js';
import type { StoreEvent } from './application-store.js';
import { stateOf } from './application-store.js';
import type { Call, Route } from './call.js';
import { resourceTree } from './resource-tree.js';
import { StreamWriter } from './stream-writer.js';
import { toWire } from './wire.js';

/** A subscriber that does not keep up loses what comes after this many waiting events, and nobody tells it (point 11). */
const BUFFERED_EVENTS_MAX = 1000;
const SNAPSHOT_BATCH = 100;
const MANAGED_FIELDS = 'result.application.metadata.managedFields';

export const streamRoutes: Route[] = [
  { method: 'GET', pattern: '/api/v1/stream/applications', handle: streamApplications, kind: 'stream' },
  {
    method: 'GET',
    pattern: '/api/v1/stream/applications/:name/resource-tree',
    handle: streamResourceTree,
    kind: 'stream',
  },
];

async function streamApplications(call: Call): Promise<void> {
  const { instance, query, faults } = call;
  const caller = call.caller();
  const matches = applicationFilter(query, true);
  const asked = query.get('resourceVersion') ?? '';
  const minVersion = /^\d+$/.test(asked) ? Number(asked) : 0;
  const writer = new StreamWriter(call);
  const fields = (query.get('fields') ?? '').split(',');
  const withoutManagedFields =
    fields[0] !== '' && !fields.some((field) => MANAGED_FIELDS.startsWith(field.replace(/^-.*/, '')));
  /** Rights are asked at every event: what they no longer cover just stops (lesson 18). */
  const isVisible = ({ record, version, state }: Omit<StoreEvent, 'type'>): boolean =>
    version.resourceVersion >= minVersion &&
    matches(record) &&
    instance.accounts.can(caller, 'applications', 'get', rbacObject(state().spec.project, record));
  const send = (event: StoreEvent): void => {
    if (!isVisible(event)) return;
    const application = toWire(event.record, event.version, event.state(), instance.profile, {
      withResourceHealth: true,
      withoutManagedFields,
    });
    writer.send({ result: { type: event.type, application } }, event.record.name);
  };

  if (asked === '' || query.get('name')) {
    // The snapshot is what was true now; what changes while it is sent is lost, as in Argo CD (point 11).
    // Unlike a list it is sorted by namespace first.
    const snapshot = instance.store
      .list()
      .map((record) => ({ record, version: record.version }))
      .sort((a, b) => (a.record.namespace < b.record.namespace ? -1 : a.record.namespace > b.record.namespace ? 1 : 0));
    for (const [index, { record, version }] of snapshot.entries()) {
      send({ type: 'ADDED', record, version, state: () => stateOf(record, version) });
      if (writer.isBlocked) await writer.drained();
      else if (index % SNAPSHOT_BATCH === SNAPSHOT_BATCH - 1) await new Promise((resolve) => setImmediate(resolve));
      if (writer.isOver || call.signal.aborted) break;
    }
    const delayMs = faults.snapshotDelayMs();
    if (delayMs > 0) await new Promise<void>((resolve) => void instance.clock.after(delayMs, resolve));
  }

  const queue: StoreEvent[] = [];
  const pump = (): void => {
    while (queue.length > 0 && !writer.isBlocked && !writer.isOver) send(queue.shift()!);
  };
  writer.onDrain(pump);
  const unsubscribe = instance.store.subscribe((event) => {
    if (queue.length >= BUFFERED_EVENTS_MAX || faults.takesEvent(event.type, event.record.name)) return;
    const deliver = (): void => {
      queue.push(event);
      pump();
    };
    const delayMs = faults.eventDelayMs();
    if (delayMs > 0) instance.clock.after(delayMs, deliver);
    else deliver();
  });
  await untilOver(call, writer);
  unsubscribe();
}

/** Trees of one application, each when it changed; nothing at the beginning (point 15). Rights are asked once. */
async function streamResourceTree(call: Call): Promise<void> {
  const { instance } = call;
  const record = findApplication(call, referenceOfQuery(call, call.params['name']!));
  const writer = new StreamWriter(call);
  const treeNow = (): Record<string, unknown> => resourceTree(record, stateOf(record), instance.profile);
  let last = JSON.stringify(treeNow());
  const unsubscribe = instance.store.subscribe((event) => {
    if (event.record !== record || event.type === 'DELETED' || writer.isBlocked) return;
    const tree = treeNow();
    const text = JSON.stringify(tree);
    if (text === last) return;
    last = text;
    writer.send({ result: tree });
  });
  await untilOver(call, writer);
  unsubscribe();
}

function untilOver(call: Call, writer: StreamWriter): Promise<void> {
  return new Promise((resolve, reject) => {
    const over = (): void => {
      if (writer.isOver || call.response.destroyed) resolve();
      else reject(call.signal.reason as Error);
    };
    if (writer.isOver || call.signal.aborted) return over();
    call.signal.addEventListener('abort', over, { once: true });
    call.response.once('close', () => resolve());
    call.response.once('finish', () => resolve());
  });
}
