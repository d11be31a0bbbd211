import { revisionsOf } from '../argocd/rules.js';
import type { Application, OperationState, SyncedResource } from '../argocd/schemas.js';
import { upstreamText } from '../argocd/upstream-text.js';
import type { JobEnd } from './job-queue.js';
import type { JobOutcome, OutcomeCode, ResourceResult } from './job.js';

/** Results that an outcome shows; the rest is counted. */
const resourcesMax = 20;
const resourceMessageMax = 200;

/** The application after the operation, and whether it had been compared again when it was read. */
export interface StateAfter {
  application: Application;
  settled: boolean;
}

/** The end of a job whose operation was seen to end. `durationMs`: measured here, if from start to end. */
export function endOf(state: OperationState, after: StateAfter, durationMs?: number): JobEnd {
  const results = state.syncResult?.resources ?? [];
  const resources = [...results].sort((a, b) => urgency(a) - urgency(b));
  const code = codeOf(state, results, after);
  const upstreamMessage = upstreamText(state.message);
  const revision = revisionsOf(state.syncResult).join(',') || revisionsOf(state.operation?.sync).join(',');
  const duration = durationMs ?? stampedDuration(state);
  return {
    state: state.phase === 'Succeeded' ? 'succeeded' : 'failed',
    phase: state.phase ?? 'Unknown',
    message: messageOf(state, results, code),
    outcome: {
      ...(code ? { code } : {}),
      ...(revision ? { revision } : {}),
      ...(duration === undefined ? {} : { durationMs: duration }),
      resources: resources.slice(0, resourcesMax).map(shown),
      resourcesOmitted: Math.max(0, resources.length - resourcesMax),
      ...healthAndSync(after),
      ...(upstreamMessage ? { upstreamMessage } : {}),
    },
  };
}

function codeOf(state: OperationState, results: SyncedResource[], after: StateAfter): OutcomeCode | undefined {
  const text = state.message ?? '';
  if (state.phase === 'Succeeded') {
    if (state.operation?.sync?.dryRun || pruneSkipped(results) === 0) return undefined;
    return after.application.status?.sync?.status === 'Synced' ? undefined : 'prune_skipped';
  }
  if (/^operation terminated/i.test(text)) return 'terminated';
  if (/blocked by sync window/i.test(text)) return 'sync_window_blocked';
  if ((state.retryCount ?? 0) > 0) return 'retries_exhausted';
  return results.some(isFailedHook) ? 'hook_failed' : 'sync_failed';
}

function messageOf(state: OperationState, results: SyncedResource[], code: OutcomeCode | undefined): string {
  const isDryRun = state.operation?.sync?.dryRun === true;
  const failed = results.filter((result) => urgency(result) === 0).length;
  switch (code) {
    case undefined:
      return isDryRun
        ? `The dry run succeeded for ${count(results.length)}; nothing was changed.`
        : `Argo CD synced ${count(results.length)}.`;
    case 'prune_skipped': {
      const left = pruneSkipped(results);
      return `Synced, but ${left === 1 ? '1 resource requires' : `${left} resources require`} pruning; sync again with prune to delete ${left === 1 ? 'it' : 'them'}.`;
    }
    case 'terminated':
      return 'The operation was terminated before it was done.';
    case 'sync_window_blocked':
      return 'A sync window of the project blocked the operation.';
    case 'retries_exhausted':
      return `The sync failed after ${state.retryCount} ${state.retryCount === 1 ? 'retry' : 'retries'}; ${count(failed)} failed.`;
    case 'hook_failed':
      return `A hook failed: ${results
        .filter(isFailedHook)
        .map(({ kind, name }) => `${kind}/${name}`)
        .slice(0, 3)
        .join(', ')}.`;
    default:
      return failed > 0
        ? `The sync failed: ${count(failed)} failed.`
        : `The sync ended as ${state.phase}; nothing was applied.`;
  }
}

const count = (resources: number): string => `${resources} ${resources === 1 ? 'resource' : 'resources'}`;

const pruneSkipped = (results: SyncedResource[]): number =>
  results.filter(({ status }) => status === 'PruneSkipped').length;

/** `hookPhase` is set for plain resources too; only `hookType` makes a hook. */
const isFailedHook = ({ hookType, hookPhase }: SyncedResource): boolean =>
  Boolean(hookType) && (hookPhase === 'Failed' || hookPhase === 'Error');

/** Failures first, then what was not pruned, what was, and the rest. */
function urgency(result: SyncedResource): number {
  if (result.status === 'SyncFailed' || isFailedHook(result)) return 0;
  if (result.status === 'PruneSkipped') return 1;
  return result.status === 'Pruned' ? 2 : 3;
}

function shown(result: SyncedResource): ResourceResult {
  const message = upstreamText(result.message);
  return {
    ...(result.group ? { group: result.group } : {}),
    kind: result.kind ?? '',
    ...(result.namespace ? { resourceNamespace: result.namespace } : {}),
    name: result.name ?? '',
    ...(result.status ? { status: result.status } : {}),
    ...(message ? { message: cut(message) } : {}),
    ...(result.hookType && result.hookPhase ? { hookPhase: result.hookPhase } : {}),
  };
}

const cut = (text: string): string =>
  text.length > resourceMessageMax ? `${text.slice(0, resourceMessageMax - 1).trimEnd()}…` : text;

function stampedDuration({ startedAt, finishedAt }: OperationState): number | undefined {
  const ms = Date.parse(finishedAt ?? '') - Date.parse(startedAt ?? '');
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined;
}

/** What an outcome tells of the application after the operation. */
export function healthAndSync({ application, settled }: StateAfter): Pick<JobOutcome, 'health' | 'sync' | 'settled'> {
  const { health, sync } = application.status ?? {};
  return {
    ...(health?.status ? { health: health.status } : {}),
    ...(sync?.status ? { sync: sync.status } : {}),
    settled,
  };
}
