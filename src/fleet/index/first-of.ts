/** Far apart, so that items which came in order do not each beat all that came before. */
const stride = 64;

/** Whether one index stands behind another in the order. */
type IsAfter = (a: number, b: number) => boolean;

/**
 * Indexes of the first `limit` items by their keys, the smallest first. Only these are sorted: they are kept in a heap
 * whose root is the last of them, and most items need no more than a look at it.
 *
 * @param tie order of two items whose keys are equal: negative when the first one stands first
 */
export function firstOf(
  keys: Float64Array,
  count: number,
  limit: number,
  tie: (a: number, b: number) => number,
): number[] {
  const isAfter: IsAfter = (a, b) => {
    const difference = (keys[a] as number) - (keys[b] as number);
    return difference !== 0 ? difference > 0 : tie(a, b) > 0;
  };
  const heap: number[] = [];
  if (limit >= count) {
    for (let i = 0; i < count; i++) heap.push(i);
    return heap.sort((a, b) => (keys[a] as number) - (keys[b] as number) || tie(a, b));
  }
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
