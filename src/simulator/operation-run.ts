import type {
  ApplicationState,
  LiveResource,
  Operation,
  OperationState,
  ResourceResult,
  SyncResult,
} from './application.js';
import { isMultiSource, sourcesOf } from './application.js';
import type { ApplicationRecord } from './application-store.js';
import { stateOf } from './application-store.js';
import { goDurationMs, kitchenTime } from './clock.js';
import { renderAll } from './comparison.js';
import type { Instance } from './instance.js';
import type { Manifest } from './manifest.js';
import { keyOfResource } from './manifest.js';
import {
  applyErrorOf,
  applyResult,
  namespaceResult,
  planSync,
  pruneResult,
  settled,
  withApplied,
} from './operation-tasks.js';
import { canSync, windowsFor } from './projects.js';
import { RepositoryError } from './repositories.js';

type Outcome = { phase: 'Succeeded' | 'Failed' | 'Error'; message: string };

/** What the controller does once an operation has ended. */
export interface RunEnd {
  operation: Operation;
  phase: string;
  /** Workloads that were rolled out come to rest a little later. */
  settle: (state: ApplicationState) => LiveResource[];
}

/** At speed 1: how long one step of a sync takes. A sync of a few steps is done in 300 to 900 ms. */
const STEP_MS = 130;
const WAVE_MS = 250;
const BLOCKED_RETRY_MS = 1000;
const HISTORY_MAX = 10;

/**
 * One operation from Running to its end, told in the order in which a real controller writes it down:
 * phase, progress, history, then phase and removal of `operation` in one write. Status follows later (lesson 1).
 */
