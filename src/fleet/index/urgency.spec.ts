import { describe, expect, it } from '@jest/globals';
import { aRow } from '../../../test/support/rows.js';
import type { ApplicationRow } from '../../cache/row.js';
import { ClusterRows } from './cluster-rows.js';
import { reasonOf } from './reason.js';
import { settle } from './settle.js';
import { changedAtMs, urgencyOf, type UrgencyRank } from './urgency.js';

const now = Date.parse('2026-11-24T12:00:00Z');
const longAgo = '2026-11-24T11:00:00Z';
const justNow = '2026-11-24T11:59:30Z';
const failed = { phase: 'Failed', message: 'one or more objects failed to apply', finishedAt: longAgo };
const notCompared: Partial<ApplicationRow> = { sync: 'Unknown', health: 'Unknown', notCompared: true };

describe('urgency', () => {
  it.each<[UrgencyRank, Partial<ApplicationRow>]>([
    ['fine', {}],
    ['fine', { operation: failed }],
    ['operation_failed', { operation: failed, sync: 'OutOfSync' }],
    ['operation_failed', { operation: { phase: 'Error' }, health: 'Degraded' }],
    ['comparison_error', { sync: 'Unknown', conditions: [{ type: 'ComparisonError', message: 'no such path' }] }],
    ['comparison_error', { health: 'Unknown' }],
    ['degraded', { health: 'Degraded' }],
    ['missing', { health: 'Missing', sync: 'OutOfSync' }],
    ['stuck_deleting', { deletingSince: longAgo }],
    ['progressing', { deletingSince: justNow }],
    ['progressing', { ...notCompared, createdAt: justNow }],
    ['progressing', notCompared],
    ['stuck_progressing', { ...notCompared, createdAt: longAgo }],
    ['stuck_deleting', { ...notCompared, createdAt: longAgo, deletingSince: longAgo }],
    ['comparison_error', { ...notCompared, conditions: [{ type: 'InvalidSpecError', message: 'no project' }] }],
    ['operation_failed', { ...notCompared, operation: failed }],
    ['stuck_progressing', { health: 'Progressing', healthSince: longAgo }],
    ['progressing', { health: 'Progressing', healthSince: justNow }],
    ['out_of_sync', { sync: 'OutOfSync' }],
    ['suspended', { health: 'Suspended' }],
    ['out_of_sync', { sync: 'OutOfSync', operation: { ...failed, settled: true } }],
    ['stuck_deleting', { deletingSince: longAgo, operation: failed }],
    ['stuck_deleting', { deletingSince: longAgo, health: 'Progressing', healthSince: longAgo }],
    ['operation_failed', { deletingSince: longAgo, health: 'Degraded', operation: failed }],
    ['comparison_error', { health: 'Degraded', conditions: [{ type: 'InvalidSpecError', message: 'no project' }] }],
    ['degraded', { health: 'Degraded', conditions: [{ type: 'OrphanedResourceWarning', message: '3 orphans' }] }],
    ['out_of_sync', { sync: 'OutOfSync', conditions: [{ type: 'SyncError', message: 'would wipe out all' }] }],
  ])('%s', (rank, change) => {
    expect(urgencyOf(aRow(change), now)).toBe(rank);
  });

  it('Synced and Healthy needs no reason, whatever its last operation was', () => {
    expect(reasonOf(aRow({ operation: failed }), now)).toBeUndefined();
  });

  it('says of what was not compared yet that it was not, and since when once that takes long', () => {
    expect(reasonOf(aRow({ ...notCompared, createdAt: justNow }), now)).toBe('Not compared yet');
    expect(reasonOf(aRow({ ...notCompared, createdAt: longAgo }), now)).toBe(`Not compared yet since ${longAgo}`);
  });

  it('quotes the cluster in one bounded line without control characters', () => {
    const message = `boom\n\u001b[31mred\u001b[0m ${'x'.repeat(1000)}`;
    const reason = reasonOf(aRow({ sync: 'OutOfSync', operation: { phase: 'Failed', message } }), now) as string;
    expect(reason).toMatch(/^Last operation Failed: boom red x+…$/);
    expect(reason.length).toBe(200);
  });

  it('leaves out what Argo CD says before every cause', () => {
    const message =
      'Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = config/nowhere: app path does not exist';
    const conditions = [{ type: 'ComparisonError', message }];
    expect(reasonOf(aRow({ sync: 'Unknown', conditions }), now)).toBe(
      'ComparisonError: config/nowhere: app path does not exist',
    );
  });

  it('says once what an operation says of each of its resources', () => {
    const one = (name: string) => `error when patching "/dev/shm/1": Deployment.apps "${name}" is invalid: immutable`;
    const reason = (message: string) =>
      reasonOf(aRow({ sync: 'OutOfSync', operation: { phase: 'Failed', message } }), now);
    const cause = 'Last operation Failed: Deployment.apps "cart" is invalid: immutable';
    expect(reason(`one or more objects failed to apply, reason: ${one('cart')},${one('cart')}`)).toBe(cause);
    expect(reason(`${one('cart')},${one('cart')},${one('cart').slice(0, 70)}…`)).toBe(`${cause}…`);
    expect(reason(`${one('cart')},${one('shop')}`)).toBe(`${cause},Deployment.apps "shop" is invalid: immutable`);
  });

  it('says what a sync or a deletion complains about', () => {
    const syncError = { type: 'SyncError', message: 'auto-sync will wipe out all resources' };
    expect(reasonOf(aRow({ sync: 'OutOfSync', autoSync: true, conditions: [syncError] }), now)).toBe(
      'SyncError: auto-sync will wipe out all resources',
    );
    const deletionError = { type: 'DeletionError', message: 'cannot list resources' };
    expect(reasonOf(aRow({ deletingSince: longAgo, conditions: [deletionError] }), now)).toBe(
      `Being deleted since ${longAgo}: cannot list resources`,
    );
  });

  it('says since when something is broken where Argo CD says nothing of it', () => {
    expect(reasonOf(aRow({ health: 'Degraded', healthSince: longAgo }), now)).toBe(`Degraded since ${longAgo}`);
    expect(reasonOf(aRow({ health: 'Missing', sync: 'OutOfSync', healthSince: longAgo }), now)).toBe(
      `Missing since ${longAgo}`,
    );
    expect(reasonOf(aRow({ health: 'Degraded', healthSince: longAgo, healthMessage: 'boom' }), now)).toBe('boom');
    expect(reasonOf(aRow({ health: 'Suspended', healthSince: longAgo }), now)).toBeUndefined();
  });

  it('takes the newest change that the row knows of', () => {
    expect(changedAtMs(aRow({ createdAt: longAgo, healthSince: justNow }))).toBe(Date.parse(justNow));
    expect(changedAtMs(aRow({ createdAt: 'garbage' }))).toBe(0);
  });

  it('compares times of any form', () => {
    const times = ['2026-11-24T12:30:00+01:00', '2026-11-24T11:31:00Z', '2026-11-24T11:31:00.5Z'];
    const row = aRow({
      createdAt: times[0],
      healthSince: times[1],
      operation: { phase: 'Running', startedAt: times[2] },
    });
    expect(changedAtMs(row)).toBe(Date.parse('2026-11-24T11:31:00.5Z'));
  });
});

