import type { ApplicationRef, ArgoCdApi } from '../argocd/argocd-api.js';
import { isSettled, operationInProgress } from '../argocd/rules.js';
import type { Application } from '../argocd/schemas.js';
import { AppError } from '../errors/app-error.js';
import type { SyncFollower } from './sync-follower.js';
import type { StateAfter } from './sync-outcome.js';

export interface Settling {
  api: ArgoCdApi;
  ref: ApplicationRef;
  follower: SyncFollower;
  signal: AbortSignal;
  settleMs: number;
}

/**
 * The application after the comparison that follows an operation. The event of the end still shows the old health and
 * sync; the true ones come some 100 ms later, with the same stamp if it is the same second. So: a comparison of a later
 * second, or one that now says Synced, or, after `settleMs`, one that is asked for. If that fails too, what was last
 * seen, as not settled.
 */
export async function stateAfter(ended: Application, options: Settling): Promise<StateAfter> {
  if (ended.status?.operationState?.operation?.sync?.dryRun) return { application: ended, settled: true };
  const { api, ref, follower, signal } = options;
  const untilMs = Date.now() + options.settleMs;
  const wasSynced = isSynced(ended);
  let application = ended;
  for (;;) {
    // With the next operation under way there is no state after this one any more.
    if (application.operation) return { application, settled: false };
    if (isSettled(application)) return { application, settled: true };
    if (!wasSynced && isSynced(application) && !operationInProgress(application)) return { application, settled: true };
    if (Date.now() >= untilMs) break;
    const sighting = await follower.next(untilMs - Date.now());
    if (sighting?.kind === 'gone') return { application, settled: false };
    if (sighting) application = sighting.application;
  }
  const refreshed = await readApplication(api, ref, { signal, refresh: 'normal' });
  if (refreshed instanceof AppError) return { application, settled: false };
  return { application: refreshed, settled: !operationInProgress(refreshed) };
}

const isSynced = ({ status }: Application): boolean => status?.sync?.status === 'Synced';

/** One GET; what Argo CD or the way to it says against it is an answer too. Throws the signal's reason alone. */
export async function readApplication(
  api: ArgoCdApi,
  ref: ApplicationRef,
  options: { signal: AbortSignal; refresh?: 'normal' },
): Promise<Application | AppError> {
  try {
    return await api.get(ref, options);
  } catch (error) {
    options.signal.throwIfAborted();
    return AppError.from(error);
  }
}
