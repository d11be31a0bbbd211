import { describe, expect, it } from '@jest/globals';
import { Spread } from './spread.js';

describe('spread', () => {
  const never = new AbortController().signal;

  it('lets the first begin at once, and the others one after the other', async () => {
    const spread = new Spread(10);
    const startedAt = performance.now();
    const order: number[] = [];
    const times = await Promise.all(
      [0, 1, 2, 3].map(async (i) => {
        await spread.turn(never);
        order.push(i);
        return performance.now() - startedAt;
      }),
    );
    expect(order).toEqual([0, 1, 2, 3]);
    // Timers may fire up to a millisecond early.
    for (const [i, ms] of times.entries()) expect(ms).toBeGreaterThanOrEqual(10 * i - 1);
    expect(times[0]).toBeLessThan(9);
  });

  it('who gives up while waiting holds up nobody for longer than its turn', async () => {
    const spread = new Spread(5);
    const stopping = new AbortController();
    await spread.turn(never);
    const given = spread.turn(stopping.signal);
    const next = spread.turn(never);
    stopping.abort(new Error('stopped'));
    await expect(given).rejects.toThrow();
    await next;
  });
});
