import type { ApplicationRow } from '../../cache/row.js';
import { hasFailed, isSyncedAndHealthy } from './urgency.js';

/** The state after an operation is told well within it, whatever clocks say. */
const enoughMs = 5 * 60_000;

/** Rows that are fine although their operation failed, and since when that has been seen of them. */
const fineSince = new WeakMap<ApplicationRow, number>();

/**
 * Notes in the row what it cannot say by itself: that its operation failed, but that the application was Synced and
 * Healthy afterwards. `previous` is the row that it replaces. A row that is fine when its operation has just failed may
 * show the state from before it, so one of these proves it:
 * - it became fine after the operation had failed,
 * - it has been seen fine for minutes with that operation,
 * - it is fine at first sight, and the operation ended minutes ago.
 */
export function settle(row: ApplicationRow, previous: ApplicationRow | undefined, nowMs = Date.now()): void {
  const { operation } = row;
  if (!operation || operation.settled || !hasFailed(row)) return;
  const isFine = isSyncedAndHealthy(row);
  if (!previous || previous.uid !== row.uid) {
    if (!isFine) return;
    if (nowMs - Date.parse(operation.finishedAt ?? '') > enoughMs) operation.settled = true;
    else fineSince.set(row, nowMs);
    return;
  }
  if (!isSameOperation(operation, previous.operation)) {
    if (isFine) fineSince.set(row, nowMs);
    return;
  }
  const wasFine = isSyncedAndHealthy(previous);
  // Rows that came from another process have no time here: they begin now.
  const sinceMs = wasFine ? (fineSince.get(previous) ?? nowMs) : nowMs;
  const isProven = (isFine && !wasFine) || nowMs - sinceMs > enoughMs;
  if (previous.operation?.settled || isProven) operation.settled = true;
  else if (isFine) fineSince.set(row, sinceMs);
}

type Operation = NonNullable<ApplicationRow['operation']>;

const isSameOperation = (now: Operation, before: Operation | undefined): boolean =>
  now.phase === before?.phase && now.startedAt === before.startedAt && now.finishedAt === before.finishedAt;