describe('a failed operation that was put right', () => {
  const at = (change: Partial<ApplicationRow>, resourceVersion: string): ApplicationRow =>
    aRow({ operation: { ...failed }, resourceVersion, ...change });
  const broken = { sync: 'OutOfSync' };

  it('is no longer what is wrong once the application was Synced and Healthy, also when it drifts later', () => {
    const rows = new ClusterRows();
    rows.upsert(at(broken, '1'), 1);
    expect(urgencyOf(rows.get('argocd', 'cart') as ApplicationRow, now)).toBe('operation_failed');
    rows.upsert(at({}, '2'), 1);
    rows.upsert(at(broken, '3'), 1);
    expect(urgencyOf(rows.get('argocd', 'cart') as ApplicationRow, now)).toBe('out_of_sync');
    rows.upsert(at({ ...broken, operation: { ...failed, finishedAt: justNow } }, '4'), 1);
    expect(urgencyOf(rows.get('argocd', 'cart') as ApplicationRow, now)).toBe('operation_failed');
  });

  it('is remembered across connections and by whoever gets the row', () => {
    const rows = new ClusterRows();
    rows.upsert(at(broken, '1'), 1);
    rows.upsert(at({}, '2'), 1);
    const other = new ClusterRows();
    other.replace(JSON.parse(JSON.stringify(rows.get('argocd', 'cart'))) as ApplicationRow, 1);
    other.upsert(at(broken, '3'), 2);
    expect(urgencyOf(other.get('argocd', 'cart') as ApplicationRow, now)).toBe('out_of_sync');
  });

  it('still counts when the application was fine only before it: its end is told before the state after it', () => {
    const rows = new ClusterRows();
    rows.upsert(aRow({ operation: { phase: 'Running', startedAt: longAgo }, resourceVersion: '1' }), 1);
    rows.upsert(at({}, '2'), 1);
    rows.upsert(at(broken, '3'), 1);
    expect(urgencyOf(rows.get('argocd', 'cart') as ApplicationRow, now)).toBe('operation_failed');
  });

  it('is no longer what is wrong where the application was fine long after it, whether seen from the start or not', () => {
    const seenFirst = at({}, '1');
    settle(seenFirst, undefined, now);
    const drifted = at(broken, '2');
    settle(drifted, seenFirst, now + 1);
    expect(urgencyOf(drifted, now)).toBe('out_of_sync');

    const justFailed = { ...failed, finishedAt: justNow };
    const fine = at({ operation: { ...justFailed } }, '2');
    settle(fine, at({ operation: { phase: 'Running' } }, '1'), now);
    const after = (ms: number): ApplicationRow => {
      const row = at({ ...broken, operation: { ...justFailed } }, '3');
      settle(row, fine, now + ms);
      return row;
    };
    expect(urgencyOf(after(1_000), now)).toBe('operation_failed');
    expect(urgencyOf(after(3_600_000), now)).toBe('out_of_sync');
  });

  it('still counts when it has just ended at first sight, or when no process here saw the application fine', () => {
    const first = at({ operation: { ...failed, finishedAt: justNow } }, '1');
    settle(first, undefined, now);
    const next = at({ ...broken, operation: { ...failed, finishedAt: justNow } }, '2');
    settle(next, first, now + 1_000);
    expect(urgencyOf(next, now)).toBe('operation_failed');
    const followed = at(broken, '2');
    settle(followed, at({}, '1'), now);
    expect(urgencyOf(followed, now)).toBe('operation_failed');
  });

  it('counts again for an application that was created again under the name', () => {
    const rows = new ClusterRows();
    rows.upsert(at(broken, '1'), 1);
    rows.upsert(at({}, '2'), 1);
    rows.upsert(at({ ...broken, uid: 'u2' }, '3'), 1);
    expect(urgencyOf(rows.get('argocd', 'cart') as ApplicationRow, now)).toBe('operation_failed');
  });
});
