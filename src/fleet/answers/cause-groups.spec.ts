import { describe, expect, it } from '@jest/globals';
import { aRow } from '../../../test/support/rows.js';
import type { ApplicationRow } from '../../cache/row.js';
import { RankedRows } from '../index/ranked-rows.js';
import { rankNumber, type UrgencyRank } from '../index/urgency.js';
import { groupCauses } from './cause-groups.js';

const noonMs = Date.parse('2026-11-24T12:00:00Z');
const degraded = (cluster: string, name: string, healthMessage?: string): ApplicationRow =>
  aRow({ cluster, name, uid: `${cluster}/${name}`, health: 'Degraded', healthMessage });
/** Broken as it says, those first more urgent. */
function ranked(...parts: { rows: ApplicationRow[]; rank: UrgencyRank }[]): RankedRows {
  const broken = new RankedRows();
  for (const { rows, rank } of parts) {
    for (const row of rows) {
      broken.add({ row, epoch: 1, touched: 1, slot: 0 }, rankNumber[rank], noonMs - broken.length);
    }
  }
  return broken;
}
const broken = (rows: ApplicationRow[]) => ranked({ rows, rank: 'degraded' });
const deadline = (name: string) => `Deployment "${name}" exceeded its progress deadline`;

describe('the same cause on many clusters', () => {
  it('is one line, with the raw text of the most urgent one', async () => {
    const rows = ['eu', 'us', 'ap'].flatMap((cluster) =>
      ['cart', 'search'].map((name) => degraded(cluster, name, deadline(name))),
    );
    const { groups } = await groupCauses(broken([...rows, degraded('eu', 'lonely', 'quota exceeded')]));
    expect(groups).toEqual([
      {
        cause: 'Degraded: Deployment "…" exceeded its progress deadline',
        applications: 6,
        clusters: 3,
        on: ['eu', 'us', 'ap'],
        example: { cluster: 'eu', namespace: 'argocd', application: 'cart', text: deadline('cart') },
      },
    ]);
  });

  it('what is broken in two ways with the same words is two causes', async () => {
    const stuck = [degraded('eu', 'c', 'Waiting'), degraded('us', 'd', 'Waiting')];
    const bad = [degraded('eu', 'e', 'Waiting'), degraded('us', 'f', 'Waiting')];
    const { groups } = await groupCauses(
      ranked({ rows: stuck, rank: 'stuck_progressing' }, { rows: bad, rank: 'degraded' }),
    );
    expect(groups.map(({ cause }) => cause).sort()).toEqual([
      'Degraded: Waiting',
      'Progressing for over 10 min: Waiting',
    ]);
  });

  it('what says no cause has one with its like on other clusters alone', async () => {
    const by = (name: string) => `Caused by apps/Deployment:shop/${name}`;
    const rows = [
      ...[degraded('eu', 'a'), degraded('us', 'b'), degraded('ap', 'd')],
      ...[degraded('eu', 'cart', by('cart')), degraded('us', 'cart', by('cart-2')), degraded('us', 'c', by('c'))],
      ...[degraded('eu', 'two', `${by('two')}, Service:shop/two`), degraded('us', 'e', `${by('e')}, Service:shop/…`)],
    ];
    const { groups, groupOf } = await groupCauses(broken(rows));
    expect(groups).toMatchObject([
      {
        cause: 'Degraded: "cart" (no cause given)',
        applications: 2,
        clusters: 2,
        example: { text: 'Caused by apps/Deployment:shop/cart' },
      },
    ]);
    expect(rows.flatMap((_, place) => groupOf(place) ?? [])).toEqual([1, 1]);
  });

  it('shows those on most clusters first, and counts the ones that are not shown', async () => {
    const words = ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', 'eta'];
    const rows = words.flatMap((word, i) =>
      Array.from({ length: i + 2 }, (_, n) => degraded(`c${n}`, `app${i}`, `the ${word} is missing`)),
    );
    const { groups, omitted } = await groupCauses(broken(rows));
    expect(groups.map(({ clusters }) => clusters)).toEqual([8, 7, 6, 5, 4]);
    expect(groups[0]?.on).toHaveLength(3);
    expect(omitted).toEqual({ causes: 2, applications: 2 + 3 });
  });

  it('a message that was cut belongs to the one that it is the beginning of', async () => {
    const whole = degraded('eu', 'cart', 'accumulating the resources of the base must resolve to a file');
    const cut = degraded('us', 'a-very-long-name', 'accumulating the resources of the base must resol…');
    const { groups, groupOf } = await groupCauses(broken([cut, whole]));
    expect(groups).toMatchObject([{ applications: 2, clusters: 2 }]);
    expect(groupOf(0)).toBe(1);
    expect(groupOf(1)).toBe(1);
  });

  it('a message that was cut where two causes begin alike is counted with neither', async () => {
    const rows = [
      degraded('eu', 'a', 'accumulating the resources of the base must resolve to a file'),
      degraded('eu', 'b', 'accumulating the resources of the base must be a folder'),
      degraded('us', 'c', 'accumulating the resources of the base must…'),
    ];
    expect((await groupCauses(broken(rows))).groups).toEqual([]);
  });

  it('ten thousand different messages do not hold up the event loop for long', async () => {
    const rows = Array.from({ length: 10_000 }, (_, i) =>
      degraded('eu', `app-${i}`, `Deployment app-${i} failed: ${'word '.repeat(40)}${i % 7 ? 'x' : '…'}`),
    );
    let longest = 0;
    let last = performance.now();
    const watch = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);
    await groupCauses(broken(rows));
    clearInterval(watch);
    expect(longest).toBeLessThan(250);
  });
});
