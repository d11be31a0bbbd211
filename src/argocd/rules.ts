import type { Application, Operation, OperationState } from './schemas.js';

/** Name under which a job writes its id into the `info` of the operation it starts. */
export const jobInfoName = 'argocd-fleet-mcp/job';

const endPhases = new Set(['Succeeded', 'Failed', 'Error']);

/** An operation has ended when its phase says so. `finishedAt` proves nothing: it is set during a retry's pause too. */
export const hasEnded = (state: OperationState | null | undefined): boolean => endPhases.has(state?.phase ?? '');

/** Running with `finishedAt` is the pause before the next retry. */
export const isRetrying = (state: OperationState | null | undefined): boolean =>
  state?.phase === 'Running' && state.finishedAt != null;

/**
 * True while an operation is requested, running, or ended without the comparison that follows it.
 * Dry runs are not followed by one. `reconciledAt` has second precision and equal counts as done, so what is shown at
 * that moment may still be the state before: see `isSettled`.
 *
 * Source: https://github.com/argoproj/argo-cd/blob/master/cmd/argocd/commands/app.go (checkAppWaitConditions)
 */
export function operationInProgress(application: Application): boolean {
  if (application.operation) return true;
  const state = application.status?.operationState;
  if (!state) return false;
  if (!state.finishedAt) return true;
  if (state.operation?.sync?.dryRun) return false;
  const reconciledAt = application.status?.reconciledAt;
  return !reconciledAt || Date.parse(reconciledAt) < Date.parse(state.finishedAt);
}

/**
 * True when Argo CD has surely compared the application after its operation ended: in a later second. In the same
 * second both orders look alike.
 */
export function isSettled(application: Application): boolean {
  if (operationInProgress(application)) return false;
  const finishedAt = application.status?.operationState?.finishedAt;
  const reconciledAt = application.status?.reconciledAt;
  return !finishedAt || (reconciledAt != null && Date.parse(reconciledAt) > Date.parse(finishedAt));
}

/** True when this operation was started by that job. */
export const isStartedBy = (operation: Operation | null | undefined, jobId: string): boolean =>
  operation?.info?.some(({ name, value }) => name === jobInfoName && value === jobId) ?? false;

/** True when the application shows the job's operation: requested, running or the last one that ran. */
export const isOperationOf = (application: Application, jobId: string): boolean =>
  isStartedBy(application.operation, jobId) || isStartedBy(application.status?.operationState?.operation, jobId);

/**
 * True when Argo CD syncs by itself. `enabled` exists since 3.2; absent means on.
 * Source: https://github.com/argoproj/argo-cd/blob/master/pkg/apis/application/v1alpha1/types.go (IsAutomatedSyncEnabled)
 */
export function hasAutoSync(application: Application): boolean {
  const automated = application.spec?.syncPolicy?.automated;
  return automated != null && automated.enabled !== false;
}

/** Revisions of an operation, a history entry or a sync status: one, or one per source. */
export function revisionsOf(
  from: { revision?: string | null; revisions?: string[] | null } | null | undefined,
): string[] {
  if (from?.revisions && from.revisions.length > 0) return from.revisions;
  return from?.revision ? [from.revision] : [];
}
