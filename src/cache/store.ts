import type { ApplicationRow } from './row.js';

/**
 * What the store keeps things under: a cluster at an address. A cluster that was pointed elsewhere is another one, with a
 * leader and rows of its own, so that replicas whose configurations differ for a moment cannot mix them up.
 */
export interface ClusterKey {
  cluster: string;
  /** `originOf(url)` */
  origin: string;
}

/** The right to write the rows of one cluster, until it runs out or somebody else has it. */
export interface Lease {
  key: ClusterKey;
  /** Greater than that of every lease before it. Every write carries it. */
  fence: number;
  /** The process that has it. */
  holder: string;
}

/** A row with what the leader knows about it beside its content. */
export interface StoredRow {
  row: ApplicationRow;
  /** The last list lacked it and it could not be ruled out that it exists. */
  unconfirmed?: true;
}

/** A row that was written, with the project of the row that it replaced if that was another one. */
export interface RowWrite extends StoredRow {
  previousProject?: string;
}

/** One step of a leader's writing. */
export interface StoreWrite {
  upsert: readonly RowWrite[];
  /** Keys (`namespace/name`), with the project that the row had. */
  remove: readonly { key: string; project: string }[];
  /** `<fence>-<n>`: what the stored rows are called after this write. Grows with every write. */
  version: string;
  /** What the leader says of its feed, JSON; goes into the history as well. */
  state?: string;
  /** Not told in the history: the last step of what it belongs to is. */
  isSilent?: boolean;
}

export interface WriteResult {
  /** How many rows the cluster has now: a store that lost rows is found out by it. */
  kept: number;
  /** Version before this write; undefined when there was none. */
  before?: string;
}

/** Who leads a cluster, and what the last leader wrote. */
export interface StoredFeed {
  leader?: { fence: number; holder: string };
  version?: string;
  /** JSON, as the leader gave it. */
  state?: string;
  /** Milliseconds since the leader last wrote or renewed, by the store's clock. */
  ageMs?: number;
}

export interface LoadedRows extends StoredFeed {
  rows: StoredRow[];
  /** Rows that could not be read; they are left out. */
  unreadable: number;
}

/**
 * The port to the last known state, which one process at a time may write for each cluster: the leader, that holds the
 * cluster's lease. Redis and embedded hold the same contract tests.
 *
 * A store failure never fails a read of the fleet: callers log it and go on with what they have. Implementations throw
 * `AppError('unavailable')` within 2 s instead of waiting for a reconnect; whether a write that failed was done is then
 * unknown.
 */
export interface Store {
  readonly kind: 'redis' | 'embedded';
  /** Takes the leases that nobody has; undefined for the others. In the order of the keys. */
  acquire(keys: readonly ClusterKey[], holder: string, ttlMs: number): Promise<(Lease | undefined)[]>;
  /** Holds leases for another `ttlMs` and writes what their leaders say of their feeds; false for a lease that is lost. */
  renew(renewals: readonly { lease: Lease; state: string }[], ttlMs: number): Promise<boolean[]>;
  /** Gives leases back; does nothing for those that are lost. */
  release(leases: readonly Lease[]): Promise<void>;
  /** In the order of the keys. */
  look(keys: readonly ClusterKey[]): Promise<StoredFeed[]>;
  /**
   * Writes in one step, if the lease is still held: that is checked in the same step. Tells the history of it. At most
   * `writeRowsMax` rows and keys, so that a store that serves others is not held up.
   */
  write(lease: Lease, write: StoreWrite): Promise<WriteResult | 'not_leader'>;
  /** All rows of one cluster, in no order. The version is one that they are at least as new as. */
  load(key: ClusterKey): Promise<LoadedRows>;
  /** The rows as they are now: `gone` if there is none, `unreadable` if it cannot be read. In the order asked. */
  rowsOf(key: ClusterKey, rows: readonly string[]): Promise<(StoredRow | 'gone' | 'unreadable')[]>;
  /** Keys of all rows of a cluster. */
  rowKeys(key: ClusterKey): Promise<string[]>;
  /** Forgets everything about a cluster, if the lease is still held; gives the lease back. */
  drop(lease: Lease): Promise<void>;
  health(): Promise<{ ok: boolean; reason?: string }>;
  close(): Promise<void>;
}

export const writeRowsMax = 200;

/** Nest token of the `Store`. */
export const STORE = Symbol('Store');
