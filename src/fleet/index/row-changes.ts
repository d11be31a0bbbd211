import type { ApplicationRow } from '../../cache/row.js';
import { FirstFew } from './first-few.js';
import { isNamedBefore } from './ranked-rows.js';
import type { Entry, RowTable } from './row-table.js';
import { timeMs } from './time-ms.js';
import { isComparisonError, lateMs, rankNumber } from './urgency.js';

const latestMax = 5;

/** What can have happened to an application, the most telling first. */
export const changeKinds = ['broke', 'removed', 'deleting', 'recovered', 'created', 'deployed'] as const;
export type ChangeKind = (typeof changeKinds)[number];
const [broke, removed, deleting, recovered, created, deployed] = [0, 1, 2, 3, 4, 5] as const;

/** A kind by its place in `changeKinds`, of a row, and when it was (milliseconds since the epoch). */
interface Happened {
  row: ApplicationRow;
  kind: number;
  atMs: number;
}

/** Counts what happened, an application once for every kind, and keeps some of it. */
export class ChangeTally {
  private readonly counted = changeKinds.map(() => 0);
  private readonly first = new FirstFew<Happened>(latestMax, isBefore);

  get counts(): Record<ChangeKind, number> {
    return Object.fromEntries(changeKinds.map((kind, i) => [kind, this.counted[i]])) as Record<ChangeKind, number>;
  }

  /** The most telling kind of some applications, one each: by kind, then the newest first. */
  get latest(): { row: ApplicationRow; kind: ChangeKind; atMs: number }[] {
    return this.first.items.map(({ row, kind, atMs }) => ({ row, kind: changeKinds[kind] as ChangeKind, atMs }));
  }

  count(kind: number): void {
    this.counted[kind] = (this.counted[kind] as number) + 1;
  }

  keep(row: ApplicationRow, kind: number, atMs: number): void {
    this.first.add({ row, kind, atMs });
  }

  remove(row: ApplicationRow, atMs: number): void {
    this.count(removed);
    this.keep(row, removed, atMs);
  }
}

function isBefore(a: Happened, b: Happened): boolean {
  if (a.kind !== b.kind) return a.kind < b.kind;
  return a.atMs === b.atMs ? isNamedBefore(a.row, b.row) : a.atMs > b.atMs;
}

/**
 * What happened to rows between two times, as far as they prove it by the times that Argo CD wrote into them:
 * - `broke`: it is broken, and its health, a failed operation or an error began then
 * - `recovered`: it turned Healthy then, without an operation that ended then
 * - `deployed`: an operation succeeded then
 * - `created`, `deleting`: by the object's own times
 */
export class RowChanges {
  readonly tally = new ChangeTally();
  private readonly healthy: number;
  private readonly succeeded: number;

  constructor(
    private readonly table: RowTable,
    private readonly sinceMs: number,
    private readonly untilMs: number,
  ) {
    this.healthy = table.atoms.word.find('Healthy') || -1;
    this.succeeded = table.atoms.word.find('Succeeded') || -1;
  }

  /** @param brokenAs number of its rank if it is broken, else -1 */
  look(slot: number, brokenAs: number): void {
    const { columns } = this.table;
    const isLate = brokenAs === rankNumber.stuck_deleting || brokenAs === rankNumber.stuck_progressing;
    // Nothing about what became late by time alone has changed.
    if (!isLate && (columns.changedAt[slot] as number) < this.sinceMs) return;
    let first = -1;
    let firstMs = 0;
    const note = (kind: number, atMs: number): void => {
      this.tally.count(kind);
      if (first >= 0) return;
      first = kind;
      firstMs = atMs;
    };
    const { single } = columns;
    const [createdMs, operationMs] = [columns.createdAt[slot] as number, columns.lastSync[slot] as number];
    const [isCreated, isOperated] = [this.isWithin(createdMs), this.isWithin(operationMs)];
    const brokeMs = brokenAs < 0 ? 0 : this.brokeAtMs(slot, brokenAs);
    if (this.isWithin(brokeMs)) note(broke, brokeMs);
    const deletingMs = (columns.deletingDue[slot] as number) - lateMs;
    if (this.isWithin(deletingMs)) note(deleting, deletingMs);
    if (!isCreated && !isOperated && single.health[slot] === this.healthy) {
      const healthMs = columns.healthSince[slot] as number;
      if (this.isWithin(healthMs)) note(recovered, healthMs);
    }
    if (isCreated) note(created, createdMs);
    if (isOperated && single.phase[slot] === this.succeeded) note(deployed, operationMs);
    if (first >= 0) this.tally.keep(this.rowIn(slot), first, firstMs);
  }

  private rowIn(slot: number): ApplicationRow {
    return (this.table.entries[slot] as Entry).row;
  }

  private isWithin(ms: number): boolean {
    return ms >= this.sinceMs && ms <= this.untilMs;
  }

  /** When what its rank says began. */
  private brokeAtMs(slot: number, rank: number): number {
    const { healthSince, lastSync, deletingDue, progressingDue } = this.table.columns;
    switch (rank) {
      case rankNumber.operation_failed:
        return lastSync[slot] as number;
      case rankNumber.comparison_error: {
        const row = this.rowIn(slot);
        const condition = row.conditions.find(isComparisonError);
        if (condition) return condition.since ? timeMs(condition.since) || 0 : 0;
        return row.health === 'Unknown' ? (healthSince[slot] as number) : 0;
      }
      case rankNumber.stuck_deleting:
        return deletingDue[slot] as number;
      case rankNumber.stuck_progressing:
        return progressingDue[slot] as number;
      default:
        return healthSince[slot] as number;
    }
  }
}
