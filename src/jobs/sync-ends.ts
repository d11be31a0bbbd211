import { isSettled } from '../argocd/rules.js';
import type { Application } from '../argocd/schemas.js';
import type { AppError } from '../errors/app-error.js';
import type { JobEnd } from './job-queue.js';
import type { OutcomeCode } from './job.js';
import { healthAndSync, type StateAfter } from './sync-outcome.js';

/** An end without results: refused, never started, not known. */
export function bareEnd(
  code: OutcomeCode,
  message: string,
  more: { phase?: string; after?: StateAfter; upstreamMessage?: unknown; revision?: string; durationMs?: number } = {},
): JobEnd {
  const { phase, after, upstreamMessage, ...rest } = more;
  return {
    state: 'failed',
    ...(phase ? { phase } : {}),
    message,
    outcome: {
      code,
      ...rest,
      resources: [],
      resourcesOmitted: 0,
      ...(after ? healthAndSync(after) : {}),
      ...(typeof upstreamMessage === 'string' ? { upstreamMessage } : {}),
    },
  };
}

/** The history alone proves the success: the operation's own results were overwritten by a later one. */
export function endByHistory(revision: string, after: StateAfter): JobEnd {
  return {
    state: 'succeeded',
    phase: 'Succeeded',
    message:
      "The sync succeeded, as the application's history tells. Its results per resource are not known: another operation followed at once.",
    outcome: { revision, resources: [], resourcesOmitted: 0, ...healthAndSync(after) },
  };
}

const codeOfReason: Record<string, OutcomeCode> = {
  conflict: 'conflict',
  sync_window: 'sync_window_blocked',
  deleting: 'application_deleting',
  not_found: 'application_deleting',
  permission_denied: 'permission_denied',
  credentials: 'permission_denied',
};

/** Argo CD, or the way to it, refused: surely nothing was started. */
export function refusedEnd(error: AppError): JobEnd {
  const code = codeOfReason[String(error.details['reason'])] ?? 'sync_failed';
  return bareEnd(code, `${error.message} Nothing was started.`, { upstreamMessage: error.details['upstreamMessage'] });
}

/** The application went away under the job. */
export const goneEnd = (): JobEnd =>
  bareEnd('application_deleting', 'The application was deleted while the job was running.');

/** Accepted or not, or accepted and over: nobody can say. */
export function unknownEnd(why: string, application?: Application): JobEnd {
  const message = `It is not known how the sync ended. ${why} Look at the application before you sync again.`;
  const after = application && { application, settled: isSettled(application) };
  return bareEnd('outcome_unknown', message, after ? { after } : {});
}

/** The job gives up; the operation does not. `application`: as it was last seen. */
export function deadlineEnd(application: Application | undefined): JobEnd {
  const state = application?.status?.operationState;
  const isBlocked = /blocked by sync window/i.test(state?.message ?? '');
  const begun = state ? 'may still be running' : 'was accepted but had not begun, and may still do so';
  const what = isBlocked ? 'waits for a sync window to open' : begun;
  return bareEnd(
    isBlocked ? 'sync_window_blocked' : 'deadline_exceeded',
    `The job's deadline passed. The operation ${what} in Argo CD.`,
    { phase: state?.phase ?? undefined, ...(application ? { after: { application, settled: false } } : {}) },
  );
}
