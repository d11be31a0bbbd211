import type { ApplicationRow } from '../../cache/row.js';
import type { ChangeKind, ChangeTally } from '../index/row-changes.js';
import type { Removal } from './removals.js';

/** A cluster's clock may be ahead by so much; what is told from beyond has not happened. */
export const aheadMaxMs = 5 * 60_000;

export interface Change {
  what: ChangeKind;
  /** ISO 8601 */
  at: string;
  cluster: string;
  namespace: string;
  application: string;
}

/** How many applications saw what; one may count under several. */
export type StatusChanges = Record<ChangeKind, number> & {
  /** The most telling kind of some applications, one each: by kind, then the newest first. */
  latest: Change[];
};

/** What happened, by the rows (`RowChanges`) and by what this process saw go. Adds the removals to the tally. */
export function statusChanges(tally: ChangeTally, removals: readonly Removal[]): StatusChanges {
  for (const { row, atMs } of removals) tally.remove(row, atMs);
  return { ...tally.counts, latest: tally.latest.map(publicChange) };
}

const publicChange = ({ row, kind, atMs }: { row: ApplicationRow; kind: ChangeKind; atMs: number }): Change => ({
  what: kind,
  at: new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z'),
  cluster: row.cluster,
  namespace: row.namespace,
  application: row.name,
});
