import type { ApplicationState, Operation } from './application.js';
import type { ApplicationRecord, StoreEvent } from './application-store.js';
import { stateOf } from './application-store.js';
import { automatedOperation } from './auto-sync.js';
import { compare } from './comparison.js';
import type { Instance } from './instance.js';
import type { RunEnd } from './operation-run.js';
import { OperationRun } from './operation-run.js';

export const REFRESH_ANNOTATION = 'argocd.argoproj.io/refresh';
export const HYDRATE_ANNOTATION = 'argocd.argoproj.io/hydrate';
const ROLLING_INFO = {
  name: 'Reason',
  value: 'ApplicationSet RollingSync triggered a sync of this Application resource',
};
const TICK_MS = 250;

/** The application controller: carries out operations, reconciles, refreshes, deletes, heals. It reacts to what is written. */
export class Controller {
  private readonly runs = new Map<ApplicationRecord, OperationRun>();
  private readonly refreshing = new Set<ApplicationRecord>();
  private readonly deleting = new Set<ApplicationRecord>();
  private readonly unsubscribe: () => void;
  private readonly ticker: NodeJS.Timeout | undefined;
  private cursor = 0;
  private due = 0;

  constructor(private readonly instance: Instance) {
    this.unsubscribe = instance.store.subscribe((event) => this.onChange(event));
    if (instance.options.reconcileMs > 0) {
      this.ticker = setInterval(() => this.tick(), TICK_MS);
      this.ticker.unref();
    }
  }

  close(): void {
    clearInterval(this.ticker);
    this.unsubscribe();
  }

  /** A changed spec, a new application, a drift: compared within a moment. */
  requestReconcile(record: ApplicationRecord, afterMs = 22): void {
    this.instance.later(afterMs, () => this.reconcile(record));
  }

  /** Compares now and writes what it found; without a difference only `reconciledAt` moves. */
  reconcile(record: ApplicationRecord): void {
    const { store, repositories, profile, clock } = this.instance;
    if (!store.has(record)) return;
    const stamp = clock.stamp();
    const isUntouched = record.version.state === undefined;
    if (isUntouched || this.runs.has(record) || this.deleting.has(record)) return store.touch(record, stamp);
    const before = stateOf(record);
    const status = compare(record.name, before, { repositories, profile, stamp });
    if (JSON.stringify(status) === JSON.stringify(before.status)) store.touch(record, stamp);
    else {
      store.update(record, (draft) => void (draft.status = status), { reconciledAt: stamp });
      this.tellChange(record, before, stateOf(record));
    }
    this.autoSync(record);
  }

  /** The events that a change of sync or health status leaves. */
  private tellChange(record: ApplicationRecord, before: ApplicationState, after: ApplicationState): void {
    const tell = (what: string, from = '', to = '', cause?: string): void => {
      if (from === to) return;
      const suffix = cause && this.instance.profile.hasHealthCauseInEvents ? ` (${cause})` : '';
      this.instance.log(record, 'ResourceUpdated', `Updated ${what} status: ${from} -> ${to}${suffix}`);
    };
    tell('sync', before.status.sync.status, after.status.sync.status);
    tell('health', before.status.health.status, after.status.health.status, after.status.health.message);
  }

  private onChange({ type, record, version }: StoreEvent): void {
    if (type === 'DELETED') {
      this.runs.get(record)?.abandon();
      for (const set of [this.runs, this.refreshing, this.deleting]) set.delete(record);
      this.instance.events.forget(record.uid);
      return;
    }
    const { state } = version;
    if (state === undefined) return;
    if (state.deletionTimestamp && !this.deleting.has(record)) this.deleteResources(record);
    const run = this.runs.get(record);
    if (run && state.status.operationState?.phase === 'Terminating') run.terminate();
    else if (!run && state.operation) this.begin(record);
    if (state.annotations?.[REFRESH_ANNOTATION] && !this.refreshing.has(record)) this.refresh(record);
  }

  private begin(record: ApplicationRecord): void {
    const run = new OperationRun(this.instance, record, (end) => this.onRunEnd(record, end));
    this.runs.set(record, run);
    run.start();
  }

  private onRunEnd(record: ApplicationRecord, end: RunEnd): void {
    const { instance } = this;
    this.runs.delete(record);
    const state = stateOf(record);
    const { syncResult, message } = state.status.operationState!;
    instance.operations.finish(record.namespace, record.name, end.phase, instance.clock.now().toISOString());
    const what = `${(end.operation.sync.resources?.length ?? 0) > 0 ? 'Partial sync' : 'Sync'} operation to ${syncResult?.revision || syncResult?.revisions?.join(', ') || ''}`;
    const isFine = end.phase === 'Succeeded';
    instance.log(record, 'OperationCompleted', isFine ? `${what} succeeded` : `${what} failed: ${message ?? ''}`, {
      isWarning: !isFine,
    });
    const isOwn = end.operation.initiatedBy.automated === true;
    if (state.traits.isRolling && isFine && !isOwn && !end.operation.sync.dryRun)
      instance.later(12 + instance.random() * 18, () => this.rollAgain(record));
    if (end.operation.sync.dryRun) return;
    instance.later(40 + instance.random() * 120, () => {
      this.reconcileAfterRun(record);
      instance.later(70, () => this.settle(record, end));
    });
  }

