import type { ApplicationRow } from '../../cache/row.js';
import { hydrationError } from './hydration.js';
import { timeMs } from './time-ms.js';

/** What takes longer is late. */
export const lateMs = 600_000;

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

/** Ranks of what is broken; the others wait, move or are fine. */
export const problemRanks = urgencyRanks.slice(0, 6);

/** The number of a rank; a smaller one is more urgent. */
export const rankNumber = Object.fromEntries(urgencyRanks.map((rank, i) => [rank, i])) as Record<UrgencyRank, number>;

/** How urgent a row is, for all times: a rank as it is, and from when on it is late. */
export interface Urgency {
  /** Number of the rank as long as nothing is late. */
  rank: number;
  /** Milliseconds since the epoch after which its deletion, its progress takes too long; infinite: never. */
  deletingDueMs: number;
  progressingDueMs: number;
}

/**
 * How urgent a row is. A failed operation counts only while the application has not been Synced and Healthy since: what
 * was put right is not broken. Progressing and deleting for over ten minutes are problems of their own, because a crash
 * loop shows as Progressing until its deadline. What was not compared yet is on its way, and stuck when that takes as long.
 */
export function urgencyAtAllTimes(row: ApplicationRow): Urgency {
  const { operation, deletingSince } = row;
  const since = progressingSince(row);
  const isBroken = hasFailed(row) && !operation?.settled && !isSyncedAndHealthy(row);
  return {
    rank: rankNumber[isBroken ? 'operation_failed' : rankInTime(row)],
    deletingDueMs: deletingSince ? dueMs(deletingSince) : Infinity,
    progressingDueMs: since ? dueMs(since) : Infinity,
  };
}

/** Since when it has been on its way; undefined when it is not, or nobody knows. */
export function progressingSince({ health, healthSince, notCompared, createdAt }: ApplicationRow): string | undefined {
  if (health === 'Progressing') return healthSince;
  return notCompared ? createdAt : undefined;
}

/** The number of the rank at a time. */
export function rankAt(rank: number, deletingDueMs: number, progressingDueMs: number, nowMs: number): number {
  if (rank < rankNumber.stuck_deleting) return rank;
  if (nowMs > deletingDueMs) return rankNumber.stuck_deleting;
  return nowMs > progressingDueMs ? rankNumber.stuck_progressing : rank;
}

export function urgencyOf(row: ApplicationRow, nowMs: number): UrgencyRank {
  const { rank, deletingDueMs, progressingDueMs } = urgencyAtAllTimes(row);
  return urgencyRanks[rankAt(rank, deletingDueMs, progressingDueMs, nowMs)] as UrgencyRank;
}

/** The rank but for failed operations and for what is late. */
function rankInTime(row: ApplicationRow): UrgencyRank {
  const { health, sync, notCompared, deletingSince } = row;
  // What is Synced and Healthy is not broken, but what is in Git has not come this far.
  if (isSyncedAndHealthy(row)) {
    if (deletingSince) return 'progressing';
    return row.conditions.some(({ type }) => type === hydrationError) ? 'out_of_sync' : 'fine';
  }
  if (row.conditions.some(isComparisonError)) return 'comparison_error';
  if (!notCompared && (sync === 'Unknown' || health === 'Unknown')) return 'comparison_error';
  if (health === 'Degraded') return 'degraded';
  if (health === 'Missing') return 'missing';
  if (sync === 'OutOfSync') return 'out_of_sync';
  if (health === 'Suspended') return 'suspended';
  return health === 'Progressing' || notCompared || deletingSince ? 'progressing' : 'fine';
}

export const hasFailed = ({ operation }: ApplicationRow): boolean =>
  operation?.phase === 'Error' || operation?.phase === 'Failed';

/** What keeps Argo CD from comparing to what is in Git. Errors of a sync or a deletion show in what they lead to. */
const comparisonErrors = new Set(['ComparisonError', 'InvalidSpecError', 'UnknownError', hydrationError]);

/** Source: https://github.com/argoproj/argo-cd/blob/master/pkg/apis/application/v1alpha1/types.go (ApplicationCondition) */
export const isComparisonError = ({ type }: { type: string }): boolean => comparisonErrors.has(type);

/** A time that cannot be read never comes. */
const dueMs = (since: string): number => (timeMs(since) || Infinity) + lateMs;

export const isSyncedAndHealthy = ({ health, sync }: ApplicationRow): boolean =>
  sync === 'Synced' && health === 'Healthy';

/** Milliseconds since the epoch of the newest change that the row knows of; 0 if it knows of none. */
export function changedAtMs(row: ApplicationRow): number {
  let newest = 0;
  let text: string | undefined;
  const take = (time: string | undefined): void => {
    if (!time || time === text) return;
    // Times of one form can be compared as texts, which is cheaper than reading each.
    if (text && time.length === 20 && text.length === 20 && time < text && time.endsWith('Z')) return;
    const ms = timeMs(time) || 0;
    if (ms > newest) {
      newest = ms;
      text = time.endsWith('Z') ? time : undefined;
    }
  };
  take(row.healthSince);
  take(row.operation?.finishedAt);
  take(row.operation?.startedAt);
  take(row.deletingSince);
  take(row.createdAt);
  for (const { since } of row.conditions) take(since);
  return newest;
}
