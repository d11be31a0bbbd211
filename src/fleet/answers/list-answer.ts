import type { Cluster, ClusterFailure } from '../cluster.js';
import type { Scope } from '../scope.js';

/** More clusters than this are counted, not shown: the answer keeps its budget when a whole fleet is down. */
const unavailableMax = 20;

/** What every list says about how complete and how old it is. */
export interface Completeness {
  /** ISO 8601: the oldest sign of life of the clusters that are live. Absent when none is. */
  asOf?: string;
  unavailable: ClusterFailure[];
  /** Further unavailable clusters that are not shown. */
  unavailableOmitted?: number;
}

/** @param failureOf why a cluster's rows are not the present truth; what its feed says where nobody knows better */
export function completenessOf(
  clusters: readonly Cluster[],
  scope: Scope,
  failureOf: (cluster: Cluster) => ClusterFailure | undefined = (cluster) => cluster.failure(scope),
): Completeness {
  const failures = clusters.map(failureOf);
  const unavailable = failures.filter((failure) => failure !== undefined);
  const times = clusters
    .filter((_, i) => failures[i] === undefined)
    .map((cluster) => cluster.feed.snapshot().asOf?.getTime())
    .filter((time) => time !== undefined);
  const omitted = unavailable.length - unavailableMax;
  return {
    ...(times.length > 0 ? { asOf: new Date(Math.min(...times)).toISOString() } : {}),
    unavailable: unavailable.slice(0, unavailableMax),
    ...(omitted > 0 ? { unavailableOmitted: omitted } : {}),
  };
}
