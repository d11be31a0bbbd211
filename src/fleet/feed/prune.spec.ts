import { describe, expect, it } from '@jest/globals';
import { aRow } from '../../../test/support/rows.js';
import type { ArgoCdApi } from '../../argocd/argocd-api.js';
import { rowKey } from '../../cache/row.js';
import { AppError } from '../../errors/app-error.js';
import { ClusterRows } from '../index/cluster-rows.js';
import { prune } from './prune.js';

const gone = () => new AppError('not_found', 'gone');
const refused = () => new AppError('cluster_refused', 'no');

/** A cluster of which `count` rows are known and the first `listed` are listed; a GET of another one comes to `of(i)`. */
async function after({ count, listed, of }: { count: number; listed: number; of: (i: number) => AppError }) {
  const rows = new ClusterRows();
  const all = Array.from({ length: count }, (_, i) => aRow({ name: `app-${i}`, uid: `u${i}` }));
  for (const row of all) rows.upsert(row, 1);
  const asked: string[] = [];
  const get = async ({ name }: { name: string }) => {
    asked.push(name);
    throw of(Number(name.slice(4)));
  };
  const api = { get } as unknown as ArgoCdApi;
  const names = new Map(all.slice(0, listed).map((row) => [rowKey(row), row]));
  const context = { cluster: 'eu', api, rows, epoch: 1, signal: new AbortController().signal };
  const pruned = await prune(context, rows.mark(), names);
  return { rows, asked, pruned, unconfirmed: rows.countUnconfirmed(() => true) };
}

describe('prune', () => {
  it('a mass of rows that Argo CD refuses to speak of stays, after a handful of questions', async () => {
    const { rows, asked, pruned, unconfirmed } = await after({ count: 1_000, listed: 100, of: refused });
    expect(asked).toHaveLength(20);
    expect([rows.size, unconfirmed]).toEqual([1_000, 900]);
    expect(pruned).toEqual({ unconfirmed: 900, unasked: 0, unreadable: 0, areManyMissing: true });
  });

  it('a mass of rows that are gone goes, so many with each list', async () => {
    const { rows, asked, pruned, unconfirmed } = await after({ count: 1_000, listed: 100, of: gone });
    expect(asked).toHaveLength(200);
    expect([rows.size, unconfirmed]).toEqual([800, 700]);
    expect(pruned).toEqual({ unconfirmed: 0, unasked: 700, unreadable: 0, areManyMissing: false });
  });

  it('one refusal among many that are gone is enough to keep what was not asked for', async () => {
    const { rows, pruned } = await after({ count: 500, listed: 0, of: (i) => (i % 2 ? gone() : refused()) });
    expect(pruned.areManyMissing).toBe(true);
    expect(rows.size).toBeGreaterThanOrEqual(480);
  });

  it.each([
    ['ten of twenty', 20, 10],
    ['a fifth of a hundred', 100, 80],
  ])('%s are asked for one by one, and are no sign of lost rights', async (_, count, listed) => {
    const { rows, asked, pruned } = await after({ count, listed, of: refused });
    expect(asked).toHaveLength(count - listed);
    expect(rows.size).toBe(count);
    expect(pruned).toEqual({ unconfirmed: count - listed, unasked: 0, unreadable: 0, areManyMissing: false });
  });

  it('applications that this program cannot read are no sign of lost rights, however many they are', async () => {
    const garbage = () => new AppError('cluster_unreachable', 'another shape', { reason: 'garbage' });
    const { rows, pruned, unconfirmed } = await after({ count: 100, listed: 50, of: garbage });
    expect(pruned).toEqual({ unconfirmed: 0, unasked: 0, unreadable: 50, areManyMissing: false });
    expect([rows.size, unconfirmed]).toEqual([100, 50]);
  });

  it('an outage says nothing of any row', async () => {
    const outage = () => new AppError('cluster_unreachable', 'down');
    await expect(after({ count: 30, listed: 0, of: outage })).rejects.toMatchObject({ code: 'cluster_unreachable' });
  });
});
