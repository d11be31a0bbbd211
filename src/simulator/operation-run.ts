import type { ApplicationState, LiveResource, Operation, OperationState } from './application.js';
import type { ApplicationRecord } from './application-store.js';
import { stateOf } from './application-store.js';
import { goDurationMs, kitchenTime } from './clock.js';
import { compare } from './comparison.js';
import type { Instance } from './instance.js';
import { settled } from './operation-tasks.js';
import type { Outcome, WorkStep } from './operation-work.js';
import { OperationWork, STEP_MS } from './operation-work.js';
import { canSync, windowsFor } from './projects.js';
import { RepositoryError } from './repositories.js';

/** What the controller does once an operation has ended. */
export interface RunEnd {
  operation: Operation;
  phase: string;
  /** Workloads that were rolled out come to rest a little later. */
  settle: (state: ApplicationState) => LiveResource[];
}

const BLOCKED_RETRY_MS = 1000;
const SHOW_MS = 70;
const HISTORY_MAX = 10;
const DEFAULT_BACKOFF = { durationMs: 5000, factor: 2, maxMs: 180_000 };

/**
 * One operation from Running to its end, told in the order in which a real controller writes it down:
 * phase, progress, history, then phase and removal of `operation` in one write. Status follows later (lesson 1).
 */
export class OperationRun {
  private readonly operation: Operation;
  private readonly startedAt: string;
  private readonly work: OperationWork;
  private retryCount = 0;
  private cancelPause: () => void = () => undefined;
  private isOver = false;

  constructor(
    private readonly instance: Instance,
    private readonly record: ApplicationRecord,
    private readonly onEnd: (end: RunEnd) => void,
  ) {
    const state = stateOf(record);
    this.operation = state.operation!;
    this.work = new OperationWork(instance, record, this.operation, state.live);
    this.startedAt = instance.clock.stamp();
  }

  start(): void {
    this.step(12, () => {
      this.write({ phase: 'Running' });
      this.attempt();
    });
  }

  /** The API server has written phase Terminating; the controller follows. */
  terminate(): void {
    if (this.isOver) return;
    this.cancelPause();
    this.step(45, () => {
      this.work.terminate();
      this.end({ phase: 'Failed', message: 'Operation terminated' });
    });
  }

  /** The application is gone. */
  abandon(): void {
    this.isOver = true;
    this.cancelPause();
  }

  private step(ms: number, work: () => void): void {
    this.cancelPause = this.instance.later(ms, () => {
      if (!this.isOver) work();
    });
  }

  private attempt(): void {
    const state = stateOf(this.record);
    if (this.isBlocked(state)) {
      this.write({ phase: 'Running', message: 'Sync operation blocked by sync window' });
      this.step(BLOCKED_RETRY_MS, () => this.attempt());
      return;
    }
    try {
      this.walk(this.work.begin(state));
    } catch (error) {
      if (!(error instanceof RepositoryError)) throw error;
      this.step(STEP_MS, () => this.conclude({ phase: 'Error', message: `ComparisonError: ${error.message}` }));
    }
  }

  /** The API lets a rollback pass a closed window; the controller does not. */
  private isBlocked(state: ApplicationState): boolean {
    const { destination, project } = state.spec;
    const place = {
      name: this.record.name,
      namespace: destination.namespace ?? '',
      cluster: destination.server ?? '',
    };
    const windows = windowsFor(this.instance.projects.get(project), place, this.instance.clock.now());
    return !canSync(windows, this.operation.initiatedBy.automated !== true);
  }

  private walk(steps: WorkStep[]): void {
    const [next, ...rest] = steps;
    if (!next) return;
    this.step(next.ms, () => {
      const before = this.work.live;
      const outcome = next.run?.();
      if (outcome) return this.conclude(outcome);
      if (next.message) this.write({ phase: 'Running', message: next.message, live: this.work.live });
      // The last objects show only after the end (lesson 1); what stands between two steps shows a moment later.
      if (this.work.live !== before && rest.length > 1) this.instance.later(SHOW_MS, () => this.show());
      this.walk(rest);
    });
  }

