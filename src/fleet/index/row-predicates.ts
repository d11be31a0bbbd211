import type { Atoms } from './atoms.js';
import type { LowerTest } from './glob.js';
import type { Judge } from './judge.js';
import { judgeFor, type Asking, type SlotTest } from './asking.js';
import { labelTest } from './label-test.js';
import { partBounds, type SingleField } from './row-columns.js';
import { sourceWidth } from './row-encoding.js';
import { isDueIn, rankNumbersOf, sourceFields, type RowFilter, type SourceFilter } from './row-filter.js';
import type { RowTable } from './row-table.js';

/**
 * The filter as tests of slots, one after the other, cheap ones first; each is made when those before it have been put to
 * all rows. `project` is left out, which is asked together with the scope, and `text`, which is searched last. Good until
 * the next change of the table.
 */
export function* slotTests(asking: Asking, filter: RowFilter): Iterable<SlotTest> {
  const { table } = asking;
  const { columns } = table;
  const { health, sync, phase, ranks, becomesLate, autoSync, namespace } = filter;
  if (health) yield wordTest(table, 'health', health);
  if (sync) yield wordTest(table, 'sync', sync);
  if (phase) yield wordTest(table, 'phase', phase);
  if (autoSync !== undefined) yield (slot) => (columns.autoSync[slot] === 1) === autoSync;
  if (becomesLate) yield latenessTest(table, becomesLate);
  if (ranks) yield rankTest(asking, rankNumbersOf(ranks));
  yield* lastSyncTests(table, filter);
  if (namespace !== undefined) {
    const wanted = table.atoms.namespace.find(namespace);
    yield (slot) => wanted !== 0 && columns.single.namespace[slot] === wanted;
  }
  for (const requirement of filter.labels ?? []) yield labelTest(asking, requirement);
  if (filter.destinationNamespace) yield singleTest(asking, 'destinationNamespace', filter.destinationNamespace);
  if (filter.destination) {
    const server = singleTest(asking, 'server', filter.destination);
    const name = singleTest(asking, 'destination', filter.destination);
    yield (slot) => server(slot) || name(slot);
  }
  if (filter.source) yield sourceTest(asking, filter.source);
  if (filter.name) yield singleTest(asking, 'name', filter.name);
  if (filter.revision) yield partTest(asking, 'revisions', filter.revision);
  if (filter.image) yield partTest(asking, 'images', filter.image);
}

function wordTest(
  { atoms, columns }: RowTable,
  field: 'health' | 'sync' | 'phase',
  words: readonly string[],
): SlotTest {
  const wanted = new Uint8Array(atoms.word.capacity);
  for (const word of words) wanted[atoms.word.find(word)] = 1;
  wanted[0] = 0;
  const ids = columns.single[field];
  return (slot) => wanted[ids[slot] as number] === 1;
}

function rankTest({ table, atMs }: Asking, ranks: ReadonlySet<number>): SlotTest {
  const wanted = Uint8Array.from({ length: 256 }, (_, rank) => (ranks.has(rank) ? 1 : 0));
  return (slot) => wanted[table.rankOf(slot, atMs)] === 1;
}

function latenessTest({ columns }: RowTable, between: { fromMs: number; toMs: number }): SlotTest {
  const { deletingDue, progressingDue } = columns;
  return (slot) => isDueIn(between, deletingDue[slot] as number) || isDueIn(between, progressingDue[slot] as number);
}

function* lastSyncTests({ columns: { lastSync } }: RowTable, filter: RowFilter): Iterable<SlotTest> {
  const { lastSyncBeforeMs: before, lastSyncAfterMs: after } = filter;
  // 0 is never, which is neither before nor after.
  if (before !== undefined) yield (slot) => (lastSync[slot] as number) > 0 && (lastSync[slot] as number) < before;
  if (after !== undefined) yield (slot) => (lastSync[slot] as number) > 0 && (lastSync[slot] as number) >= after;
}

function singleTest(asking: Asking, field: SingleField, test: LowerTest): SlotTest {
  const judge = judgeFor(asking, asking.table.atoms.ofField[field], test);
  const ids = asking.table.columns.single[field];
  return (slot) => judge.passes(ids[slot] as number);
}

/** Whether some text of a part of the slot's list passes. */
function partTest(asking: Asking, part: 'images' | 'revisions', test: LowerTest): SlotTest {
  const { atoms, lists, columns } = asking.table;
  const judge = judgeFor(asking, atoms.ofPart[part][0] as Atoms, test);
  const { ids } = lists;
  const { begins, ends } = partBounds(columns, part);
  return (slot) => {
    const from = begins[slot] as number;
    const to = ends[slot] as number;
    for (let at = from; at < to; at++) if (judge.passes(ids[at] as number)) return true;
    return false;
  };
}

function sourceTest(asking: Asking, filter: SourceFilter): SlotTest {
  const { atoms, lists, columns } = asking.table;
  const asked: { place: number; judge: Judge }[] = [];
  for (const [place, field] of sourceFields.entries()) {
    const test = filter[field];
    if (test) asked.push({ place, judge: judgeFor(asking, atoms[field], test) });
  }
  const { ids } = lists;
  const { begins, ends } = partBounds(columns, 'sources');
  return (slot) => {
    const from = begins[slot] as number;
    const to = ends[slot] as number;
    for (let at = from; at < to; at += sourceWidth) {
      if (asked.every(({ place, judge }) => judge.passes(ids[at + place] as number))) return true;
    }
    return false;
  };
}
