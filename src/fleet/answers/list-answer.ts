import type { Cluster, ClusterFailure } from '../cluster.js';
import type { Scope } from '../scope.js';
import { caveatsOf, type Caveats } from './caveats.js';

/** How many clusters are shown; more are counted: the answer keeps its budget when a whole fleet is down. */
export interface ShownMax {
  unavailable: number;
  caveats: number;
}

const listShows: ShownMax = { unavailable: 20, caveats: 10 };

/** What every list says about how complete and how old it is. */
export interface Completeness extends Caveats {
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
  shownMax = listShows,
): Completeness {
  const failures = clusters.map(failureOf);
  const unavailable = failures.filter((failure) => failure !== undefined);
  const known = clusters.filter((_, i) => failures[i] === undefined);
  const times = known.map(({ feed }) => feed.snapshot().asOf?.getTime()).filter((time) => time !== undefined);
  const omitted = unavailable.length - shownMax.unavailable;
  return {
    ...(times.length > 0 ? { asOf: new Date(Math.min(...times)).toISOString() } : {}),
    unavailable: unavailable.slice(0, shownMax.unavailable),
    ...(omitted > 0 ? { unavailableOmitted: omitted } : {}),
    ...caveatsOf(known, shownMax.caveats),
  };
}
