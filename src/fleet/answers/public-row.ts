import type { ApplicationRow } from '../../cache/row.js';
import type { Cluster } from '../cluster.js';
import { reasonOf } from '../index/reason.js';

/** A row as every tool shows it. Absent: nothing to say. */
export interface PublicRow {
  cluster: string;
  namespace: string;
  name: string;
  project: string;
  health: string;
  sync: string;
  phase?: string;
  revision?: string;
  reason?: string;
  stale?: true;
}

export function publicRow(row: ApplicationRow, cluster: Cluster, nowMs: number): PublicRow {
  const reason = reasonOf(row, nowMs);
  return {
    cluster: row.cluster,
    namespace: row.namespace,
    name: row.name,
    project: row.project,
    health: row.health,
    sync: row.sync,
    ...(row.operation ? { phase: row.operation.phase } : {}),
    ...(row.revisions.length > 0 ? { revision: shortRevision(row.revisions) } : {}),
    ...(reason ? { reason } : {}),
    ...(cluster.isStale(row) ? { stale: true } : {}),
  };
}

/** Git hashes are cut to 12 characters, chart versions are not; several sources are joined by a comma. */
export const shortRevision = (revisions: readonly string[]): string =>
  revisions.map((revision) => (/^[0-9a-f]{40}$/.test(revision) ? revision.slice(0, 12) : revision)).join(',');
