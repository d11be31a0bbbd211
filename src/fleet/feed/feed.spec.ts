import { describe, expect, it } from '@jest/globals';
import { Feed } from './feed.js';
import { readsLess } from './shortcomings.js';

describe('feed', () => {
  const now = new Date('2026-11-24T12:00:00.000Z');
  const at = (ms: number) => new Date(now.getTime() + ms);

  it('shows what the leader says, and never that something is known in the future', () => {
    const feed = new Feed('seeding', () => now);
    const states: string[] = [];
    feed.onChange(({ state }) => states.push(state));
    feed.adopt({ state: 'live', since: at(-60_000), asOf: at(3_600_000), completeAt: at(-5_000) });
    expect(feed.snapshot()).toEqual({
      state: 'live',
      source: 'follower',
      since: at(-60_000),
      asOf: at(1_000),
      completeAt: at(-5_000),
    });
    feed.adopt({ state: 'live', since: at(-60_000), asOf: at(0) });
    feed.adopt({ state: 'down', since: at(0), reason: 'gone', code: 'cluster_unreachable' });
    expect(states).toEqual(['live', 'down']);
    expect(feed.snapshot()).toMatchObject({ state: 'down', reason: 'gone', code: 'cluster_unreachable' });
  });

  it('tells what it remembers of an earlier process, once, and never over what it saw itself', () => {
    const feed = new Feed('seeding', () => now);
    let touches = 0;
    feed.onTouch(() => touches++);
    feed.remember({ asOf: at(-60_000), incomplete: readsLess, completeAt: at(-70_000) });
    feed.remember({ asOf: at(-50_000) });
    expect(feed.snapshot()).toMatchObject({ state: 'seeding', asOf: at(-60_000), completeAt: at(-70_000) });
    expect(feed.snapshot().incomplete).toBe(readsLess);
    expect(touches).toBe(1);
  });

  it('tells when another process begins to watch', () => {
    const feed = new Feed('live', () => now);
    const sources: unknown[] = [];
    feed.onChange(({ source }) => sources.push(source));
    feed.setSource('leader');
    feed.setSource('leader');
    feed.setSource('local');
    expect(sources).toEqual(['leader', 'local']);
  });
});
