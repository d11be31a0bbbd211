import { describe, expect, it } from '@jest/globals';
import { IndexFleet } from '../../../test/support/index-fleet.js';
import type { FeedState } from '../feed/feed.js';
import { caveatsOf, caveatSentence } from './caveats.js';

describe('what an answer says of feeds that are not simply live', () => {
  function clusters(count: number, states: Record<number, FeedState | 'local'>) {
    const fleet = new IndexFleet();
    return Array.from({ length: count }, (_, i) => {
      const cluster = fleet.addCluster(`c${i}`);
      const state = states[i];
      if (state === 'local') cluster.feed.setSource('local');
      else if (state) cluster.feed.move(state, `is ${state}`);
      return cluster;
    });
  }

  it('nothing, while all are live', () => {
    const all = clusters(3, {});
    for (const { feed } of all) feed.setSource('follower');
    expect(caveatsOf(all, 5)).toEqual({});
    expect(caveatSentence({})).toBe('');
  });

  it('which they are, those first whose data may be late, and how many are not shown', () => {
    const all = clusters(6, { 0: 'local', 1: 'local', 3: 'lagging', 4: 'polling' });
    const { caveats = [], caveatsOmitted } = caveatsOf(all, 3);
    expect(caveats.map(({ cluster, state, source }) => [cluster, state, source])).toEqual([
      ['c3', 'lagging', undefined],
      ['c4', 'polling', undefined],
      ['c0', 'live', 'local'],
    ]);
    expect(caveatsOmitted).toBe(1);
    expect(caveats.map(({ reason }) => reason)).toEqual(['is lagging', 'is polling', expect.stringMatching(/Redis/)]);
    expect(caveatsOf(all, 4).caveatsOmitted).toBeUndefined();
    expect(caveatSentence({ caveats, caveatsOmitted })).toBe(
      'With caveats: c3 (lagging), c4 (polling), c0 (local) and 1 more.',
    );
  });

  it('of one that this process watches for itself, since when it does', () => {
    const [cluster] = clusters(1, {});
    const { feed } = cluster!;
    feed.setSource('leader');
    const since = feed.snapshot().since.toISOString();
    // Live for long.
    feed.snapshot().since.setFullYear(2020);
    feed.setSource('local');
    const [caveat] = caveatsOf([cluster!], 1).caveats!;
    expect(caveat!.since >= since).toBe(true);
    feed.setSource('leader');
    expect(caveatsOf([cluster!], 1)).toEqual({});
  });
});
