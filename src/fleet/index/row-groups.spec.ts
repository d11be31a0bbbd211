import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anyFilter, anyRow, noonMs } from '../../../test/support/row-arbitraries.js';
import { aRow } from '../../../test/support/rows.js';
import { rowKey, type ApplicationRow } from '../../cache/row.js';
import { FleetIndex } from './fleet-index.js';
import { matches } from './row-filter.js';
import { groupFields, type GroupBy } from './row-groups.js';

function groupsOf(rows: readonly ApplicationRow[], by: GroupBy, { limit = 200, filter = {} } = {}) {
  const index = new FleetIndex();
  const clusters = new Map(['eu', 'us', 'ap'].map((name) => [name, index.open(name)]));
  for (const row of rows) clusters.get(row.cluster)?.replace(structuredClone(row), 1);
  const numbers = [...clusters.values()].map(({ number }) => number);
  return index.groups({ clusters: numbers, seesProject: () => true, filter, atMs: noonMs }, { by, limit });
}

/** What a row says, the slow way. */
function keysOf(row: ApplicationRow, by: GroupBy): (string | undefined)[] {
  if (typeof by === 'object') return [row.labels[by.label] || undefined];
  const { destination } = row;
  const sources: { repository: string; targetRevision?: string }[] = [...row.sources, row.drySource ?? []].flat();
  const said: Record<Exclude<GroupBy, object>, (string | undefined)[]> = {
    cluster: [row.cluster],
    project: [row.project],
    namespace: [row.namespace],
    health: [row.health],
    sync: [row.sync],
    destination: [destination.name ?? destination.server],
    repository: sources.map(({ repository }) => repository),
    targetRevision: sources.flatMap(({ targetRevision }) => targetRevision ?? []),
    revision: row.revisions,
    image: row.images,
  };
  return said[by].length > 0 ? [...new Set(said[by])] : [undefined];
}

describe('groups', () => {
  const anyRows = fc.uniqueArray(anyRow, { maxLength: 40, selector: (row) => `${row.cluster}/${rowKey(row)}` });
  const anyBy = fc.constantFrom<GroupBy>(...groupFields, { label: 'team' }, { label: 'nothing' });

  it('count exactly what each row says, whatever it is grouped by and filtered to', () => {
    fc.assert(
      fc.property(anyRows, anyBy, anyFilter, (rows, by, filter) => {
        const expected = new Map<string | undefined, { count: number; health: Record<string, number> }>();
        const matching = rows.filter((row) => matches(row, filter, noonMs));
        for (const row of matching) {
          for (const key of keysOf(row, by)) {
            const group = expected.get(key) ?? { count: 0, health: {} };
            group.count++;
            group.health[row.health] = (group.health[row.health] ?? 0) + 1;
            expected.set(key, group);
          }
        }
        const { groups, omitted, total } = groupsOf(rows, by, { filter });
        expect(new Map(groups.map(({ key, ...group }) => [key, group]))).toEqual(expected);
        expect(groups.map(({ count }) => count)).toEqual([...groups.map(({ count }) => count)].sort((a, b) => b - a));
        expect([omitted, total]).toEqual([0, matching.length]);
      }),
      { numRuns: 300 },
    );
  });

  it('the largest are shown, the others counted', () => {
    const rows = ['a', 'b', 'b', 'c', 'c', 'c', 'd'].map((project, i) => aRow({ name: `x${i}`, project }));
    const { groups, omitted, total } = groupsOf(rows, 'project', { limit: 2 });
    expect(groups.map(({ key, count }) => [key, count])).toEqual([
      ['c', 3],
      ['b', 2],
    ]);
    expect([omitted, total]).toEqual([2, 7]);
  });
});
