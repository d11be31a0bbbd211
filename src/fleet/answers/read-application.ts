import type { Application } from '../../argocd/schemas.js';
import type { DetailCache, DetailRef } from '../../cache/detail-cache.js';
import type { ApplicationRow } from '../../cache/row.js';
import { AppError } from '../../errors/app-error.js';
import type { Cluster } from '../cluster.js';
import { rowOf } from '../index/application-row.js';
import type { Scope } from '../scope.js';
import { applicationExtras, type ApplicationExtras } from './application-extras.js';
import { notFound, type ApplicationName, type Found } from './application-lookup.js';

/**
 * Reads the object and holds it against the scope: what it hides is not there.
 *
 * Throws `not_found` when Argo CD says that it is not there, and what the request threw when it came to nothing.
 */
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

/** What was read of this very version of the application a short while ago. Rows of polled clusters have no version. */
export async function recall(
  details: DetailCache,
  cluster: Cluster,
  row: ApplicationRow,
): Promise<{ extras: ApplicationExtras; readAt: string } | undefined> {
  const ref = detailRef(cluster, row);
  const stored = ref && (await details.get(ref));
  if (!stored) return undefined;
  const { data } = applicationExtras.safeParse(stored.detail);
  return data && { extras: data, readAt: stored.readAt };
}

/** Keeps what was read for those who ask next. Nobody waits for it. */
export function remember(
  details: DetailCache,
  cluster: Cluster,
  row: ApplicationRow,
  read: { extras: ApplicationExtras; readAt: string },
): void {
  const ref = detailRef(cluster, row);
  if (ref) void details.put(ref, { readAt: read.readAt, detail: read.extras });
}

function detailRef(cluster: Cluster, { uid, resourceVersion }: ApplicationRow): DetailRef | undefined {
  if (!uid || !resourceVersion) return undefined;
  return { cluster: cluster.name, url: cluster.config.url, uid, resourceVersion };
}
