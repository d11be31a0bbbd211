import { setImmediate } from 'node:timers/promises';

/** Work that can be interrupted wherever it yields. */
export type Steps<T> = Generator<void, T>;

/** Steps are taken for so long before everything else of the process has its turn. */
const sliceMs = 8;

/** Takes all steps at once: for a program that does nothing else yet. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** Takes the steps in slices, with a turn of the event loop in between. */
export async function inSlices<T>(steps: Steps<T>): Promise<T> {
  let beganAtMs = performance.now();
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (performance.now() - beganAtMs < sliceMs) continue;
    await setImmediate();
    beganAtMs = performance.now();
  }
}
