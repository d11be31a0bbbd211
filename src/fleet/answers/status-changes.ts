import type { ApplicationRow } from '../../cache/row.js';
import { isComparisonError, type UrgencyRank } from '../index/urgency.js';
import type { Removal } from './removals.js';

const latestMax = 5;
/** A cluster's clock may be ahead by so much; what is told from beyond has not happened. */
const aheadMaxMs = 5 * 60_000;
/** What is late is late since then. */
const lateMs = 600_000;

/** What can have happened to an application, the most telling first. */
export const changeKinds = ['broke', 'removed', 'deleting', 'recovered', 'created', 'deployed'] as const;
export type ChangeKind = (typeof changeKinds)[number];

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

/**
 * What happened since a time, as far as rows prove it, by the times that Argo CD wrote into them:
 * - `broke`: it is broken, and its health, a failed operation or an error began since
 * - `recovered`: it turned Healthy since, without an operation that ended since
 * - `deployed`: an operation succeeded since
 * - `created`, `deleting`: by the object's own times
 * - `removed`: this process saw it go
 */
export function statusChanges(
  rows: Iterable<ApplicationRow>,
  removals: readonly Removal[],
  rankOf: (row: ApplicationRow) => UrgencyRank | undefined,
  sinceMs: number,
  nowMs = Date.now(),
): StatusChanges {
  const counts = Object.fromEntries(changeKinds.map((kind) => [kind, 0])) as Record<ChangeKind, number>;
  const latest: Found[] = [];
  const count = (row: ApplicationRow, found: [ChangeKind, number][]): void => {
    for (const [kind] of found) counts[kind]++;
    const [first] = found;
    if (first) keep(latest, { row, kind: first[0], atMs: first[1] });
  };
  for (const row of rows) count(row, changesOf(row, rankOf(row), { sinceMs, untilMs: nowMs + aheadMaxMs }));
  for (const { row, atMs } of removals) count(row, [['removed', atMs]]);
  return { ...counts, latest: latest.map(publicChange) };
}

/** In the order of `changeKinds`, with its time. */
function changesOf(
  row: ApplicationRow,
  rank: UrgencyRank | undefined,
  { sinceMs, untilMs }: { sinceMs: number; untilMs: number },
): [ChangeKind, number][] {
  const found: [ChangeKind, number][] = [];
  const within = (ms: number): boolean => ms >= sinceMs && ms <= untilMs;
  const [healthMs, operationMs] = [msOf(row.healthSince), msOf(row.operation?.finishedAt)];
  const [createdMs, deletingMs] = [msOf(row.createdAt), msOf(row.deletingSince)];
  const brokeMs = rank === undefined ? 0 : brokeAtMs(row, rank);
  if (within(brokeMs)) found.push(['broke', brokeMs]);
  if (within(deletingMs)) found.push(['deleting', deletingMs]);
  const isOutOfTheBlue = !within(operationMs) && !within(createdMs);
  if (row.health === 'Healthy' && within(healthMs) && isOutOfTheBlue) found.push(['recovered', healthMs]);
  if (within(createdMs)) found.push(['created', createdMs]);
  if (row.operation?.phase === 'Succeeded' && within(operationMs)) found.push(['deployed', operationMs]);
  return found;
}

/** When what its rank says began. */
function brokeAtMs(row: ApplicationRow, rank: UrgencyRank): number {
  switch (rank) {
    case 'operation_failed':
      return msOf(row.operation?.finishedAt);
    case 'comparison_error': {
      const condition = row.conditions.find(isComparisonError);
      return condition ? msOf(condition.since) : row.health === 'Unknown' ? msOf(row.healthSince) : 0;
    }
    case 'stuck_deleting':
      return msOf(row.deletingSince) + lateMs;
    case 'stuck_progressing':
      return msOf(row.healthSince) + lateMs;
    default:
      return msOf(row.healthSince);
  }
}

interface Found {
  row: ApplicationRow;
  kind: ChangeKind;
  atMs: number;
}

/** Keeps the list short and in order: few of many rows are among the first. */
function keep(latest: Found[], found: Found): void {
  let at = latest.length;
  while (at > 0 && isBefore(found, latest[at - 1] as Found)) at--;
  if (at >= latestMax) return;
  latest.splice(at, 0, found);
  if (latest.length > latestMax) latest.pop();
}

const isBefore = (a: Found, b: Found): boolean =>
  a.kind === b.kind ? a.atMs > b.atMs : changeKinds.indexOf(a.kind) < changeKinds.indexOf(b.kind);

const publicChange = ({ row, kind, atMs }: Found): Change => ({
  what: kind,
  at: new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z'),
  cluster: row.cluster,
  namespace: row.namespace,
  application: row.name,
});

const msOf = (time: string | undefined): number => (time && Date.parse(time)) || 0;
