import type { ApplicationRow } from '../../cache/row.js';
import type { Cluster } from '../cluster.js';
import { reasonOf } from '../index/reason.js';
import type { Entry } from '../index/row-table.js';
import { urgencyOf, type UrgencyRank } from '../index/urgency.js';

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
  const shown = shownRow(row, nowMs);
  return cluster.isStale(row) ? { ...shown, stale: true } : shown;
}

/** What is kept with an entry of the index, which is another one after every change of the row. */
interface Shown {
  rank: UrgencyRank;
  row: PublicRow;
  stale: PublicRow;
}

/** As `publicRow`; made once as long as nothing about the row changes. Nobody may change what it gives. */
export function publicEntry(entry: Entry, isStale: boolean, nowMs: number): PublicRow {
  const rank = urgencyOf(entry.row, nowMs);
  let shown = entry.shown as Shown | undefined;
  if (shown?.rank !== rank) {
    const row = shownRow(entry.row, nowMs);
    shown = { rank, row, stale: { ...row, stale: true } };
    entry.shown = shown;
  }
  return isStale ? shown.stale : shown.row;
}

function shownRow(row: ApplicationRow, nowMs: number): PublicRow {
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
  };
}

/** Git hashes are cut to 12 characters, chart versions are not; several sources are joined by a comma. */
export const shortRevision = (revisions: readonly string[]): string =>
  revisions.map((revision) => (/^[0-9a-f]{40}$/.test(revision) ? revision.slice(0, 12) : revision)).join(',');