  /** The state that an operation brought about shows only now, even if the next operation has already begun. */
  private reconcileAfterRun(record: ApplicationRecord): void {
    if (!this.runs.has(record)) return this.reconcile(record);
    const { store, repositories, profile, clock } = this.instance;
    if (!store.has(record)) return;
    const stamp = clock.stamp();
    store.update(
      record,
      (draft) => void (draft.status = compare(record.name, draft, { repositories, profile, stamp })),
      { reconciledAt: stamp },
    );
  }

  private settle(record: ApplicationRecord, end: RunEnd): void {
    const { store, repositories, profile, clock } = this.instance;
    if (!store.has(record)) return;
    const before = stateOf(record);
    const live = end.settle(before);
    if (JSON.stringify(live) === JSON.stringify(before.live)) return;
    const stamp = clock.stamp();
    store.update(record, (draft) => {
      draft.live = live;
      draft.status = compare(record.name, draft, { repositories, profile, stamp });
    });
    this.tellChange(record, before, stateOf(record));
  }

  private rollAgain(record: ApplicationRecord): void {
    const { store } = this.instance;
    if (!store.has(record) || stateOf(record).operation) return;
    const state = stateOf(record);
    this.accept(record, 'rolling-sync', {
      sync: { ...(state.spec.syncPolicy?.syncOptions ? { syncOptions: state.spec.syncPolicy.syncOptions } : {}) },
      initiatedBy: { username: 'applicationset-controller', automated: true },
      info: [ROLLING_INFO],
      retry: { limit: 5 },
    });
  }

  private accept(record: ApplicationRecord, kind: 'automated' | 'rolling-sync', operation: Operation): void {
    const { store, operations, clock } = this.instance;
    operations.accept({
      at: clock.now().toISOString(),
      application: record.name,
      namespace: record.namespace,
      kind,
      initiatedBy: operation.initiatedBy.username ?? 'automated',
      ...(operation.sync.revision ? { revision: operation.sync.revision } : {}),
      isDryRun: false,
      infos: operation.info ?? [],
    });
    store.update(record, (draft) => {
      draft.operation = operation;
      if (kind === 'automated') delete draft.status.operationState;
    });
  }

  private autoSync(record: ApplicationRecord): void {
    const state = stateOf(record);
    if (this.runs.has(record)) return;
    const operation = automatedOperation(state, this.instance.profile);
    if (operation) this.accept(record, 'automated', operation);
  }

  private refresh(record: ApplicationRecord): void {
    this.refreshing.add(record);
    this.instance.later(25 + this.instance.random() * 30, () => {
      this.refreshing.delete(record);
      const { store, profile, clock, repositories } = this.instance;
      if (!store.has(record)) return;
      const stamp = clock.stamp();
      store.update(
        record,
        (draft) => {
          const annotations = draft.annotations ?? {};
          delete annotations[REFRESH_ANNOTATION];
          delete annotations[`${REFRESH_ANNOTATION}-timestamp`];
          draft.annotations = annotations;
          if (!this.runs.has(record)) draft.status = compare(record.name, draft, { repositories, profile, stamp });
        },
        { reconciledAt: stamp },
      );
      this.autoSync(record);
    });
  }

  /** Deletion with cascade: the resources go first, then the application. */
  private deleteResources(record: ApplicationRecord): void {
    this.deleting.add(record);
    const { store, repositories, profile, clock } = this.instance;
    const show = (live: (state: ApplicationState) => ApplicationState['live']) => (): void => {
      if (!store.has(record)) return;
      store.update(record, (draft) => {
        draft.live = live(draft);
        draft.status = compare(record.name, draft, { repositories, profile, stamp: clock.stamp() });
      });
    };
    this.instance.later(75, () => {
      show((state) => state.live.map((resource) => ({ ...resource, health: { status: 'Progressing' } })))();
      this.instance.later(100, () => {
        show(() => [])();
        this.instance.later(13, () => store.remove(record));
      });
    });
  }

  /** Spreads the periodic reconciliation of all applications evenly over its interval. */
  private tick(): void {
    const { store, options, isControllerDown, isRepoServerDown } = this.instance;
    if (isControllerDown || isRepoServerDown || store.size === 0) return;
    this.due += (store.size * TICK_MS) / options.reconcileMs;
    const records = store.list();
    for (; this.due >= 1; this.due -= 1) {
      const record = records[this.cursor % records.length];
      this.cursor += 1;
      if (record) this.reconcile(record);
    }
  }
}
