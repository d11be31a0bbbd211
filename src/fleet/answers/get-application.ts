import type { DetailCache } from '../../cache/detail-cache.js';
import type { ApplicationRow } from '../../cache/row.js';
import { AppError } from '../../errors/app-error.js';
import type { ClusterFailure } from '../cluster.js';
import type { Scope } from '../scope.js';
import type { VisibleClusters } from '../visible-clusters.js';
import { detailOfRow, withExtras, type ApplicationDetail } from './application-detail.js';
import { extrasOf } from './application-extras.js';
import { caveatsOf, type Caveats } from './caveats.js';
import { findApplication, type ApplicationName, type Found } from './application-lookup.js';
import { readLive, recall, remember } from './read-application.js';

export interface ApplicationAnswer extends Caveats {
  application: ApplicationDetail;
  /**
   * ISO 8601: when Argo CD was asked for what is shown. Of a cached detail that is the earlier moment, although the
   * application has not changed since: the health of single resources may have.
   */
  asOf?: string;
  /** From the cache: the same version of the application was read at `asOf`, and the live index knows no newer one. */
  cached?: true;
  /** The cluster could not be asked: this is the last known state, and `unavailable` says why. */
  stale?: true;
  /** Its cluster, when that did not answer; and those where another one of that name may be, when none was named. */
  unavailable: ClusterFailure[];
  unavailableOmitted?: number;
}

/**
 * What was read of this version of the application a short while ago, or one live GET; the last known row, with what
 * was read of it, where the cluster does not answer. With `fresh` always a live GET.
 *
 * Throws as `findApplication`; `not_found` when Argo CD says that it is not there; what the request threw when the
 * cluster does not answer and no row is known or `fresh` was asked for.
 */
export async function getApplication(
  clusters: VisibleClusters,
  scope: Scope,
  { fresh = false, ...name }: ApplicationName & { fresh?: boolean },
  details: DetailCache,
  signal: AbortSignal,
): Promise<ApplicationAnswer> {
  const found = await findApplication(clusters, scope, name, { forChange: false, signal });
  const { cluster } = found;
  if (!fresh && found.row && !cluster.isStale(found.row)) {
    const known = await recall(details, cluster, found.row);
    if (known) {
      const application = withExtras(detailOfRow(found.row, cluster, Date.now()), known.extras);
      return { application, asOf: known.readAt, cached: true, ...howComplete(found) };
    }
  }
  try {
    const { application, row } = await readLive(found, scope, name, signal);
    const nowMs = Date.now();
    const read = { extras: extrasOf(application), readAt: new Date(nowMs).toISOString() };
    remember(details, cluster, row, read);
    const { stale: _, ...detail } = detailOfRow(row, cluster, nowMs);
    return { application: withExtras(detail, read.extras), asOf: read.readAt, ...howComplete(found) };
  } catch (error) {
    const failure = AppError.from(error);
    if (fresh || !found.row || !saysNothing(failure)) throw failure;
    return lastKnown(found.row, found, scope, details, failure);
  }
}

/** True for failures that leave open whether the application is there. */
const saysNothing = ({ code }: AppError): boolean =>
  code === 'cluster_unreachable' ||
  code === 'cluster_timeout' ||
  code === 'cluster_refused' ||
  code === 'cluster_not_ready';

async function lastKnown(
  row: ApplicationRow,
  found: Found,
  scope: Scope,
  details: DetailCache,
  failure: AppError,
): Promise<ApplicationAnswer> {
  const { cluster } = found;
  const known = await recall(details, cluster, row);
  const detail = detailOfRow(row, cluster, Date.now());
  const asOf = known?.readAt ?? cluster.feed.snapshot().asOf?.toISOString();
  return {
    application: { ...(known ? withExtras(detail, known.extras) : detail), stale: true },
    ...(asOf ? { asOf } : {}),
    ...(known ? { cached: true } : {}),
    stale: true,
    ...howComplete(found, cluster.failed(scope, failure)),
  };
}

function howComplete(
  { cluster, unsearched }: Found,
  own?: ClusterFailure,
): Pick<ApplicationAnswer, 'unavailable' | 'unavailableOmitted' | keyof Caveats> {
  const { unavailable = [], unavailableOmitted } = unsearched ?? {};
  return {
    unavailable: own ? [own, ...unavailable] : unavailable,
    ...(unavailableOmitted ? { unavailableOmitted } : {}),
    ...(own ? {} : caveatsOf([cluster], 1)),
  };
}
