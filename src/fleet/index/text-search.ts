import type { Atoms } from './atoms.js';
import { withLiterals } from './glob.js';
import type { Judge } from './judge.js';
import { listParts, partBegin, type ListPart } from './row-columns.js';
import { labelWidth } from './row-encoding.js';
import type { RowTable } from './row-table.js';

/** What is searched in the columns; the lists are searched whole. */
const textFields = ['name', 'namespace', 'project', 'server', 'destination', 'destinationNamespace'] as const;

/**
 * Keeps, of `slots`, those of rows that have a text (in lower case) in one of theirs, in another array. One property after
 * the other is searched in all rows that are left, so that a row is done with its first find and each loop is a plain
 * walk over one column.
 */
export function searchText(table: RowTable, slots: Uint32Array, text: string): Uint32Array {
  const { columns, atoms, scratch } = table;
  const test = withLiterals([text], (lower) => lower.includes(text));
  const judges = new Map<Atoms, Judge>();
  const judgeOf = (of: Atoms): Judge => {
    const judge = judges.get(of) ?? of.judge(test, scratch.takeBytes(of.capacity));
    judges.set(of, judge);
    return judge;
  };
  const search = new Search(slots, scratch.takeSlots(slots.length, 1));
  for (const field of textFields) search.column(columns.single[field], judgeOf(atoms.ofField[field]));
  for (const part of listParts) {
    const of = atoms.ofPart[part];
    for (const [turn, each] of of.entries()) search.part(table, part, { turn, width: of.length, judge: judgeOf(each) });
  }
  if (text.includes('=')) searchPairs(table, search, text);
  return search.found.subarray(0, search.foundCount);
}

/** Moves the slots of rows that are found from one array to the other. */
class Search {
  foundCount = 0;
  private left: number;

  constructor(
    private readonly slots: Uint32Array,
    readonly found: Uint32Array,
  ) {
    this.left = slots.length;
  }

  column(ids: Uint32Array, judge: Judge): void {
    if (!judge.prepare(this.left)) return;
    const { slots } = this;
    let kept = 0;
    for (let i = 0; i < this.left; i++) {
      const slot = slots[i] as number;
      if (judge.passes(ids[slot] as number)) this.found[this.foundCount++] = slot;
      else slots[kept++] = slot;
    }
    this.left = kept;
  }

  part(table: RowTable, part: ListPart, of: { turn: number; width: number; judge: Judge }): void {
    const { turn, width, judge } = of;
    if (!judge.prepare(this.left)) return;
    const { ids } = table.lists;
    const begin = partBegin(table.columns, part);
    const length = table.columns.lengths[part];
    this.each((slot) => {
      const from = begin(slot);
      const to = from + (length[slot] as number);
      for (let at = from + turn; at < to; at += width) if (judge.passes(ids[at] as number)) return true;
      return false;
    });
  }

  each(test: (slot: number) => boolean): void {
    const { slots } = this;
    let kept = 0;
    for (let i = 0; i < this.left; i++) {
      const slot = slots[i] as number;
      if (test(slot)) this.found[this.foundCount++] = slot;
      else slots[kept++] = slot;
    }
    this.left = kept;
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
  const { offset, lengths } = columns;
  search.each((slot) => {
    const from = offset[slot] as number;
    const to = from + (lengths.labels[slot] as number);
    for (let at = from; at < to; at += labelWidth) {
      // The empty value has no number of its own.
      if (endsKey.passes(ids[at] as number) && (right === '' || beginsValue.passes(ids[at + 1] as number))) return true;
    }
    return false;
  });
}
