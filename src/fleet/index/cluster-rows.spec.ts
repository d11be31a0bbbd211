import { describe, expect, it } from '@jest/globals';
import { aRow } from '../../../test/support/rows.js';
import { ClusterRows, type RowChange } from './cluster-rows.js';

describe('rows of a cluster', () => {
  it('a newer resourceVersion replaces an older one, and never the other way round', () => {
    const rows = new ClusterRows();
    rows.upsert(aRow({ resourceVersion: '9', health: 'Degraded' }), 1);
    expect(rows.upsert(aRow({ resourceVersion: '10', health: 'Healthy' }), 1)).toBe(true);
    expect(rows.upsert(aRow({ resourceVersion: '9', health: 'Degraded' }), 1)).toBe(false);
    expect(rows.get('argocd', 'cart')?.health).toBe('Healthy');
  });

  it('a newer connection wins even with a lower resourceVersion, as after a restored backup', () => {
    const rows = new ClusterRows();
    rows.upsert(aRow({ resourceVersion: '5000' }), 1);
    expect(rows.upsert(aRow({ resourceVersion: '7', health: 'Missing' }), 2)).toBe(true);
    expect(rows.upsert(aRow({ resourceVersion: '6000' }), 1)).toBe(false);
    expect(rows.get('argocd', 'cart')?.health).toBe('Missing');
  });

  it('an application created again under its name replaces the old one whatever its version', () => {
    const rows = new ClusterRows();
    rows.upsert(aRow({ uid: 'old', resourceVersion: '900' }), 1);
    expect(rows.upsert(aRow({ uid: 'new', resourceVersion: '20' }), 1)).toBe(true);
  });

  it('a cluster that tells of applications without end fills only so much', () => {
    const rows = new ClusterRows(undefined, { rowsMax: 1_000 });
    for (let i = 0; i < 1_000; i++) rows.upsert(aRow({ name: `app-${i}` }), 1);
    expect(rows.upsert(aRow({ name: 'one-more' }), 1)).toBe(false);
    expect(rows.upsert(aRow({ name: 'app-5', health: 'Missing' }), 1)).toBe(true);
    expect(rows.size).toBe(1_000);
  });

  it('finds the same name in several namespaces', () => {
    const rows = new ClusterRows();
    rows.upsert(aRow(), 1);
    rows.upsert(aRow({ namespace: 'team-a' }), 1);
    expect(rows.named('cart').map((row) => row.namespace)).toEqual(['argocd', 'team-a']);
    rows.remove('argocd/cart');
    expect(rows.named('cart').map((row) => row.namespace)).toEqual(['team-a']);
    rows.remove('team-a/cart');
    expect(rows.named('cart')).toEqual([]);
    expect(rows.size).toBe(0);
  });

  it('knows which rows no write has confirmed since a mark', () => {
    const rows = new ClusterRows();
    rows.upsert(aRow({ name: 'a' }), 1);
    const mark = rows.mark();
    rows.upsert(aRow({ name: 'b' }), 1);
    expect(rows.untouchedSince(mark)).toEqual(['argocd/a']);
  });

  it('tells every change, and only changes', () => {
    const told: string[] = [];
    const rows = new ClusterRows(({ type, row }: RowChange) => told.push(`${type} ${row.resourceVersion}`));
    rows.upsert(aRow({ resourceVersion: '2' }), 1);
    rows.upsert(aRow({ resourceVersion: '1' }), 1);
    rows.remove('argocd/cart');
    rows.remove('argocd/cart');
    expect(told).toEqual(['upsert 2', 'remove 2']);
  });

  it('a written row is no longer unconfirmed', () => {
    const rows = new ClusterRows();
    rows.upsert(aRow(), 1);
    rows.markUnconfirmed('argocd/cart');
    expect(rows.isUnconfirmed(aRow())).toBe(true);
    rows.upsert(aRow({ resourceVersion: '11' }), 1);
    expect(rows.isUnconfirmed(aRow())).toBe(false);
  });

  it('counts by project, and what is unconfirmed, within what is seen', () => {
    const rows = new ClusterRows();
    rows.upsert(aRow({ name: 'a', project: 'shop' }), 1);
    rows.upsert(aRow({ name: 'b', project: 'ops' }), 1);
    rows.upsert(aRow({ name: 'b', project: 'shop', resourceVersion: '11' }), 1);
    rows.markUnconfirmed('argocd/a');
    rows.markUnconfirmed('argocd/nothing');
    const seesShop = (project: string) => project === 'shop';
    expect([rows.countSeen(seesShop), rows.countUnconfirmed(seesShop)]).toEqual([2, 1]);
    expect([rows.countSeen((project) => project === 'ops'), rows.countUnconfirmed(() => false)]).toEqual([0, 0]);
    rows.remove('argocd/a');
    expect([rows.countSeen(seesShop), rows.countUnconfirmed(seesShop), rows.hasUnconfirmed()]).toEqual([1, 0, false]);
  });
});