export class OperationRun {
  private readonly operation: Operation;
  private readonly startedAt: string;
  private live: LiveResource[];
  private manifests: Manifest[] = [];
  private results: ResourceResult[] = [];
  private syncResult: SyncResult | undefined;
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
    this.live = state.live;
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
      for (const result of this.results)
        if (result.hookType && result.hookPhase === 'Running')
          Object.assign(result, { message: 'Terminated', hookPhase: 'Failed' });
      this.live = this.live.filter((resource) => !resource.isHook || resource.health?.status !== 'Progressing');
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
    const { sync } = this.operation;
    const state = stateOf(this.record);
    if (this.isBlocked(state)) {
      this.write({ phase: 'Running', message: 'Sync operation blocked by sync window' });
      this.step(BLOCKED_RETRY_MS, () => this.attempt());
      return;
    }
    const sources = sync.sources ?? (sync.source && !isMultiSource(state.spec) ? [sync.source] : sourcesOf(state.spec));
    this.results = [];
    try {
      const revisions = sources.map(
        (source, index) =>
          (sync.revisions?.[index] ?? (sync.revision || undefined)) || this.instance.repositories.resolve(source),
      );
      this.syncResult = isMultiSource(state.spec)
        ? { revision: '', source: { repoURL: '' }, sources, revisions }
        : { revision: revisions[0] ?? '', source: sources[0] ?? { repoURL: '' } };
      this.manifests = renderAll(this.record.name, state, sources, revisions, this.instance.repositories);
    } catch (error) {
      if (!(error instanceof RepositoryError)) throw error;
      this.step(STEP_MS, () => this.conclude({ phase: 'Error', message: `ComparisonError: ${error.message}` }));
      return;
    }
    this.carryOut(state);
  }

  /** The API lets a rollback pass a closed window; the controller does not. */
  private isBlocked(state: ApplicationState): boolean {
    const { destination, project } = state.spec;
    const windows = windowsFor(
      this.instance.projects.get(project),
      { name: this.record.name, namespace: destination.namespace ?? '', cluster: destination.server ?? '' },
      this.instance.clock.now(),
    );
    return !canSync(windows, this.operation.initiatedBy.automated !== true);
  }

  private carryOut(state: ApplicationState): void {
    const { sync } = this.operation;
    const namespace = state.spec.destination.namespace ?? '';
    const isThere =
      this.live.length > 0 || (state.status.history?.length ?? 0) > 0 || this.instance.createdNamespaces.has(namespace);
    const plan = planSync(state, sync, this.manifests, isThere);
    const steps: [ms: number, work: () => Outcome | undefined][] = [];
    if (sync.dryRun) {
      steps.push([
        STEP_MS,
        () => {
          for (const item of plan.waves.flat()) this.apply(item, state, true);
          for (const item of plan.toPrune) this.results.push(pruneResult(item, sync.prune === true, true));
          return this.failure() ?? { phase: 'Succeeded', message: 'successfully synced (no more tasks)' };
        },
      ]);
      return this.walk(steps);
    }
    if (plan.createsNamespace) {
      steps.push([
        STEP_MS,
        () => {
          this.instance.createdNamespaces.add(namespace);
          this.results.push(namespaceResult(plan.createsNamespace!));
          this.progress(`waiting for healthy state of /Namespace/${plan.createsNamespace}`);
          return undefined;
        },
      ]);
    }
    const namespaceIsThere = isThere || plan.createsNamespace !== undefined;
    for (const hook of plan.preSync) this.planHook(hook, state, steps);
    plan.waves.forEach((wave, index) => {
      const isLast = index === plan.waves.length - 1;
      steps.push([
        STEP_MS,
        () => {
          for (const item of wave) this.apply(item, state, false, namespaceIsThere);
          const failed = this.failure();
          if (failed || isLast) return failed;
          this.progress(`waiting for healthy state of /${wave[0]!.kind}/${wave[0]!.name}`);
          return undefined;
        },
      ]);
      if (!isLast)
        steps.push([
          WAVE_MS,
          () => {
            for (const result of this.results) if (result.syncPhase === 'Sync') result.hookPhase = 'Succeeded';
            return undefined;
          },
        ]);
    });
    for (const hook of plan.postSync) this.planHook(hook, state, steps);
    steps.push([
      STEP_MS,
      () => {
        if (plan.toPrune.length > 0)
          for (const result of this.results) if (result.syncPhase === 'Sync') result.hookPhase = 'Succeeded';
        for (const item of plan.toPrune) {
          this.results.push(pruneResult(item, sync.prune === true, false));
          if (sync.prune) this.live = this.live.filter((resource) => keyOfResource(resource) !== keyOfResource(item));
        }
        return { phase: 'Succeeded', message: 'successfully synced (all tasks run)' };
      },
    ]);
    this.walk(steps);
  }

  private planHook(hook: Manifest, state: ApplicationState, steps: [number, () => Outcome | undefined][]): void {
    steps.push([
      STEP_MS,
      () => {
        this.live = this.live.filter((resource) => keyOfResource(resource) !== keyOfResource(hook));
        this.apply(hook, state, false);
        this.progress(`waiting for completion of hook ${hook.group}/${hook.kind}/${hook.name}`);
        return this.failure();
      },
    ]);
    steps.push([
      hook.hookMs ?? 300,
      () => {
        const result = this.results.find((line) => line.hookType && line.name === hook.name)!;
        Object.assign(result, { message: 'Reached expected number of succeeded pods', hookPhase: 'Succeeded' });
        this.live = this.live.map((resource) =>
          keyOfResource(resource) === keyOfResource(hook) ? { ...resource, health: { status: 'Healthy' } } : resource,
        );
        return undefined;
      },
    ]);
  }

  private walk(steps: [ms: number, work: () => Outcome | undefined][]): void {
    const [next, ...rest] = steps;
    if (!next) return;
    this.step(next[0], () => {
      const outcome = next[1]();
      if (outcome) this.conclude(outcome);
      else this.walk(rest);
    });
  }

  private apply(item: Manifest, state: ApplicationState, isDryRun: boolean, namespaceIsThere = true): void {
    const error = applyErrorOf(item, state, namespaceIsThere);
    this.results.push(
      applyResult(item, this.live, {
        ...(error === undefined ? {} : { error }),
        isDryRun,
        profile: this.instance.profile,
      }),
    );
    if (error === undefined && !isDryRun) this.live = withApplied(this.live, item, state, this.instance.clock.stamp());
  }

  private failure(): Outcome | undefined {
    const failed = this.results.filter((result) => result.status === 'SyncFailed');
    if (failed.length === 0) return undefined;
    return {
      phase: 'Failed',
      message: `one or more objects failed to apply, reason: ${failed.map((result) => result.message).join(',')}`,
    };
  }

  private progress(message: string): void {
    this.write({ phase: 'Running', message, live: this.live });
  }

  private conclude(outcome: Outcome): void {
    const { limit = 0, backoff } = this.operation.retry;
    if (outcome.phase === 'Succeeded') return this.recordHistory(outcome);
    if (this.retryCount >= limit) {
      const suffix = this.retryCount > 0 ? ` (retried ${this.retryCount} times).` : '';
      return this.end({ ...outcome, message: outcome.message + suffix });
    }
    this.retryCount += 1;
    const waitMs = Math.min(
      (goDurationMs(backoff?.duration) ?? 5000) * (backoff?.factor ?? 2) ** this.retryCount,
      goDurationMs(backoff?.maxDuration) ?? 180_000,
    );
    const at = kitchenTime(new Date(this.instance.clock.now().getTime() + waitMs));
    this.write({
      phase: 'Running',
      message: `${outcome.message}. Retrying attempt #${this.retryCount} at ${at}.`,
      isFinished: true,
    });
    this.step(waitMs, () => {
      this.syncResult = undefined;
      this.write({ phase: 'Running', message: `Retrying operation. Attempt #${this.retryCount}` });
      this.step(STEP_MS, () => this.attempt());
    });
  }

  private recordHistory(outcome: Outcome): void {
    const { sync } = this.operation;
    if (sync.dryRun || (sync.resources?.length ?? 0) > 0) return this.end(outcome);
    const stamp = this.instance.clock.stamp();
    const { revision, source, sources, revisions } = this.syncResult!;
    this.instance.store.update(this.record, (draft) => {
      const history = draft.status.history ?? [];
      const id = (history.at(-1)?.id ?? -1) + 1;
      history.push({
        ...(sources ? {} : { revision }),
        deployedAt: stamp,
        id,
        source,
        deployStartedAt: this.startedAt,
        ...(sources ? { sources, revisions } : {}),
        initiatedBy: this.operation.initiatedBy,
      });
      draft.status.history = history.slice(-(draft.spec.revisionHistoryLimit ?? HISTORY_MAX));
      draft.live = this.live;
    });
    this.step(12, () => this.end(outcome));
  }

  private end(outcome: Outcome): void {
    this.isOver = true;
    this.write({ ...outcome, isFinished: true, isEnd: true, live: this.live });
    const { manifests } = this;
    this.onEnd({
      operation: this.operation,
      phase: outcome.phase,
      settle: (state) => settled(state.live, manifests, state),
    });
  }

  private write(next: {
    phase: OperationState['phase'];
    message?: string;
    isFinished?: boolean;
    isEnd?: boolean;
    live?: LiveResource[];
  }): void {
    const state: OperationState = {
      operation: this.operation,
      phase: next.phase,
      ...(next.message ? { message: next.message } : {}),
      ...(this.syncResult && (this.results.length > 0 || next.isFinished)
        ? {
            syncResult: {
              ...(this.results.length > 0 ? { resources: structuredClone(this.results) } : {}),
              ...this.syncResult,
            },
          }
        : {}),
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
