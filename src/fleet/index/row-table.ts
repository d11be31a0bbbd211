import type { ApplicationRow } from '../../cache/row.js';
import { IdLists } from './id-lists.js';
import { RowColumns } from './row-columns.js';
import { RowAtoms, RowEncoder } from './row-encoding.js';
import { nameKeyOf, timeInBounds } from './row-order.js';
import { Scratch } from './scratch.js';
import { timeMs } from './time-ms.js';
import { changedAtMs, rankAt, urgencyAtAllTimes } from './urgency.js';

/** One row with what the index knows about it beside its content. */
export interface Entry {
  row: ApplicationRow;
  /** Connection of the stream that wrote it; a row of a newer epoch always wins. 0: loaded from the store. */
  epoch: number;
  /** Counts writes: a list that was asked for earlier does not overrule a later event. */
  touched: number;
  /** Where it stands in the table. */
  slot: number;
  /** The last list lacked it and it could not be ruled out that it exists: shown as stale. */
  unconfirmed?: boolean;
  /** What answers have made of the row, kept for the next ones. */
  shown?: unknown;
  cause?: unknown;
}

const clustersMax = 65_535;

/**
 * The rows of all clusters, in columns. A row has a slot as long as it is there; slots are this process's own and mean
 * nothing to another. Questions are put to the columns (`row-scan.ts`), answers are made of the entries.
 */
export class RowTable {
  readonly columns = new RowColumns();
  readonly atoms = new RowAtoms();
  readonly lists = new IdLists();
  /** What queries work in. */
  readonly scratch = new Scratch();
  private readonly encoder = new RowEncoder(this.atoms, this.columns, this.lists);
  /** By slot. */
  readonly entries: (Entry | undefined)[] = [];
  /** Names of the clusters by number; 0 is none. */
  readonly clusters: (string | undefined)[] = [undefined];
  private readonly freeSlots: number[] = [];
  private readonly freeClusters: number[] = [];
  /** The last due before, and the first one at or after the time that was looked at last. */
  private lastDueMs = 0;
  private nextDueMs = Infinity;
  private lookedAtMs = 0;

  /** Slots are below. */
  get end(): number {
    return this.entries.length;
  }

  get size(): { rows: number; texts: number; numbers: number } {
    return {
      rows: this.entries.length - this.freeSlots.length,
      texts: this.atoms.all.reduce((sum, { size }) => sum + size, 0),
      numbers: this.lists.size,
    };
  }

  /** A number for a cluster, until it is closed. */
  openCluster(name: string): number {
    const number = this.freeClusters.pop() ?? this.clusters.length;
    if (number > clustersMax) throw new Error(`more than ${clustersMax} clusters`);
    this.clusters[number] = name;
    return number;
  }

  /** Its rows must be gone. */
  closeCluster(number: number): void {
    this.clusters[number] = undefined;
    this.freeClusters.push(number);
  }

  /** Takes a new row in, or another one into the slot of the entry. Sets `entry.slot`. */
  put(entry: Entry, cluster: number, slot: number | undefined): void {
    if (slot === undefined) {
      entry.slot = this.takeSlot();
      this.encoder.fill(entry.slot, entry.row);
    } else {
      entry.slot = slot;
      this.encoder.refill(slot, entry.row);
    }
    this.entries[entry.slot] = entry;
    this.columns.cluster[entry.slot] = cluster;
    this.fill(entry.slot, entry.row);
  }

  /** Frees the slot. */
  drop(slot: number): void {
    this.encoder.empty(slot);
    this.entries[slot] = undefined;
    this.columns.cluster[slot] = 0;
    this.freeSlots.push(slot);
  }

  /** Rank of a row at a time. */
  rankOf(slot: number, nowMs: number): number {
    const { rank, deletingDue, progressingDue } = this.columns;
    return rankAt(rank[slot] as number, deletingDue[slot] as number, progressingDue[slot] as number, nowMs);
  }

  /** Until when no rank changes by time alone, that moment included; infinite when none waits. */
  validUntilMs(nowMs: number): number {
    this.lookAt(nowMs);
    return this.nextDueMs;
  }

  /**
   * The earliest time at which all ranks are what they are now: the same for as long as they stay, and on every replica
   * that holds these rows. (It may be a moment later when a row went meanwhile; it is a time of the same ranks then too.)
   */
  ranksSinceMs(nowMs: number): number {
    this.lookAt(nowMs);
    return this.lastDueMs + 1;
  }

  /** Finds the dues around a time, unless they are known: of a row that is gone they are kept, and do no harm. */
  private lookAt(nowMs: number): void {
    const isKnown = nowMs >= this.lookedAtMs && nowMs <= this.nextDueMs;
    this.lookedAtMs = nowMs;
    if (isKnown) return;
    const { cluster, deletingDue, progressingDue } = this.columns;
    this.lastDueMs = 0;
    this.nextDueMs = Infinity;
    for (let slot = 0; slot < this.end; slot++) {
      if (cluster[slot] === 0) continue;
      this.noteDue(deletingDue[slot] as number);
      this.noteDue(progressingDue[slot] as number);
    }
  }

  private noteDue(due: number): void {
    if (due < this.lookedAtMs) {
      if (due > this.lastDueMs) this.lastDueMs = due;
    } else if (due < this.nextDueMs) this.nextDueMs = due;
  }

  private takeSlot(): number {
    const slot = this.freeSlots.pop() ?? this.entries.length;
    if (slot >= this.columns.capacity) this.columns.grow();
    return slot;
  }

  private fill(slot: number, row: ApplicationRow): void {
    const { columns } = this;
    const { rank, deletingDueMs, progressingDueMs } = urgencyAtAllTimes(row);
    columns.rank[slot] = rank;
    columns.deletingDue[slot] = deletingDueMs;
    columns.progressingDue[slot] = progressingDueMs;
    this.noteDue(deletingDueMs);
    this.noteDue(progressingDueMs);
    columns.changedAt[slot] = timeInBounds(changedAtMs(row));
    columns.lastSync[slot] = columnTime(row.operation?.finishedAt);
    columns.healthSince[slot] = columnTime(row.healthSince);
    columns.createdAt[slot] = columnTime(row.createdAt);
    columns.nameKey[slot] = nameKeyOf(row.name);
    columns.autoSync[slot] = row.autoSync ? 1 : 0;
  }
}

const columnTime = (time: string | undefined): number => (time === undefined ? 0 : timeInBounds(timeMs(time)));
