import { compareEqualKeys, isBehind, placeOf, writeKeys, type Place, type RowSort } from './row-order.js';
import type { RowFilter } from './row-filter.js';
import { firstOf } from './first-of.js';
import type { SlotTest } from './asking.js';
import { slotTests } from './row-predicates.js';
import { searchText } from './text-search.js';
import type { Entry, RowTable } from './row-table.js';

/** What is asked of the index. What the scope does not see does not exist. */
export interface RowQuestion {
  /** Numbers of the clusters that are asked (`ClusterRows.number`). */
  clusters: Iterable<number>;
  /** Whether applications of a project may be seen. */
  seesProject: (project: string) => boolean;
  filter: RowFilter;
  /** The time at which ranks are judged, milliseconds since the epoch. */
  atMs: number;
}

export interface Totals {
  health: Record<string, number>;
  sync: Record<string, number>;
}

export interface Page {
  entries: Entry[];
  total: number;
  totals: Totals;
  /** Place of the last row when more follow. */
  next?: Place;
}

/** The slots of all rows that match, in no order. Good until the next question to the table or change of it. */
export function matchingSlots(table: RowTable, question: RowQuestion): Uint32Array {
  const { columns, end, scratch } = table;
  scratch.begin();
  const { cluster } = columns;
  const { project } = columns.single;
  const isAsked = new Uint8Array(table.clusters.length);
  for (const number of question.clusters) isAsked[number] = 1;
  // No row stands in cluster 0: those slots are free.
  isAsked[0] = 0;
  const isSeen = seenProjects(table, question);
  const slots = scratch.takeSlots(end);
  let count = 0;
  for (let slot = 0; slot < end; slot++) {
    if (isAsked[cluster[slot] as number] === 1 && isSeen[project[slot] as number] === 1) slots[count++] = slot;
  }
  const asking = { table, atMs: question.atMs, rowsLeft: () => count };
  for (const test of slotTests(asking, question.filter)) count = narrow(slots, count, test);
  const found = slots.subarray(0, count);
  return question.filter.text === undefined ? found : searchText(table, found, question.filter.text);
}

/** Keeps the slots that pass at the front, and returns how many they are. */
function narrow(slots: Uint32Array, count: number, test: SlotTest): number {
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const slot = slots[i] as number;
    if (test(slot)) slots[kept++] = slot;
  }
  return kept;
}

/** By number: projects that the caller may see and that pass the filter. */
function seenProjects({ atoms: { project } }: RowTable, { filter, seesProject }: RowQuestion): Uint8Array {
  const isSeen = new Uint8Array(project.capacity);
  for (let id = 1; id < isSeen.length; id++) {
    if (filter.project && !filter.project(project.lower(id))) continue;
    isSeen[id] = seesProject(project.text(id)) ? 1 : 0;
  }
  return isSeen;
}

/**
 * One page of the matching rows in an order, with the counts over all of them. Nothing is kept sorted: everything that
 * matches has to be counted anyway, and on the way the few that the page shows are picked out.
 */
export function queryRows(
  table: RowTable,
  question: RowQuestion,
  options: { sort: RowSort; limit: number; after?: Place },
): Page {
  const { sort, limit, after } = options;
  const matching = matchingSlots(table, question);
  const totals = totalsOf(table, matching);
  const keys = table.scratch.takeKeys(matching.length);
  writeKeys(table, matching, keys, sort, question.atMs);
  const slots = after ? behind(table, matching, keys, after) : matching;
  const first = firstOf(keys, slots.length, limit, (a, b) =>
    compareEqualKeys(table, slots[a] as number, slots[b] as number),
  );
  const last = first.at(-1);
  return {
    entries: first.map((i) => table.entries[slots[i] as number] as Entry),
    total: matching.length,
    totals,
    ...(last !== undefined && slots.length > first.length
      ? { next: placeOf(table, slots[last] as number, keys[last] as number) }
      : {}),
  };
}

/** Keeps the slots behind a place, and their keys, at the front of their arrays. */
function behind(table: RowTable, slots: Uint32Array, keys: Float64Array, place: Place): Uint32Array {
  let count = 0;
  for (let i = 0; i < slots.length; i++) {
    const [slot, key] = [slots[i] as number, keys[i] as number];
    if (!isBehind(table, slot, key, place)) continue;
    slots[count] = slot;
    keys[count++] = key;
  }
  return slots.subarray(0, count);
}

export function totalsOf({ atoms, columns: { single } }: RowTable, slots: Uint32Array): Totals {
  const health = new Uint32Array(atoms.word.capacity);
  const sync = new Uint32Array(atoms.word.capacity);
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i] as number;
    increase(health, single.health[slot] as number);
    increase(sync, single.sync[slot] as number);
  }
  const named = (counts: Uint32Array) => namedCounts(counts, (id) => atoms.word.text(id));
  return { health: named(health), sync: named(sync) };
}

const increase = (counts: Uint32Array, at: number): void => void (counts[at] = (counts[at] as number) + 1);

/** Words beyond those that Argo CD knows are counted together: a cluster that invents them must not flood an answer. */
const wordsMax = 12;

/** Counts by word, the most first. */
export function namedCounts(counts: Uint32Array, nameOf: (id: number) => string): Record<string, number> {
  const ids = [...counts.keys()].filter((id) => counts[id] !== 0);
  ids.sort((a, b) => (counts[b] as number) - (counts[a] as number) || (nameOf(a) < nameOf(b) ? -1 : 1));
  const named = ids.slice(0, wordsMax).map((id): [string, number] => [nameOf(id), counts[id] as number]);
  const others = ids.slice(wordsMax).reduce((sum, id) => sum + (counts[id] as number), 0);
  return Object.fromEntries(others > 0 ? [...named, ['Other', others]] : named);
}
