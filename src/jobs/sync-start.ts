import { setTimeout as pause } from 'node:timers/promises';
import type { ApplicationRef, ArgoCdApi, SyncRequest } from '../argocd/argocd-api.js';
import { jobInfoName } from '../argocd/rules.js';
import type { Application } from '../argocd/schemas.js';
import { AppError } from '../errors/app-error.js';
import type { SyncParameters } from './job.js';

export type Started =
  | { kind: 'accepted'; application: Application }
  /** Surely not accepted. */
  | { kind: 'refused'; error: AppError }
  /** Asked, and the answer was lost: accepted, or not, or yet to be. */
  | { kind: 'lost'; error: AppError };

/** Pauses between tries that surely did not reach Argo CD. */
const pausesMs = [500, 1_000, 2_000, 4_000, 8_000];

/** Reasons that do not pass by waiting a little. */
const lasting = new Set(['not_argocd', 'redirected', 'tls', 'garbage', 'conflict', 'client_closed']);

/**
 * Asks Argo CD for the operation of a job. Asks again only after a try that surely was not accepted, a few times, and
 * not after `untilMs` (epoch). Throws the signal's reason alone.
 */
export async function startOperation(
  api: ArgoCdApi,
  ref: ApplicationRef,
  request: SyncRequest,
  options: { signal: AbortSignal; untilMs: number },
): Promise<Started> {
  for (let tries = 0; ; tries++) {
    try {
      return { kind: 'accepted', application: await api.sync(ref, request, { signal: options.signal }) };
    } catch (caught) {
      options.signal.throwIfAborted();
      // What is no AppError says nothing about how far the request got.
      if (!(caught instanceof AppError)) return { kind: 'lost', error: AppError.from(caught) };
      if (caught.details['maybeAccepted'] === true) return { kind: 'lost', error: caught };
      const waitMs = pausesMs[tries];
      const mayPass = caught.retryable && !lasting.has(String(caught.details['reason']));
      if (!mayPass || waitMs === undefined || Date.now() + waitMs > options.untilMs) {
        return { kind: 'refused', error: caught };
      }
      await pause(waitMs, undefined, { signal: options.signal }).catch(() => undefined);
      options.signal.throwIfAborted();
    }
  }
}

/** The request of a job. Its id goes along, so that the operation can be told from every other. */
export function syncRequest(jobId: string, { revision, prune, dryRun, force }: SyncParameters): SyncRequest {
  return {
    ...(revision === undefined ? {} : { revision }),
    ...(prune === undefined ? {} : { prune }),
    ...(dryRun === undefined ? {} : { dryRun }),
    // Absent strategy means hooks; force has to be said within one.
    ...(force ? { strategy: { hook: { force: true } } } : {}),
    infos: [{ name: jobInfoName, value: jobId }],
  };
}
