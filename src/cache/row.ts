/**
 * The compact summary of one application that the index holds. Times are ISO 8601 as Argo CD gave them (second
 * precision). Absent means Argo CD did not say. Made from a stream frame (all of it) or a list (parts of it).
 */
export interface ApplicationRow {
  cluster: string;
  /** The application's own namespace. */
  namespace: string;
  name: string;
  /** Absent in rows that only a list has brought (lists do not give it). */
  uid?: string;
  /** Numeric string; absent as `uid`. */
  resourceVersion?: string;
  project: string;
  labels: Record<string, string>;
  /** Labels beyond what a row keeps, or that Kubernetes would not allow. */
  labelsOmitted?: number;
  /** Healthy, Progressing, Suspended, Missing, Degraded, Unknown, or what a newer Argo CD says. */
  health: string;
  healthMessage?: string;
  healthSince?: string;
  /** Synced, OutOfSync, Unknown. */
  sync: string;
  /** Argo CD has said nothing of its sync yet, as of an application that was just created; `sync` is Unknown then. */
  notCompared?: true;
  /** One per source; a single-source application has one. */
  revisions: string[];
  operation?: {
    phase: string;
    message?: string;
    startedAt?: string;
    finishedAt?: string;
    retryCount?: number;
    /** It failed, and the application was Synced and Healthy afterwards. */
    settled?: true;
  };
  /** True while `operation` is set on the application: requested or running. */
  operating: boolean;
  /** Argo CD's, and before them one of ours, `HydrationError`, while the last hydration has failed. */
  conditions: { type: string; message: string; since?: string }[];
  destination: { server?: string; name?: string; namespace?: string };
  /** What it is synced from. Of a hydrated application that is the branch which Argo CD commits to. */
  sources: { repository: string; path?: string; chart?: string; targetRevision?: string }[];
  /** Of a hydrated application: what is hydrated. */
  drySource?: { repository: string; path?: string; targetRevision?: string };
  /** Phase of its last hydration: Hydrating, Failed, Hydrated. Lists before Argo CD 3.2 do not give it. */
  hydration?: string;
  autoSync: boolean;
  images: string[];
  /** Images beyond what a row keeps. */
  imagesOmitted?: number;
  createdAt?: string;
  deletingSince?: string;
}

/** The part of a row that tells applications of one cluster apart: `namespace/name`. Neither may hold a slash. */
export const rowKey = (row: { namespace: string; name: string }): string => `${row.namespace}/${row.name}`;
