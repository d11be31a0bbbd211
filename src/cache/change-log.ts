/**
 * One step in the history of the fleet, in the order in which every replica sees it. It names what changed and does not
 * hold it: what an application looks like now stands in the rows.
 */
export type LoggedChange = {
  /**
   * `<ms>-<n>-<source>`: milliseconds since the epoch by the store's clock, a number within them, and the log it stands
   * in (a cluster's name or `jobs`). The same on every replica; `compareChangeIds` orders them.
   */
  id: string;
} & (
  | {
      kind: 'rows';
      cluster: string;
      changes: RowRef[];
      /** Present when the feed's state changed with it. */
      state?: unknown;
    }
  /** The job as tools show it (`jobs/job.ts`), JSON. */
  | { kind: 'job'; cluster: string; project: string; job: Record<string, unknown> }
  /** Something may be missing before this point: whoever follows must read anew. */
  | { kind: 'gap'; cluster?: string; reason: string }
);

/** Which application changed, and what is needed to judge who may hear of it. */
export interface RowRef {
  /** `namespace/name` */
  key: string;
  project: string;
  /** Project of the row that it replaced, if that was another one. */
  previousProject?: string;
  removed?: true;
}

/**
 * The port to the history of the fleet. With Redis it is one history for all replicas, kept in bounded streams; embedded
 * it is this process's own.
 */
export interface ChangeLog {
  /**
   * Tells every change from now on, in order, also those that this process made. A change of rows is told when this
   * process's own index holds what it names, or something newer: whoever hears of it and asks for the list then sees it.
   * While the store is away nothing is told; a `gap` (with an id) comes when it is back and something may be missing.
   */
  tail(listener: (change: LoggedChange) => void): () => void;
  /**
   * What came after `id`, in order; undefined when the log does not reach back that far or does not know the id.
   * Throws `unavailable` when the store is away.
   */
  since(id: string): Promise<LoggedChange[] | undefined>;
  /** Notes how a job moved. Never throws: what could not be noted is told as a `gap` once the store is back. */
  noteJob(job: { cluster: string; project: string; job: Record<string, unknown> }): void;
}

/** Nest token of the `ChangeLog`. */
export const CHANGE_LOG = Symbol('ChangeLog');
