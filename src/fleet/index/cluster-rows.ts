import { rowKey, type ApplicationRow } from '../../cache/row.js';

/** One row with what the index knows about it beside its content. */
export interface Entry {
  row: ApplicationRow;
  /** Connection of the stream that wrote it; a row of a newer epoch always wins. 0: loaded from the store. */
  epoch: number;
  /** Counts writes: a list that was asked for earlier does not overrule a later event. */
  touched: number;
  /** The last list lacked it and it could not be ruled out that it exists: shown as stale. */
  unconfirmed?: boolean;
}

/** What changed in one write. `row` is the new one, or the removed one; `previous` the one that it replaces. */
export interface RowChange {
  type: 'upsert' | 'remove';
  row: ApplicationRow;
  previous?: ApplicationRow;
}

/** All rows of one cluster, in memory. Knows how to tell an older version of a row from a newer one. */
export class ClusterRows {
  private readonly entries = new Map<string, Entry>();
  private readonly byName = new Map<string, Set<string>>();
  private counter = 0;
  private epoch = 0;

  constructor(private readonly onChange: (change: RowChange) => void = () => {}) {}

  get size(): number {
    return this.entries.size;
  }

  /** A mark to compare `Entry.touched` with: everything written after this call is greater. */
  mark(): number {
    return this.counter;
  }

  /**
   * A new epoch, newer than all before it. Every connection of a stream is one, and every time that rows are followed
   * through the store.
   */
  nextEpoch(): number {
    return ++this.epoch;
  }

  get(namespace: string, name: string): ApplicationRow | undefined {
    return this.entries.get(rowKey({ namespace, name }))?.row;
  }

  entry(key: string): Entry | undefined {
    return this.entries.get(key);
  }

  /** Rows with the name, in whatever namespace. */
  named(name: string): ApplicationRow[] {
    return [...(this.byName.get(name) ?? [])].flatMap((key) => this.entries.get(key)?.row ?? []);
  }

  *rows(): Iterable<ApplicationRow> {
    for (const entry of this.entries.values()) yield entry.row;
  }

  /** Keys whose rows no write has confirmed since the mark. */
  untouchedSince(mark: number): string[] {
    return [...this.entries].filter(([, entry]) => entry.touched <= mark).map(([key]) => key);
  }

  /**
   * Takes a row over unless a newer one of the same epoch and object is there: resourceVersions are compared only
   * within one epoch and uid, since a restored Argo CD counts from lower numbers. Returns whether it was taken. A row
   * that says what the old one said is taken too, and nobody is told.
   */
  upsert(row: ApplicationRow, epoch: number): boolean {
    const key = rowKey(row);
    const existing = this.entries.get(key);
    if (existing && existing.epoch > epoch) return false;
    if (existing && existing.epoch === epoch && existing.row.uid === row.uid && isOlder(row, existing.row))
      return false;
    this.take(key, row, epoch, existing);
    return true;
  }

  /** Takes over what the leader wrote, whatever is there: within a term of following, the store's order is the truth. */
  replace(row: ApplicationRow, epoch: number): void {
    const key = rowKey(row);
    this.take(key, row, epoch, this.entries.get(key));
  }

  private take(key: string, row: ApplicationRow, epoch: number, existing: Entry | undefined): void {
    this.entries.set(key, { row, epoch, touched: ++this.counter });
    const names = this.byName.get(row.name);
    if (names) names.add(key);
    else this.byName.set(row.name, new Set([key]));
    if (existing && !existing.unconfirmed && saysTheSame(row, existing.row)) return;
    this.onChange({ type: 'upsert', row, ...(existing ? { previous: existing.row } : {}) });
  }

  /** Notes that the row may not be true any more, and tells it; the next write of it takes that back. */
  markUnconfirmed(key: string): void {
    const entry = this.entries.get(key);
    if (!entry || entry.unconfirmed) return;
    entry.unconfirmed = true;
    this.onChange({ type: 'upsert', row: entry.row, previous: entry.row });
  }

  /** True when some row may not be true any more. */
  hasUnconfirmed(): boolean {
    for (const entry of this.entries.values()) if (entry.unconfirmed) return true;
    return false;
  }

  isUnconfirmed(row: ApplicationRow): boolean {
    return this.entries.get(rowKey(row))?.unconfirmed === true;
  }

  remove(key: string): boolean {
    const entry = this.entries.get(key);
    if (!entry) return false;
    this.entries.delete(key);
    const names = this.byName.get(entry.row.name);
    names?.delete(key);
    if (names?.size === 0) this.byName.delete(entry.row.name);
    this.counter++;
    this.onChange({ type: 'remove', row: entry.row });
    return true;
  }
}

/** resourceVersions are numeric strings without leading zeros: the longer one is greater. */
function isOlder(row: ApplicationRow, than: ApplicationRow): boolean {
  const [a, b] = [row.resourceVersion, than.resourceVersion];
  if (!a || !b) return false;
  return a.length === b.length ? a < b : a.length < b.length;
}

/** The same version of the same object; where no version is known, the same content. */
function saysTheSame(a: ApplicationRow, b: ApplicationRow): boolean {
  if (a.uid !== b.uid || a.resourceVersion !== b.resourceVersion) return false;
  return a.resourceVersion !== undefined || JSON.stringify(a) === JSON.stringify(b);
}
