import { describe, expect, it } from '@jest/globals';
import { atOnce, inSlices, type Steps } from './steps.js';

/** Steps that take longer than a slice each. */
function* long(count: number): Steps<number> {
  for (let step = 0; step < count; step++) {
    const endMs = performance.now() + 10;
    while (performance.now() < endMs);
    yield;
  }
  return count;
}

describe('steps', () => {
  it('come to the same at once and in slices', async () => {
    expect(atOnce(long(3))).toBe(3);
    expect(await inSlices(long(3))).toBe(3);
  });

  it('leave everything else its turn in between when they are taken in slices', async () => {
    let turns = 0;
    const counting = setInterval(() => turns++, 1);
    await inSlices(long(5));
    clearInterval(counting);
    expect(turns).toBeGreaterThanOrEqual(4);
  });

  it('throw what one of them throws', async () => {
    function* broken(): Steps<never> {
      yield;
      throw new Error('broken');
    }
    expect(() => atOnce(broken())).toThrow('broken');
    await expect(inSlices(broken())).rejects.toThrow('broken');
  });
});
