import type { ApplicationRow } from './row.js';

/** What is remembered of a cluster beside its rows, so that a new process starts warm. */
export interface ClusterMemo {
  /** ISO 8601: when the rows were last known true. */
  asOf: string;
  version?: string;
}

/**
 * The port to the last known state. Redis and embedded hold the same contract tests.
 *
 * A store failure never fails a read of the fleet: callers log it and go on with what they have. Implementations throw
 * `AppError('unavailable')` within 2 s instead of waiting for a reconnect.
 */
export interface Store {
  readonly kind: 'redis' | 'embedded';
  /**
   * Writes rows of one cluster and removes keys (`namespace/name`) of it, in one step; then notes the memo. Returns how
   * many rows the cluster has now: a store that lost its data meanwhile is found out by it.
   */
  apply(
    cluster: string,
    change: { upsert: readonly ApplicationRow[]; remove: readonly string[]; memo?: ClusterMemo },
  ): Promise<number>;
  /** All rows of one cluster, in no order, with the memo; empty for a cluster never seen. Unreadable rows are left out and counted. */
  load(cluster: string): Promise<{ rows: ApplicationRow[]; memo?: ClusterMemo; unreadable: number }>;
  /** Forgets everything about a cluster. */
  drop(cluster: string): Promise<void>;
  health(): Promise<{ ok: boolean; reason?: string }>;
  close(): Promise<void>;
}

/** Nest token of the `Store`. */
export const STORE = Symbol('Store');
