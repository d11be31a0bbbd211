import { firstOf } from './first-of.js';
import { partBounds, type SingleField } from './row-columns.js';
import { labelWidth, sourceWidth } from './row-encoding.js';
import { matchingSlots, namedCounts, totalsOf, type RowQuestion, type Totals } from './row-query.js';
import type { RowTable } from './row-table.js';

/** By what a list can be grouped, but for the label with a key. */
export const groupFields = [
  'cluster',
  'project',
  'namespace',
  'health',
  'sync',
  'destination',
  'repository',
  'targetRevision',
  'revision',
  'image',
] as const;
export type GroupBy = (typeof groupFields)[number] | { label: string };

/** Rows that say the same. `key` is undefined for those that say nothing. */
export interface Group {
  key: string | undefined;
  count: number;
  health: Record<string, number>;
}

export interface Groups {
  /** The largest first. */
  groups: Group[];
  /** Further groups that are not shown. */
  omitted: number;
  /** Matching rows. A row that says several things (images, sources) is counted in each of their groups. */
  total: number;
  totals: Totals;
}

/** What a row is grouped by, as numbers; 0 is nothing. */
interface Grouping {
  /** Every number is below. */
  capacity: number;
  /** Writes the numbers of a slot to the front of `ids` and returns how many they are. */
  read(slot: number, ids: number[]): number;
  text(id: number): string;
}

/** Groups what matches, and counts each group by health. */
export function groupRows(table: RowTable, question: RowQuestion, options: { by: GroupBy; limit: number }): Groups {
  const slots = matchingSlots(table, question);
  const grouping = groupingOf(table, options.by);
  const counts = new Float64Array(grouping.capacity);
  const ids: number[] = [];
  for (const slot of slots) {
    const length = grouping.read(slot, ids);
    for (let i = 0; i < length; i++) add(counts, ids[i] as number, 1);
  }
  const found: number[] = [];
  for (let id = 0; id < counts.length; id++) if (counts[id] !== 0) found.push(id);
  const keys = Float64Array.from(found, (id) => -(counts[id] as number));
  const textAt = (i: number): string => grouping.text(found[i] as number);
  const first = firstOf(keys, found.length, options.limit, (a, b) => (textAt(a) < textAt(b) ? -1 : 1));
  const shown = first.map((i) => found[i] as number);
  const health = healthOf(table, slots, grouping, shown);
  return {
    groups: shown.map((id, i) => ({
      key: id === 0 ? undefined : grouping.text(id),
      count: counts[id] as number,
      health: health[i] as Record<string, number>,
    })),
    omitted: found.length - shown.length,
    total: slots.length,
    totals: totalsOf(table, slots),
  };
}

/** Counts by health of the groups that are shown. */
function healthOf(
  { atoms, columns }: RowTable,
  slots: Uint32Array,
  grouping: Grouping,
  shown: readonly number[],
): Record<string, number>[] {
  const words = atoms.word.capacity;
  const place = new Int32Array(grouping.capacity).fill(-1);
  for (const [i, id] of shown.entries()) place[id] = i;
  const counts = new Uint32Array(shown.length * words);
  const ids: number[] = [];
  for (const slot of slots) {
    const length = grouping.read(slot, ids);
    for (let i = 0; i < length; i++) {
      const at = place[ids[i] as number] as number;
      if (at >= 0) add(counts, at * words + (columns.single.health[slot] as number), 1);
    }
  }
  return shown.map((_, i) => namedCounts(counts.subarray(i * words, (i + 1) * words), (id) => atoms.word.text(id)));
}

const add = (counts: Float64Array | Uint32Array, at: number, count: number): void =>
  void (counts[at] = (counts[at] as number) + count);

function groupingOf(table: RowTable, by: GroupBy): Grouping {
  if (typeof by === 'object') return byLabel(table, by.label);
  switch (by) {
    case 'cluster': {
      const { clusters, columns } = table;
      return single(clusters.length, columns.cluster, (number) => clusters[number] ?? '');
    }
    case 'project':
    case 'namespace':
    case 'health':
    case 'sync':
      return byField(table, by);
    case 'destination':
      return byDestination(table);
    case 'repository':
      return byPart(table, 'sources', 0);
    case 'targetRevision':
      return byPart(table, 'sources', 3);
    case 'revision':
      return byPart(table, 'revisions', 0);
    case 'image':
      return byPart(table, 'images', 0);
  }
}

function single(capacity: number, column: ArrayLike<number>, text: (id: number) => string): Grouping {
  const read = (slot: number, ids: number[]): number => {
    ids[0] = column[slot] as number;
    return 1;
  };
  return { capacity, read, text };
}

function byField({ atoms, columns }: RowTable, field: SingleField): Grouping {
  const of = atoms.ofField[field];
  return single(of.capacity, columns.single[field], (id) => of.text(id));
}

/** By its name; by its address where it has none. */
function byDestination({ atoms: { server, destination }, columns: { single: column } }: RowTable): Grouping {
  const servers = destination.capacity;
  const read = (slot: number, ids: number[]): number => {
    const [name, address] = [column.destination[slot] as number, column.server[slot] as number];
    ids[0] = name === 0 && address !== 0 ? servers + address : name;
    return 1;
  };
  const text = (id: number): string => (id < servers ? destination.text(id) : server.text(id - servers));
  return { capacity: servers + server.capacity, read, text };
}

/** By what each image, revision or source says; the same said twice counts once. */
function byPart({ atoms, lists, columns }: RowTable, part: 'images' | 'revisions' | 'sources', turn: number): Grouping {
  const of = atoms.ofPart[part][turn];
  const width = part === 'sources' ? sourceWidth : 1;
  const { begins, ends } = partBounds(columns, part);
  const read = (slot: number, ids: number[]): number => {
    const from = begins[slot] as number;
    const to = ends[slot] as number;
    let length = 0;
    for (let at = from + turn; at < to; at += width) {
      const id = lists.ids[at] as number;
      let isNew = id !== 0;
      for (let i = 0; i < length; i++) if (ids[i] === id) isNew = false;
      if (isNew) ids[length++] = id;
    }
    if (length > 0) return length;
    ids[0] = 0;
    return 1;
  };
  return { capacity: of?.capacity ?? 1, read, text: (id) => of?.text(id) ?? '' };
}

function byLabel({ atoms, lists, columns }: RowTable, key: string): Grouping {
  const wanted = atoms.labelKey.find(key);
  const { begins, ends } = partBounds(columns, 'labels');
  const read = (slot: number, ids: number[]): number => {
    const from = begins[slot] as number;
    const to = ends[slot] as number;
    ids[0] = 0;
    if (wanted === 0) return 1;
    for (let at = from; at < to; at += labelWidth) if (lists.ids[at] === wanted) ids[0] = lists.ids[at + 1] as number;
    return 1;
  };
  return { capacity: atoms.labelValue.capacity, read, text: (id) => atoms.labelValue.text(id) };
}
