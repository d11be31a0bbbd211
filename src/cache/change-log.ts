/**
 * One step in the history of the fleet, in the order in which every replica sees it. It names what changed and does not
 * hold it: what an application looks like now stands in the rows.
 */
export type LoggedChange = {
  /**
   * `<ms>-<n>`: milliseconds since the epoch by the store's clock, and a number within them. The same on every replica;
   * `compareChangeIds` orders them. Ids only grow. A gap carries the id of the last change before its end, so that who
   * goes on from it gets everything after the gap.
   */
  id: string;
} & (
  | RowsChange
  /** The job as tools show it (`jobs/job.ts`), JSON. */
  | { kind: 'job'; cluster: string; project: string; job: Record<string, unknown> }
  /** Something may be missing before this point: whoever follows must read anew. Without `cluster`: of any of them. */
  | { kind: 'gap'; cluster?: string; reason: string }
);

/** Rows of one cluster changed, or what is known of its feed, or both. */
export interface RowsChange {
  kind: 'rows';
  cluster: string;
  changes: RowRef[];
  /** Present when the feed's state changed with it. */
  state?: unknown;
}

/** Which application changed, and what is needed to judge who may hear of it. */
export interface RowRef {
  /** `namespace/name` */
  key: string;
  project: string;
  /** Project of the row that it replaced, if that was another one. */
  previousProject?: string;
  removed?: true;
}

/** A change of rows as the store has it, for those who keep rows like the store's. */
export interface StoredChange {
  cluster: string;
  /** See `ClusterKey`. */
  origin: string;
  /** Version of the stored rows before it; undefined for the first. */
  from?: string;
  /** Version after it. */
  to: string;
  /** Keys of the rows that were written or removed. */
  keys: string[];
  /** What the leader says of its feed, as it gave it, if that changed. */
  state?: string;
}

/** Whoever keeps rows of this process like the store's. Listeners of the log hear of a change after it. Never rejects. */
export interface RowsFollower {
  apply(changes: readonly StoredChange[]): Promise<void>;
  /** Changes may have been missed, of any cluster. */
  catchUp(): Promise<void>;
}

/** How a job moved, as the log keeps it. */
export interface JobNote {
  cluster: string;
  project: string;
  job: Record<string, unknown>;
}

/**
 * The port to the history of the fleet. With Redis it is one history for all replicas, kept in a bounded stream;
 * embedded it is this process's own.
 */
export interface ChangeLog {
  /**
   * Tells every change from now on, in order, also those that this process made. A change of rows is told when this
   * process's own index holds what it names, or something newer: whoever hears of it and asks for the list then sees it.
   * While the store is away nothing is told; a `gap` (with an id) comes when it is back and something may be missing.
   * Listeners must not throw.
   */
  tail(listener: (change: LoggedChange) => void): () => void;
  /**
   * What came after `id` and was told already, in order; undefined when the log does not reach back that far or does not
   * know the id. Who calls `tail` before it misses nothing between the two, and may hear something twice. Throws
   * `unavailable` when the store is away.
   */
  since(id: string): Promise<LoggedChange[] | undefined>;
  /** Notes how a job moved. Never throws: what could not be noted is told as a `gap` once the store is back. */
  noteJob(note: JobNote): void;
  /** One per process. `gap` tells listeners that rows of a cluster changed in ways that no change named. */
  follow(follower: RowsFollower): { gap(cluster: string, reason: string): void; stop(): void };
  close(): Promise<void>;
}

/** Nest token of the `ChangeLog`. */
export const CHANGE_LOG = Symbol('ChangeLog');

const idPattern = /^(\d{1,15})-(\d{1,15})$/;

/** True for what may be the id of a change; anything may come from outside. */
export const isChangeId = (text: string): boolean => idPattern.test(text);

/** Negative when `a` is older than `b`, 0 when they are the same. Both must be ids. */
export function compareChangeIds(a: string, b: string): number {
  const [aMs, aNumber] = parts(a);
  const [bMs, bNumber] = parts(b);
  return aMs - bMs || aNumber - bNumber;
}

function parts(id: string): [number, number] {
  const [, ms, number] = idPattern.exec(id) ?? [];
  if (ms === undefined || number === undefined) throw new RangeError('not the id of a change');
  return [Number(ms), Number(number)];
}
