import { describe, expect, it } from '@jest/globals';
import { aRow } from '../../../test/support/rows.js';
import { LagMeter } from './lag-meter.js';

const startMs = Date.UTC(2026, 10, 24, 12);

function bench({ aheadMs = 0 } = {}) {
  let nowMs = startMs;
  const meter = new LagMeter(() => nowMs);
  meter.opened(new Date(startMs + aheadMs));
  let last = aRow({ healthSince: new Date(startMs - 3_600_000).toISOString() });
  /** An event that arrives `afterMs` after what the server's clock showed at the change. */
  const event = (afterMs: number): void => {
    nowMs += 1_000;
    const row = aRow({ healthSince: new Date(nowMs + aheadMs - afterMs).toISOString() });
    meter.saw(last, row);
    last = row;
  };
  return { meter, event, pass: (ms: number) => void (nowMs += ms), same: () => meter.saw(last, last) };
}

describe('the lag of a stream', () => {
  it('three late events in a row make it lag, and three timely ones end that', () => {
    const { meter, event } = bench();
    for (const _ of [1, 2]) event(30_000);
    expect(meter.lagMs).toBe(0);
    event(30_000);
    expect(meter.lagMs).toBe(30_000);
    for (const _ of [1, 2]) event(500);
    expect(meter.lagMs).toBe(30_000);
    event(500);
    expect(meter.lagMs).toBe(0);
  });

  it.each([-600_000, 600_000])('a clock that is %d ms off is not taken for a lag', (aheadMs) => {
    const { meter, event } = bench({ aheadMs });
    for (let i = 0; i < 5; i++) event(2_000);
    expect(meter.lagMs).toBe(0);
    for (let i = 0; i < 5; i++) event(15_000 + i);
    expect(meter.lagMs).toBeGreaterThan(10_000);
  });

  it('a change without a time of its own says nothing', () => {
    const { meter, event, same, pass } = bench();
    for (const _ of [1, 2]) event(30_000);
    pass(60_000);
    for (let i = 0; i < 5; i++) same();
    expect(meter.lagMs).toBe(0);
  });

  it('a few quiet minutes end it', () => {
    const { meter, event, pass } = bench();
    for (let i = 0; i < 3; i++) event(30_000);
    pass(179_000);
    expect(meter.lagMs).toBeGreaterThan(0);
    pass(2_000);
    expect(meter.lagMs).toBe(0);
    event(30_000);
    expect(meter.lagMs).toBe(0);
  });
});
