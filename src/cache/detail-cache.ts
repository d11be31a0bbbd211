/** Which version of which object a detail is of. All parts must be equal: whatever is newer is another thing. */
export interface DetailRef {
  cluster: string;
  /** Address of the cluster's Argo CD: a cluster that was pointed elsewhere has other applications. Kept as a hash. */
  url: string;
  uid: string;
  resourceVersion: string;
}

/** What one live read of an application came to. */
export interface StoredDetail {
  /** ISO 8601: when Argo CD was asked. */
  readAt: string;
  /** JSON. Trimmed for an answer; never the whole object, never a secret. Whoever reads it checks its shape. */
  detail: unknown;
}

/**
 * The port to what was read of single applications a short while ago. Redis and embedded hold the same contract tests.
 *
 * It holds at most one version of an application, gives none that is older than `detailAgeMaxMs` and keeps none that is
 * larger than `detailBytesMax`. Redis keeps at most `detailsMax` of a cluster, a process without Redis 32 MB of all.
 * Nothing here ever throws or takes long: a cache that is away is an empty cache.
 */
export interface DetailCache {
  /** Undefined when that version is not known, or what is kept of it cannot be read. */
  get(ref: DetailRef): Promise<StoredDetail | undefined>;
  /** Resolves when it is kept, or cannot be. */
  put(ref: DetailRef, stored: StoredDetail): Promise<void>;
  /** Forgets all applications of a cluster, under whatever address. */
  drop(cluster: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * How long a detail may be used. Equal resourceVersions mean equal objects, but since Argo CD 3.0 the health of single
 * resources stands beside the object and may change without it. Two minutes is what Argo CD itself leaves between two
 * comparisons.
 */
export const detailAgeMaxMs = 120_000;
/** Applications of one cluster that are kept; the oldest reads go first. */
export const detailsMax = 500;
/** Bytes of JSON of one detail. */
export const detailBytesMax = 16_384;

/** Nest token of the `DetailCache`. */
export const DETAIL_CACHE = Symbol('DetailCache');
