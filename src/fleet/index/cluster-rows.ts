import { applicationsMax } from '../../argocd/list.js';
import type { ApplicationRow } from '../../cache/row.js';
import { RowTable, type Entry } from './row-table.js';
import { settle } from './settle.js';

/** What changed in one write. `row` is the new one, or the removed one; `previous` the one that it replaces. */
export interface RowChange {
  type: 'upsert' | 'remove';
  row: ApplicationRow;
  previous?: ApplicationRow;
}

/** Where the rows of a cluster stand. */
export interface RowsPlace {
  /** Of all clusters together; one of its own when absent. */
  table?: RowTable;
  cluster?: string;
  /** More are not taken. Default: as many as a list may have. */
  rowsMax?: number;
}

/** All rows of one cluster, in memory. Knows how to tell an older version of a row from a newer one. */
export class ClusterRows {
  /** By namespace and name. */
  private readonly entries = new Map<string, Map<string, Entry>>();
  private readonly byProject = new Map<string, number>();
  private readonly unconfirmed = new Set<Entry>();
  private readonly table: RowTable;
  private readonly rowsMax: number;
  /** Number of the cluster in the table; 0 once closed. */
  number: number;
  private counter = 0;
  private epoch = 0;
  private count = 0;

  constructor(
    private readonly onChange: (change: RowChange) => void = () => {},
    place: RowsPlace = {},
  ) {
    this.table = place.table ?? new RowTable();
    this.rowsMax = place.rowsMax ?? applicationsMax;
    this.number = this.table.openCluster(place.cluster ?? '');
  }

  get size(): number {
    return this.count;
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
    return this.entries.get(namespace)?.get(name)?.row;
  }

  entry(key: string): Entry | undefined {
    const slash = key.indexOf('/');
    return this.entries.get(key.slice(0, slash))?.get(key.slice(slash + 1));
  }

  /** Rows with the name, in whatever namespace. */
  named(name: string): ApplicationRow[] {
    const found: ApplicationRow[] = [];
    for (const names of this.entries.values()) {
      const entry = names.get(name);
      if (entry) found.push(entry.row);
    }
    return found;
  }

  *rows(): Iterable<ApplicationRow> {
    for (const names of this.entries.values()) for (const { row } of names.values()) yield row;
  }

  /** How many rows there are in the projects that are seen. Costs by projects, not by rows. */
  countSeen(seesProject: (project: string) => boolean): number {
    let count = 0;
    for (const [project, rows] of this.byProject) if (seesProject(project)) count += rows;
    return count;
  }

  /** How many of them may not be true any more. */
  countUnconfirmed(seesProject: (project: string) => boolean): number {
    let count = 0;
    for (const { row } of this.unconfirmed) if (seesProject(row.project)) count++;
    return count;
  }

  /** Keys whose rows no write has confirmed since the mark. */
  untouchedSince(mark: number): string[] {
    const keys: string[] = [];
    for (const [namespace, names] of this.entries) {
      for (const [name, { touched }] of names) if (touched <= mark) keys.push(`${namespace}/${name}`);
    }
    return keys;
  }

  /**
   * Takes a row over unless a newer one of the same epoch and object is there: resourceVersions are compared only
   * within one epoch and uid, since a restored Argo CD counts from lower numbers. Returns whether it was taken. A row
   * that says what the old one said is taken too, and nobody is told.
   */
  upsert(row: ApplicationRow, epoch: number): boolean {
    const existing = this.entries.get(row.namespace)?.get(row.name);
    if (existing && existing.epoch > epoch) return false;
    if (existing && existing.epoch === epoch && existing.row.uid === row.uid && isOlder(row, existing.row))
      return false;
    settle(row, existing?.row);
    return this.take(row, epoch, existing);
  }

  /** Takes over what the leader wrote, whatever is there: within a term of following, the store's order is the truth. */
  replace(row: ApplicationRow, epoch: number): void {
    this.take(row, epoch, this.entries.get(row.namespace)?.get(row.name));
  }

  private take(row: ApplicationRow, epoch: number, existing: Entry | undefined): boolean {
    if (this.number === 0 || (!existing && this.count >= this.rowsMax)) return false;
    const entry: Entry = { row, epoch, touched: ++this.counter, slot: -1 };
    this.table.put(entry, this.number, existing?.slot);
    const names = this.entries.get(row.namespace);
    if (names) names.set(row.name, entry);
    else this.entries.set(row.namespace, new Map([[row.name, entry]]));
    if (existing) {
      this.unconfirmed.delete(existing);
      this.countProject(existing.row.project, -1);
    } else this.count++;
    this.countProject(row.project, 1);
    if (existing && !existing.unconfirmed && saysTheSame(row, existing.row)) return true;
    this.onChange({ type: 'upsert', row, ...(existing ? { previous: existing.row } : {}) });
    return true;
  }

  private countProject(project: string, change: 1 | -1): void {
    const count = (this.byProject.get(project) ?? 0) + change;
    if (count > 0) this.byProject.set(project, count);
    else this.byProject.delete(project);
  }

  /** Notes that the row may not be true any more, and tells it; the next write of it takes that back. */
  markUnconfirmed(key: string): void {
    const entry = this.entry(key);
    if (!entry || entry.unconfirmed) return;
    entry.unconfirmed = true;
    this.unconfirmed.add(entry);
    this.onChange({ type: 'upsert', row: entry.row, previous: entry.row });
  }

  /** True when some row may not be true any more. */
  hasUnconfirmed(): boolean {
    return this.unconfirmed.size > 0;
  }

  isUnconfirmed(row: { namespace: string; name: string }): boolean {
    return this.entries.get(row.namespace)?.get(row.name)?.unconfirmed === true;
  }

  remove(key: string): boolean {
    const entry = this.entry(key);
    if (!entry) return false;
    const { row, slot } = entry;
    const names = this.entries.get(row.namespace);
    names?.delete(row.name);
    if (names?.size === 0) this.entries.delete(row.namespace);
    this.unconfirmed.delete(entry);
    this.countProject(row.project, -1);
    this.count--;
    this.table.drop(slot);
    this.counter++;
    this.onChange({ type: 'remove', row });
    return true;
  }

  /** Forgets all rows for good, without telling of each; what is written afterwards is not taken. */
  close(): void {
    if (this.number === 0) return;
    for (const names of this.entries.values()) for (const { slot } of names.values()) this.table.drop(slot);
    this.entries.clear();
    this.byProject.clear();
    this.unconfirmed.clear();
    this.count = 0;
    this.table.closeCluster(this.number);
    this.number = 0;
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
