import type { ApplicationRow } from '../../cache/row.js';

const tenMinutesMs = 600_000;

/** Ranks of the default order, most urgent first. */
export const urgencyRanks = [
  'operation_failed',
  'comparison_error',
  'degraded',
  'missing',
  'stuck_deleting',
  'stuck_progressing',
  'out_of_sync',
  'suspended',
  'progressing',
  'fine',
] as const;
export type UrgencyRank = (typeof urgencyRanks)[number];

/**
 * How urgent a row is. A failed operation counts only while the application is not Synced and Healthy: what was put
 * right since is not broken. Progressing and deleting for over ten minutes are problems of their own, because a crash
 * loop shows as Progressing until its deadline.
 */
export function urgencyOf(row: ApplicationRow, nowMs: number): UrgencyRank {
  if (row.sync === 'Synced' && row.health === 'Healthy' && !row.deletingSince) return 'fine';
  if (row.operation?.phase === 'Error' || row.operation?.phase === 'Failed') return 'operation_failed';
  if (hasError(row) || row.sync === 'Unknown' || row.health === 'Unknown') return 'comparison_error';
  if (row.health === 'Degraded') return 'degraded';
  if (row.health === 'Missing') return 'missing';
  if (row.deletingSince && nowMs - Date.parse(row.deletingSince) > tenMinutesMs) return 'stuck_deleting';
  if (row.health === 'Progressing' && row.healthSince && nowMs - Date.parse(row.healthSince) > tenMinutesMs) {
    return 'stuck_progressing';
  }
  if (row.sync === 'OutOfSync') return 'out_of_sync';
  if (row.health === 'Suspended') return 'suspended';
  return row.health === 'Progressing' || row.deletingSince ? 'progressing' : 'fine';
}

export const rankOf = (row: ApplicationRow, nowMs: number): number => urgencyRanks.indexOf(urgencyOf(row, nowMs));

const hasError = (row: ApplicationRow): boolean => row.conditions.some((condition) => condition.type.endsWith('Error'));

/** Milliseconds since the epoch of the newest change that the row knows of; 0 if it knows of none. */
export function changedAtMs(row: ApplicationRow): number {
  const times = [
    row.healthSince,
    row.operation?.finishedAt,
    row.operation?.startedAt,
    row.deletingSince,
    row.createdAt,
    ...row.conditions.map((condition) => condition.since),
  ];
  return times.reduce((newest, time) => Math.max(newest, (time && Date.parse(time)) || 0), 0);
}