  private show(): void {
    const { store, repositories, profile, clock } = this.instance;
    if (this.isOver) return;
    store.update(this.record, (draft) => {
      draft.live = this.work.live;
      draft.status = compare(this.record.name, draft, { repositories, profile, stamp: clock.stamp() });
    });
  }

  private conclude(outcome: Outcome): void {
    const { limit = 0, backoff } = this.operation.retry;
    if (outcome.phase === 'Succeeded') return this.recordHistory(outcome);
    if (this.retryCount >= limit) {
      const suffix = this.retryCount > 0 ? ` (retried ${this.retryCount} times).` : '';
      return this.end({ ...outcome, message: outcome.message + suffix });
    }
    this.retryCount += 1;
    const { durationMs, factor, maxMs } = DEFAULT_BACKOFF;
    const grown = (goDurationMs(backoff?.duration) ?? durationMs) * (backoff?.factor ?? factor) ** this.retryCount;
    const waitMs = Math.min(grown, goDurationMs(backoff?.maxDuration) ?? maxMs);
    const at = kitchenTime(new Date(this.instance.clock.now().getTime() + waitMs));
    const message = `${outcome.message}. Retrying attempt #${this.retryCount} at ${at}.`;
    this.write({ phase: 'Running', message, isFinished: true });
    this.step(waitMs, () => {
      this.work.syncResult = undefined;
      this.write({ phase: 'Running', message: `Retrying operation. Attempt #${this.retryCount}` });
      this.step(STEP_MS, () => this.attempt());
    });
  }

  private recordHistory(outcome: Outcome): void {
    const { sync, initiatedBy } = this.operation;
    if (sync.dryRun || (sync.resources?.length ?? 0) > 0) return this.end(outcome);
    const deployedAt = this.instance.clock.stamp();
    const { revision, source, sources, revisions } = this.work.syncResult!;
    this.instance.store.update(this.record, (draft) => {
      const history = draft.status.history ?? [];
      history.push({
        ...(sources ? {} : { revision }),
        deployedAt,
        id: (history.at(-1)?.id ?? -1) + 1,
        source,
        deployStartedAt: this.startedAt,
        ...(sources ? { sources, revisions } : {}),
        initiatedBy,
      });
      draft.status.history = history.slice(-(draft.spec.revisionHistoryLimit ?? HISTORY_MAX));
      draft.live = this.work.live;
    });
    this.step(12, () => this.end(outcome));
  }

  private end(outcome: Outcome): void {
    this.isOver = true;
    this.write({ ...outcome, isFinished: true, isEnd: true, live: this.work.live });
    const { manifests } = this.work;
    const settle = (state: ApplicationState): LiveResource[] => settled(state.live, manifests, state);
    this.onEnd({ operation: this.operation, phase: outcome.phase, settle });
  }

  private write(next: {
    phase: OperationState['phase'];
    message?: string;
    isFinished?: boolean;
    isEnd?: boolean;
    live?: LiveResource[];
  }): void {
    const { results, syncResult } = this.work;
    const hasResult = syncResult !== undefined && (results.length > 0 || next.isFinished === true);
    const lines = results.length > 0 ? { resources: structuredClone(results) } : {};
    const state: OperationState = {
      operation: this.operation,
      phase: next.phase,
      ...(next.message ? { message: next.message } : {}),
      ...(hasResult ? { syncResult: { ...lines, ...syncResult } } : {}),
      startedAt: this.startedAt,
      ...(next.isFinished ? { finishedAt: this.instance.clock.stamp() } : {}),
      ...(this.retryCount > 0 ? { retryCount: this.retryCount } : {}),
    };
    this.instance.store.update(this.record, (draft) => {
      draft.status.operationState = state;
      if (next.live) draft.live = next.live;
      if (next.isEnd) delete draft.operation;
    });
  }
}
