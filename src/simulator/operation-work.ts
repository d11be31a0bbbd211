import type { ApplicationState, LiveResource, Operation, ResourceResult, SyncResult } from './application.js';
import { isMultiSource, sourcesOf } from './application.js';
import type { ApplicationRecord } from './application-store.js';
import { renderAll } from './comparison.js';
import type { Instance } from './instance.js';
import type { Manifest } from './manifest.js';
import { keyOfResource } from './manifest.js';
import { applyErrorOf, applyResult, namespaceResult, planSync, pruneResult, withApplied } from './operation-tasks.js';

export type Outcome = { phase: 'Succeeded' | 'Failed' | 'Error'; message: string };

/** One step of a sync: after `ms`, `run`; an outcome ends the sync, a message is written down as its progress. */
export interface WorkStep {
  ms: number;
  run?: () => Outcome | undefined;
  message?: string;
}

/** At speed 1: how long one step of a sync takes. A sync of a few steps is done in 300 to 900 ms. */
export const STEP_MS = 130;
const WAVE_MS = 250;
const HOOK_MS = 300;

/** What one attempt of an operation does to the destination, and the results that it collects on the way. */
export class OperationWork {
  live: LiveResource[];
  results: ResourceResult[] = [];
  manifests: Manifest[] = [];
  syncResult: SyncResult | undefined;

  constructor(
    private readonly instance: Instance,
    private readonly record: ApplicationRecord,
    private readonly operation: Operation,
    live: LiveResource[],
  ) {
    this.live = live;
  }

  /** Renders what is wanted and plans how to get there. Throws `RepositoryError` if the source cannot be read. */
  begin(state: ApplicationState): WorkStep[] {
    const { sync } = this.operation;
    const { repositories } = this.instance;
    const isMulti = isMultiSource(state.spec);
    const sources = sync.sources ?? (sync.source && !isMulti ? [sync.source] : sourcesOf(state.spec));
    const revisions = sources.map(
      (source, index) => sync.revisions?.[index] ?? (sync.revision || repositories.resolve(source)),
    );
    this.results = [];
    this.syncResult = isMulti
      ? { revision: '', source: { repoURL: '' }, sources, revisions }
      : { revision: revisions[0] ?? '', source: sources[0] ?? { repoURL: '' } };
    this.manifests = renderAll(this.record.name, state, sources, revisions, repositories);
    return sync.dryRun ? this.dryRunSteps(state) : this.syncSteps(state);
  }

  /** Hooks that still run are stopped and taken away. */
  terminate(): void {
    const { hasTerminatedHooks } = this.instance.profile;
    for (const result of this.results) {
      if (!result.hookType || result.hookPhase !== 'Running') continue;
      if (hasTerminatedHooks) Object.assign(result, { message: 'Terminated', hookPhase: 'Failed' });
      else {
        delete result.status;
        Object.assign(result, { message: 'Deleted', hookPhase: 'Succeeded' });
      }
    }
    this.live = this.live.filter((resource) => !resource.isHook || resource.health?.status !== 'Progressing');
  }

  private dryRunSteps(state: ApplicationState): WorkStep[] {
    const { sync } = this.operation;
    const plan = planSync(state, sync, this.manifests, true);
    const run = (): Outcome => {
      for (const item of plan.waves.flat()) this.apply(item, state, true);
      for (const item of plan.toPrune) this.results.push(pruneResult(item, sync.prune === true, true));
      return this.failure() ?? { phase: 'Succeeded', message: 'successfully synced (no more tasks)' };
    };
    return [{ ms: STEP_MS, run }];
  }

  private syncSteps(state: ApplicationState): WorkStep[] {
    const { sync } = this.operation;
    const { createdNamespaces } = this.instance;
    const namespace = state.spec.destination.namespace ?? '';
    const wasThere =
      this.live.length > 0 || (state.status.history?.length ?? 0) > 0 || createdNamespaces.has(namespace);
    const plan = planSync(state, sync, this.manifests, wasThere);
    const { createsNamespace } = plan;
    const steps: WorkStep[] = [];
    if (createsNamespace !== undefined) {
      const run = (): undefined => {
        createdNamespaces.add(namespace);
        this.results.push(namespaceResult(createsNamespace));
      };
      steps.push({ ms: STEP_MS, run, message: `waiting for healthy state of /Namespace/${createsNamespace}` });
    }
    const isThere = wasThere || createsNamespace !== undefined;
    for (const hook of plan.preSync) steps.push(...this.hookSteps(hook, state));
    plan.waves.forEach((wave, index) => {
      const applyWave = (): Outcome | undefined => {
        for (const item of wave) this.apply(item, state, false, isThere);
        return this.failure();
      };
      steps.push({ ms: STEP_MS, run: applyWave });
      if (index === plan.waves.length - 1) return;
      const name = `${wave[0]!.group}/${wave[0]!.kind}/${wave[0]!.name}`;
      steps.push({ ms: WAVE_MS, message: `waiting for healthy state of ${name}` });
      steps.push({ ms: 1, run: () => this.markSynced() });
    });
    for (const hook of plan.postSync) steps.push(...this.hookSteps(hook, state));
    const finish = (): Outcome => {
      if (plan.toPrune.length > 0) this.markSynced();
      for (const item of plan.toPrune) {
        this.results.push(pruneResult(item, sync.prune === true, false));
        if (sync.prune) this.live = this.live.filter((resource) => keyOfResource(resource) !== keyOfResource(item));
      }
      return { phase: 'Succeeded', message: 'successfully synced (all tasks run)' };
    };
    return [...steps, { ms: STEP_MS, run: finish }];
  }

  private hookSteps(hook: Manifest, state: ApplicationState): WorkStep[] {
    const key = keyOfResource(hook);
    const create = (): Outcome | undefined => {
      this.live = this.live.filter((resource) => keyOfResource(resource) !== key);
      this.apply(hook, state, false);
      return this.failure();
    };
    const complete = (): undefined => {
      const result = this.results.find((line) => line.hookType && line.name === hook.name)!;
      Object.assign(result, { message: 'Reached expected number of succeeded pods', hookPhase: 'Succeeded' });
      this.live = this.live.map((resource) =>
        keyOfResource(resource) === key ? { ...resource, health: { status: 'Healthy' } } : resource,
      );
    };
    const message = `waiting for completion of hook ${hook.group}/${hook.kind}/${hook.name}`;
    return [
      { ms: STEP_MS, run: create, message },
      { ms: hook.hookMs ?? HOOK_MS, run: complete },
    ];
  }

  /** Earlier waves count as done once the next one begins. */
  private markSynced(): undefined {
    for (const result of this.results) if (result.syncPhase === 'Sync') result.hookPhase = 'Succeeded';
  }

  private apply(item: Manifest, state: ApplicationState, isDryRun: boolean, namespaceIsThere = true): void {
    const { profile, clock } = this.instance;
    const error = applyErrorOf(item, state, namespaceIsThere);
    const failed = error === undefined ? {} : { error };
    this.results.push(applyResult(item, this.live, { ...failed, isDryRun, profile }));
    if (error === undefined && !isDryRun) this.live = withApplied(this.live, item, state, clock.stamp());
  }

  private failure(): Outcome | undefined {
    const failed = this.results.filter((result) => result.status === 'SyncFailed');
    if (failed.length === 0) return undefined;
    const reasons = failed.map((result) => result.message).join(',');
    return { phase: 'Failed', message: `one or more objects failed to apply, reason: ${reasons}` };
  }
}
