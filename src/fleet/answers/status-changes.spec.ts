import { describe, expect, it } from '@jest/globals';
import { aRow } from '../../../test/support/rows.js';
import type { ApplicationRow } from '../../cache/row.js';
import { FleetIndex } from '../index/fleet-index.js';
import { Removals } from './removals.js';
import { aheadMaxMs, statusChanges } from './status-changes.js';
import { brokenRanks } from './status-rows.js';

const nowMs = Date.parse('2026-11-24T12:00:00Z');
const ago = (minutes: number): string => new Date(nowMs - minutes * 60_000).toISOString().replace('.000', '');
const sinceMs = nowMs - 60 * 60_000;
function changesOf(...rows: ApplicationRow[]) {
  const fleet = new FleetIndex();
  const cluster = fleet.open('eu');
  for (const row of rows) cluster.replace(row, 1);
  const question = { clusters: [cluster.number], seesProject: () => true, filter: {}, atMs: nowMs };
  const untilMs = nowMs + aheadMaxMs;
  return statusChanges(fleet.overview(question, { ranks: brokenRanks, sinceMs, untilMs }).changes, []);
}
const kinds = (changed: ReturnType<typeof statusChanges>) =>
  Object.entries(changed).flatMap(([kind, count]) => (typeof count === 'number' && count > 0 ? [kind] : []));
const succeeded = (minutes: number) => ({ phase: 'Succeeded', finishedAt: ago(minutes) });

describe('what changed in the last hour', () => {
  it.each<[string, Partial<ApplicationRow>, string[]]>([
    ['Degraded since', { health: 'Degraded', healthSince: ago(5) }, ['broke']],
    ['Degraded for long', { health: 'Degraded', healthSince: ago(90) }, []],
    ['a failed operation', { sync: 'OutOfSync', operation: { phase: 'Failed', finishedAt: ago(5) } }, ['broke']],
    ['a failed operation long ago', { sync: 'OutOfSync', operation: { phase: 'Failed', finishedAt: ago(61) } }, []],
    [
      'a comparison error since',
      { sync: 'Unknown', conditions: [{ type: 'ComparisonError', message: 'x', since: ago(5) }] },
      ['broke'],
    ],
    ['Progressing for 69 minutes: too long since 59', { health: 'Progressing', healthSince: ago(69) }, ['broke']],
    ['Progressing for 5 minutes', { health: 'Progressing', healthSince: ago(5) }, []],
    ['Degraded on a cluster whose clock is ahead', { health: 'Degraded', healthSince: ago(-4) }, ['broke']],
    ['deployed in a future that has not come', { operation: succeeded(-60) }, []],
    [
      'failed at the end of time',
      { sync: 'OutOfSync', operation: { phase: 'Failed', finishedAt: '9999-12-31T23:59:59Z' } },
      [],
    ],
    ['Healthy again, nobody deployed', { healthSince: ago(5), operation: succeeded(600) }, ['recovered']],
    ['Healthy after a deployment', { healthSince: ago(5), operation: succeeded(6) }, ['deployed']],
    [
      'Healthy after it was created',
      { healthSince: ago(5), createdAt: ago(6), operation: succeeded(5) },
      ['created', 'deployed'],
    ],
    [
      'broken by a deployment',
      { health: 'Degraded', healthSince: ago(5), operation: succeeded(6) },
      ['broke', 'deployed'],
    ],
    ['being deleted', { deletingSince: ago(5) }, ['deleting']],
    ['nothing', { healthSince: ago(90), operation: succeeded(95) }, []],
    ['times that are none', { healthSince: 'soon', createdAt: '' }, []],
  ])('%s', (_, change, expected) => {
    expect(kinds(changesOf(aRow({ createdAt: ago(9_999), ...change }))).sort()).toEqual(expected.sort());
  });

  it('names a few, the most telling kind first, then the newest', () => {
    const deployed = Array.from({ length: 20 }, (_, i) => aRow({ name: `d${i}`, operation: succeeded(i + 1) }));
    const broke = [30, 10].map((minutes) =>
      aRow({ name: `b${minutes}`, health: 'Degraded', healthSince: ago(minutes), operation: succeeded(minutes) }),
    );
    const { latest, ...counts } = changesOf(...deployed, ...broke);
    expect(counts).toMatchObject({ broke: 2, deployed: 22 });
    expect(latest.map(({ what, application }) => [what, application])).toEqual([
      ['broke', 'b10'],
      ['broke', 'b30'],
      ['deployed', 'd0'],
      ['deployed', 'd1'],
      ['deployed', 'd2'],
    ]);
    expect(latest[0]?.at).toBe(ago(10));
  });
});

describe('the memory of removals', () => {
  it('tells what went away since it began, and from when on it can tell', () => {
    let now = nowMs;
    const index = new FleetIndex();
    const removals = new Removals(index, () => now);
    const rows = index.open('eu');
    rows.upsert(aRow({ name: 'gone' }), 1);
    rows.upsert(aRow({ name: 'stays' }), 1);
    now += 1_000;
    rows.remove('argocd/gone');
    expect(removals.since(sinceMs)).toEqual({
      removals: [{ row: aRow({ name: 'gone' }), atMs: nowMs + 1_000 }],
      knownSinceMs: nowMs,
    });
    expect(removals.since(nowMs + 2_000)).toEqual({ removals: [], knownSinceMs: nowMs + 2_000 });
  });

  it('is bounded, and says that it forgot', () => {
    let now = nowMs;
    const index = new FleetIndex();
    const removals = new Removals(index, () => now++);
    const rows = index.open('eu');
    for (let i = 0; i < 1_500; i++) {
      rows.upsert(aRow({ name: `a${i}` }), 1);
      rows.remove(`argocd/a${i}`);
    }
    const { removals: known, knownSinceMs } = removals.since(0);
    expect(known).toHaveLength(1_000);
    expect(known[0]?.row.name).toBe('a1499');
    expect(knownSinceMs).toBeLessThanOrEqual(known.at(-1)!.atMs);
    expect(knownSinceMs).toBeGreaterThan(nowMs);
  });
});
