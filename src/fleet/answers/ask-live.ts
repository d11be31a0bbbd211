import { setMaxListeners } from 'node:events';
import { AppError } from '../../errors/app-error.js';
import type { Cluster, ClusterFailure } from '../cluster.js';
import type { Scope } from '../scope.js';

/** A call that asks live waits no longer than this for the slowest cluster. */
export const liveDeadlineMs = 10_000;

/** What came of asking each cluster, by name: why it could not be asked, or undefined when it could. */
export type LiveAnswers = ReadonlyMap<string, AppError | undefined>;

/**
 * Asks clusters themselves, all at once, under one deadline: the longest time that one of them is given for a request, at
 * most 10 s. What they say is in the rows afterwards. Never throws for a cluster.
 */
export async function askLive(clusters: readonly Cluster[], signal: AbortSignal): Promise<LiveAnswers> {
  const deadlineMs = Math.min(liveDeadlineMs, Math.max(0, ...clusters.map(({ config }) => config.limits.timeoutMs)));
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), deadlineMs);
  const either = AbortSignal.any([signal, deadline.signal]);
  setMaxListeners(0, either);
  try {
    const asked = clusters.map(async (cluster): Promise<[string, AppError | undefined]> => {
      // In a process that starts clusters at first use, it is watched from now on.
      cluster.start();
      try {
        await cluster.refresh(either);
        return [cluster.name, undefined];
      } catch (error) {
        return [cluster.name, AppError.from(error)];
      }
    });
    return new Map(await Promise.all(asked));
  } finally {
    clearTimeout(timer);
  }
}

/** As `Cluster.failure`, for a cluster that was asked just now. */
export function liveFailure(cluster: Cluster, scope: Scope, error: AppError | undefined): ClusterFailure | undefined {
  // It answered: how its stream fares does not matter, but what an account may not see is missing from a list too.
  return error ? cluster.failed(scope, error) : cluster.shortfall(scope);
}
