import { describe, expect, it } from '@jest/globals';
import { aRow } from '../../../test/support/rows.js';
import type { Cluster } from '../cluster.js';
import { CommitDates } from './commit-dates.js';
import { comparison } from './comparison.js';

const live = { isStale: () => false } as unknown as Cluster;
const compare = (...sources: string[][]) =>
  comparison(
    sources.map((repositories, i) => ({
      row: aRow({ cluster: `c${i}`, sources: repositories.map((repository) => ({ repository })) }),
      cluster: live,
    })),
    sources.length,
    new CommitDates(),
    { unavailable: [] },
  );

describe('who lags', () => {
  it('is not told where applications have other numbers of sources', () => {
    const reason = 'they do not have the same number of sources';
    expect(compare(['a'], ['a', 'b']).lag).toEqual([{ rule: 'differs', reason }]);
    expect(compare([], ['a']).lag).toEqual([{ rule: 'differs', reason }]);
  });

  it('is not told where none has a source, and nobody is told that their numbers differ', () => {
    const { lag, summary } = compare([], []);
    expect(lag).toEqual([{ rule: 'differs', reason: 'none of them names a source' }]);
    expect(summary).toContain('Who lags cannot be told: none of them names a source.');
  });
});
