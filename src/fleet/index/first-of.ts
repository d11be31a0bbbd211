import { compareEqualKeys } from './row-order.js';
import type { RowTable } from './row-table.js';

/** Far apart, so that rows which came in order do not each beat all that came before. */
const stride = 64;

/** Whether one index stands behind another in the order. */
type IsAfter = (a: number, b: number) => boolean;

/**
 * Indexes of the first `limit` slots by their keys, in order. Only these are sorted: they are kept in a heap whose root
 * is the last of them, and most slots need no more than a look at it.
 */
export function firstOf(table: RowTable, slots: Uint32Array, keys: Float64Array, limit: number): number[] {
  const count = slots.length;
  const isAfter: IsAfter = (a, b) => {
    const difference = (keys[a] as number) - (keys[b] as number);
    return difference !== 0 ? difference > 0 : compareEqualKeys(table, slots[a] as number, slots[b] as number) > 0;
  };
  const heap: number[] = [];
  let worst = Infinity;
  for (let start = 0; start < stride; start++) {
    for (let i = start; i < count; i += stride) {
      if (heap.length < limit) push(heap, i, isAfter);
      else if ((keys[i] as number) > worst || !isAfter(heap[0] as number, i)) continue;
      else replaceRoot(heap, i, isAfter);
      if (heap.length === limit) worst = keys[heap[0] as number] as number;
    }
  }
  return heap.sort((a, b) => (isAfter(a, b) ? 1 : -1));
}

function push(heap: number[], item: number, isAfter: IsAfter): void {
  let at = heap.length;
  heap.push(item);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isAfter(item, heap[parent] as number)) break;
    heap[at] = heap[parent] as number;
    at = parent;
  }
  heap[at] = item;
}

function replaceRoot(heap: number[], item: number, isAfter: IsAfter): void {
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isAfter(heap[child + 1] as number, heap[child] as number)) child++;
    if (!isAfter(heap[child] as number, item)) break;
    heap[at] = heap[child] as number;
    at = child;
  }
  heap[at] = item;
}
