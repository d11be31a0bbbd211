import type { Application } from '../../argocd/schemas.js';
import type { ApplicationRow } from '../../cache/row.js';
import { AppError } from '../../errors/app-error.js';
import { detailOf, detailOfRow, type ApplicationDetail } from './application-detail.js';
import { findApplication, notFound, type ApplicationName, type Found } from './application-lookup.js';
import { rowOf } from '../index/application-row.js';
import type { ClusterFailure } from '../cluster.js';
import type { Scope } from '../scope.js';
import type { VisibleClusters } from '../visible-clusters.js';

export interface ApplicationAnswer {
  application: ApplicationDetail;
  /** ISO 8601: when this was true. */
  asOf?: string;
  /** The cluster could not be asked: this is the last known state, and `unavailable` says why. */
  stale?: true;
  unavailable: ClusterFailure[];
}

/**
 * One live GET; the last known row where the cluster does not answer.
 *
 * Throws as `findApplication`; `not_found` when Argo CD says that it is not there; what the request threw when the
 * cluster does not answer and no row is known.
 */
export async function getApplication(
  clusters: VisibleClusters,
  scope: Scope,
  name: ApplicationName,
  signal: AbortSignal,
): Promise<ApplicationAnswer> {
  const found = await findApplication(clusters, scope, name, { forChange: false, signal });
  try {
    const { application, row } = await readLive(found, scope, name, signal);
    const nowMs = Date.now();
    const detail = detailOf(application, row, found.cluster, nowMs);
    delete detail.stale;
    return { application: detail, asOf: new Date(nowMs).toISOString(), unavailable: [] };
  } catch (error) {
    const failure = AppError.from(error);
    if (!found.row || !saysNothing(failure)) throw failure;
    return lastKnown(found.row, found, scope, failure);
  }
}

/** Reads the object and holds it against the scope: what it hides is not there. */
export async function readLive(
  { cluster, row }: Found,
  scope: Scope,
  name: ApplicationName,
  signal: AbortSignal,
): Promise<{ application: Application; row: ApplicationRow }> {
  const ref = { name: name.application, namespace: row?.namespace ?? name.namespace };
  let application: Application;
  try {
    application = await cluster.api
      .get({ ...ref, project: row?.project }, { signal })
      // It may have moved to another project since the row was written: then 404 says nothing.
      .catch((error: unknown) => {
        if (!row || AppError.from(error).code !== 'not_found') throw error;
        return cluster.api.get(ref, { signal });
      });
  } catch (error) {
    if (AppError.from(error).code === 'not_found') throw notFound(name, [cluster], scope);
    throw error;
  }
  const fresh = rowOf(cluster.name, application);
  if (!fresh || !scope.project(fresh.project)) throw notFound(name, [cluster], scope);
  return { application, row: fresh };
}

/** True for failures that leave open whether the application is there. */
const saysNothing = ({ code }: AppError): boolean =>
  code === 'cluster_unreachable' ||
  code === 'cluster_timeout' ||
  code === 'cluster_refused' ||
  code === 'cluster_not_ready';

function lastKnown(row: ApplicationRow, { cluster }: Found, scope: Scope, failure: AppError): ApplicationAnswer {
  const lastSeenAt = cluster.feed.snapshot().asOf?.toISOString();
  return {
    application: { ...detailOfRow(row, cluster, Date.now()), stale: true },
    ...(lastSeenAt ? { asOf: lastSeenAt } : {}),
    stale: true,
    unavailable: [
      {
        cluster: cluster.name,
        code: failure.code,
        message: failure.message,
        ...(lastSeenAt ? { lastSeenAt } : {}),
        staleRows: cluster.count(scope),
      },
    ],
  };
}
