import type { Atoms } from './atoms.js';
import { withLiterals, type LowerTest } from './glob.js';
import { listParts, partBounds, type ListPart } from './row-columns.js';
import { labelWidth } from './row-encoding.js';
import type { RowTable } from './row-table.js';

/** What is searched in the columns; the lists are searched whole. */
const textFields = ['name', 'namespace', 'project', 'server', 'destination', 'destinationNamespace'] as const;

/** Says of a slot whether some number there passes. */
type SlotSearch = (slot: number, passes: (id: number) => boolean) => boolean;

/**
 * Keeps, of `slots`, those of rows that have a text (in lower case) in one of theirs, in another array. One kind of texts
 * after the other is searched for all rows that are left, so that a row is done with its first find.
 */
export function searchText(table: RowTable, slots: Uint32Array, text: string): Uint32Array {
  const { columns, atoms } = table;
  const test = withLiterals([text], (lower) => lower.includes(text));
  const search = new Search(table, slots, test);
  for (const field of textFields) {
    const ids = columns.single[field];
    search.kind(atoms.ofField[field], (slot, passes) => passes(ids[slot] as number));
  }
  for (const part of listParts) {
    const of = atoms.ofPart[part];
    for (const [turn, each] of of.entries()) search.kind(each, partSearch(table, part, turn, of.length));
  }
  if (text.includes('=')) searchPairs(table, search, text);
  return search.found.subarray(0, search.foundCount);
}

function partSearch({ columns, lists }: RowTable, part: ListPart, turn: number, width: number): SlotSearch {
  const { begins, ends } = partBounds(columns, part);
  const { ids } = lists;
  return (slot, passes) => {
    const from = begins[slot] as number;
    const to = ends[slot] as number;
    for (let at = from + turn; at < to; at += width) if (passes(ids[at] as number)) return true;
    return false;
  };
}

/** Moves the slots of rows that are found from one array to the other. */
class Search {
  readonly found: Uint32Array;
  foundCount = 0;
  /** By slot: 1 as long as it is asked and not found. */
  private readonly isLeft: Uint8Array;

  constructor(
    private readonly table: RowTable,
    private readonly slots: Uint32Array,
    private readonly test: LowerTest,
  ) {
    this.found = table.scratch.takeSlots(slots.length, 1);
    this.isLeft = table.scratch.takeBytes(table.end);
    for (let i = 0; i < slots.length; i++) this.isLeft[slots[i] as number] = 1;
  }

  /** Most texts are held by one row, which is known: the others are walked through only if a text of many rows fits. */
  kind(of: Atoms, holds: SlotSearch): void {
    const judge = of.judge(this.test, this.table.scratch.takeBytes(of.capacity));
    if (!judge.isCheaperAtOnce(this.slots.length - this.foundCount)) {
      this.each((slot) => holds(slot, (id) => judge.passes(id)));
    } else if (judge.findAll(this.isLeft, (slot) => this.find(slot))) {
      this.each((slot) => holds(slot, (id) => judge.hasPassed(id)));
    }
  }

  each(test: (slot: number) => boolean): void {
    const { slots, isLeft } = this;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i] as number;
      if (isLeft[slot] === 1 && test(slot)) this.find(slot);
    }
  }

  private find(slot: number): void {
    this.isLeft[slot] = 0;
    this.found[this.foundCount++] = slot;
  }
}

/** A text with an equals sign may lie across key and value of a label, which are not one text in the table. */
function searchPairs({ atoms, lists, columns, scratch }: RowTable, search: Search, text: string): void {
  const { labelKey, labelValue } = atoms;
  const equals = text.indexOf('=');
  const [left, right] = [text.slice(0, equals), text.slice(equals + 1)];
  const endsKey = labelKey.judge(
    withLiterals([left], (lower) => lower.endsWith(left)),
    scratch.takeBytes(labelKey.capacity),
  );
  const beginsValue = labelValue.judge(
    withLiterals([right], (lower) => lower.startsWith(right)),
    scratch.takeBytes(labelValue.capacity),
  );
  const { ids } = lists;
  const { begins, ends } = partBounds(columns, 'labels');
  search.each((slot) => {
    const from = begins[slot] as number;
    const to = ends[slot] as number;
    for (let at = from; at < to; at += labelWidth) {
      // The empty value has no number of its own.
      if (endsKey.passes(ids[at] as number) && (right === '' || beginsValue.passes(ids[at + 1] as number))) return true;
    }
    return false;
  });
}
