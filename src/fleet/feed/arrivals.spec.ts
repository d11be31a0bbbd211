import { describe, expect, it } from '@jest/globals';
import { nextSlice } from '../../argocd/time-slice.js';
import { Arrivals } from './arrivals.js';

const never = 2 ** 30;

/** Waits for `keys`; tells whether that has ended. */
function waiting(keys: string[], quietMs = never, signal = new AbortController().signal) {
  const arrivals = new Arrivals();
  let hasEnded = false;
  const settled = arrivals.settled(keys, quietMs, signal).finally(() => (hasEnded = true));
  // Whoever waits hears of an end before the next turn of the event loop.
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return { arrivals, settled, hasEnded: () => turn().then(() => hasEnded) };
}

describe('arrivals', () => {
  it('end with the last that was awaited, in whatever order they come, and with none if none is', async () => {
    const { arrivals, hasEnded, settled } = waiting(['a', 'b', 'c']);
    for (const key of ['c', 'other', 'a', 'a']) arrivals.came(key);
    expect(await hasEnded()).toBe(false);
    arrivals.came('b');
    expect(await hasEnded()).toBe(true);
    await settled;
    await waiting([]).settled;
  });

  it('go on as long as something comes, and end when nothing more does', async () => {
    const keys = Array.from({ length: 20 }, (_, i) => `app-${i}`);
    const quietMs = 100;
    const { arrivals, settled } = waiting([...keys, 'lost'], quietMs);
    const startedAt = performance.now();
    let lastAt = startedAt;
    const arriving = setInterval(() => {
      lastAt = performance.now();
      arrivals.came(keys.pop() ?? 'nobody waits for it');
      if (keys.length === 0) clearInterval(arriving);
    }, 20);
    await settled;
    expect(keys).toEqual([]);
    expect(lastAt - startedAt).toBeGreaterThan(2 * quietMs);
    expect(performance.now() - lastAt).toBeGreaterThanOrEqual(quietMs - 5);
  });

  it('are not given up before what waits for its turn was read', async () => {
    const { arrivals, settled, hasEnded } = waiting(['a', 'b'], 20);
    // Longer than the quiet time, and read only when other readers have had their turns.
    const endMs = performance.now() + 60;
    while (performance.now() < endMs);
    void nextSlice();
    void nextSlice();
    const reading = nextSlice().then(() => arrivals.came('a'));
    await reading;
    expect(await hasEnded()).toBe(false);
    arrivals.came('b');
    await settled;
  });

  it('are given up at once when nobody wants them, and can be awaited again', async () => {
    const stopping = new AbortController();
    const { arrivals, settled } = waiting(['a'], never, stopping.signal);
    stopping.abort(new Error('stopped'));
    await expect(settled).rejects.toThrow('stopped');
    await expect(arrivals.settled(['a'], never, stopping.signal)).rejects.toThrow('stopped');
    const again = arrivals.settled(['b'], never, new AbortController().signal);
    arrivals.came('b');
    await again;
  });
});
