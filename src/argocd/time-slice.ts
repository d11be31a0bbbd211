import { setImmediate } from 'node:timers';

/** Work of reading goes on for so long before everything else of the process has its turn. */
const sliceMs = 8;

let sliceEndsAtMs = 0;
let isOpen = false;
const waiting: (() => void)[] = [];

/**
 * One budget of time for all reading in this process: however many clusters send at once, their frames and lists are
 * worked through in slices, and between two slices timers, requests and other clusters have their turn.
 *
 * True when the slice is used up: then `nextSlice` must be awaited before the next piece of work. A piece should take
 * a few milliseconds at most.
 */
export function isSliceOver(): boolean {
  const now = performance.now();
  if (isOpen) return now >= sliceEndsAtMs;
  open(now);
  return false;
}

/** Resolves in a later turn of the event loop, one waiter per turn, in the order of their coming. */
export function nextSlice(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (!isOpen) open(performance.now());
  });
}

/** The turn of the event loop in which this is called is one slice. */
function open(now: number): void {
  isOpen = true;
  sliceEndsAtMs = now + sliceMs;
  setImmediate(close);
}

function close(): void {
  const next = waiting.shift();
  isOpen = false;
  if (!next) return;
  open(performance.now());
  next();
}
