import type { Atoms } from './atoms.js';
import type { LowerTest } from './glob.js';
import type { Judge } from './judge.js';
import type { RowTable } from './row-table.js';

/** Whether the row in a slot passes. */
export type SlotTest = (slot: number) => boolean;

/** What the tests are made for. */
export interface Asking {
  table: RowTable;
  /** At what time ranks are judged. */
  atMs: number;
  /** How many rows are left to be asked now. */
  rowsLeft(): number;
}

/** The test as it is put to texts of a kind by the rows that are left. */
export function judgeFor({ table, rowsLeft }: Asking, of: Atoms, test: LowerTest): Judge {
  const judge = of.judge(test, table.scratch.takeBytes(of.capacity));
  judge.prepare(rowsLeft());
  return judge;
}
