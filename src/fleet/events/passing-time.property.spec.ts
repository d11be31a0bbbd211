import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { IndexFleet } from '../../../test/support/index-fleet.js';
import { anyRow, noonMs } from '../../../test/support/row-arbitraries.js';
import { rowKey } from '../../cache/row.js';
import { publicRow } from '../answers/public-row.js';
import { everything } from '../scope.js';
import { Audience } from './audience.js';
import { PassingTime } from './passing-time.js';
import { Subscription } from './subscription.js';

const second = 1_000;

it('time tells a reader exactly what a list would then show and did not before, and what it showed and no longer does', () => {
  const rows = fc.uniqueArray(anyRow, {
    maxLength: 40,
    size: 'max',
    selector: (row) => `${row.cluster}/${rowKey(row)}`,
  });
  const query = fc.record({
    problem: fc.option(
      fc.subarray(['stuck_progressing', 'stuck_deleting', 'out_of_sync', 'progressing'] as const, { minLength: 1 }),
      { nil: undefined },
    ),
    lastSyncAfter: fc.constantFrom(undefined, '9m', '10m', '2h'),
    lastSyncBefore: fc.constantFrom(undefined, '1m', '9m'),
    text: fc.constantFrom(undefined, 'a', 'boom'),
  });
  // Some end just when a row of `anyRow` is due.
  const steps = fc.array(fc.constantFrom(60, 480, 6, 61, 400), { minLength: 1, maxLength: 4, size: 'max' });
  fc.assert(
    fc.property(rows, query, steps, (all, asked, secondsOf) => {
      const fleet = new IndexFleet();
      for (const name of ['eu', 'us', 'ap']) fleet.addCluster(name);
      fleet.put(...all);
      let nowMs = noonMs;
      const passing = new PassingTime(
        { clusters: () => [...fleet.clusters.values()], index: fleet.index },
        (row, cluster) => publicRow(row, cluster, nowMs),
        () => nowMs,
      );
      const ofApplications = { ...asked, types: ['application'] as const };
      const audience = new Audience(everything, ofApplications, nowMs);
      const subscription = new Subscription(audience, { max: 100, binding: () => '', onOffer: () => undefined });
      passing.watch(subscription, audience);
      const listed = () => {
        const then = new Audience(everything, ofApplications, nowMs);
        return new Set(all.filter((row) => then.wants(row)).map((row) => `${row.cluster}/${rowKey(row)}`));
      };
      let before = listed();
      for (const seconds of secondsOf) {
        nowMs += seconds * second;
        passing.tick();
        const now = listed();
        const told: string[] = [];
        for (let next = subscription.next(); next; next = subscription.next()) {
          const { change } = JSON.parse(next.data) as { change: string };
          told.push(`${change} ${next.about.cluster}/${next.about.namespace}/${next.about.name}`);
        }
        const expected = [
          ...[...now].filter((key) => !before.has(key)).map((key) => `changed ${key}`),
          ...[...before].filter((key) => !now.has(key)).map((key) => `left ${key}`),
        ];
        expect(told.sort()).toEqual(audience.dependsOnTime ? expected.sort() : []);
        before = now;
      }
    }),
    { numRuns: 300 },
  );
});
