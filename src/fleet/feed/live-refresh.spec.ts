import { beforeEach, describe, expect, it } from '@jest/globals';
import { rejection } from '../../../test/support/argocd-client.js';
import { aRow } from '../../../test/support/rows.js';
import type { ArgoCdApi } from '../../argocd/argocd-api.js';
import type { Application } from '../../argocd/schemas.js';
import type { ApplicationRow } from '../../cache/row.js';
import { AppError } from '../../errors/app-error.js';
import type { ClusterRows } from '../index/cluster-rows.js';
import { FleetIndex } from '../index/fleet-index.js';
import { Feed } from './feed.js';
import { LiveRefresh } from './live-refresh.js';

interface GivenList {
  metadata?: { resourceVersion: string };
  items: Application[];
}

const listed = (name: string, health = 'Healthy', change: object = {}): Application => ({
  metadata: { name, namespace: 'argocd' },
  status: { health: { status: health }, sync: { status: 'Synced' }, ...change },
});

describe('a live refresh', () => {
  let index: FleetIndex;
  let rows: ClusterRows;
  let feed: Feed;
  let lists: { answer: (list: GivenList) => void; fail: (error: Error) => void; signal?: AbortSignal }[];
  let gets: string[];
  let existing: Set<string>;
  let refused: Set<string>;
  let live: LiveRefresh;

  beforeEach(() => {
    index = new FleetIndex();
    rows = index.open('eu');
    feed = new Feed('live');
    lists = [];
    gets = [];
    existing = new Set();
    refused = new Set();
    const api = {
      listEach: async ({ signal }: { signal?: AbortSignal }, take: (application: Application) => void) => {
        const list = await new Promise<GivenList>((answer, fail) => lists.push({ answer, fail, signal }));
        list.items.forEach(take);
        return { count: list.items.length, unreadable: 0, ...list.metadata };
      },
      get: async ({ name, project }: { name: string; project?: string }) => {
        gets.push(`${project}/${name}`);
        if (existing.has(name)) return listed(name, 'Progressing');
        if (refused.has(name)) throw new AppError('cluster_refused', 'permission denied');
        throw new AppError('not_found', 'gone');
      },
    } as unknown as ArgoCdApi;
    live = new LiveRefresh({ cluster: 'eu', api, rows, feed, index });
  });

  const known = (name: string, change: Partial<ApplicationRow> = {}) =>
    rows.upsert(aRow({ name, ...change }), rows.nextEpoch());
  const never = new AbortController().signal;

  it('says at once that rows are uncertain which are no longer listed and may not be asked for', async () => {
    known('cart');
    known('hidden');
    refused.add('hidden');
    const done = live.refresh(never);
    lists[0]!.answer({ items: [listed('cart')] });
    await done;
    expect(rows.size).toBe(2);
    expect(feed.snapshot().incomplete).toMatchObject({ code: 'cluster_refused' });
  });

  it('takes over what differs and keeps what a list never gives', async () => {
    known('cart', {
      health: 'Degraded',
      healthMessage: 'old cause',
      conditions: [{ type: 'OrphanedResourceWarning', message: 'kept' }],
      operation: { phase: 'Failed', startedAt: '2026-01-01T00:00:00Z', message: 'boom', retryCount: 2 },
      revisions: ['abc'],
    });
    const refreshed = live.refresh(never);
    lists[0]?.answer({
      items: [listed('cart', 'Healthy', { operationState: { phase: 'Failed', startedAt: '2026-01-01T00:00:00Z' } })],
    });
    await refreshed;
    const row = rows.get('argocd', 'cart');
    expect(row).toMatchObject({
      uid: 'u1',
      health: 'Healthy',
      conditions: [{ message: 'kept' }],
      operation: { phase: 'Failed', message: 'boom', retryCount: 2 },
      revisions: ['abc'],
    });
    expect(row?.healthMessage).toBeUndefined();
    expect(row?.resourceVersion).toBeUndefined();
  });

  it('leaves a row alone that the list confirms, and tells nobody', async () => {
    known('cart');
    const before = rows.get('argocd', 'cart');
    const told: unknown[] = [];
    index.onChange((change) => told.push(change));
    const refreshed = live.refresh(never);
    lists[0]?.answer({ items: [listed('cart')] });
    await refreshed;
    expect(rows.get('argocd', 'cart')).toEqual(before);
    expect(told).toEqual([]);
  });

  it('never overrules what came after the list was asked for', async () => {
    known('changed');
    known('removed');
    const refreshed = live.refresh(never);
    rows.upsert(aRow({ name: 'changed', resourceVersion: '11', health: 'Degraded' }), rows.nextEpoch());
    rows.upsert(aRow({ name: 'added' }), rows.nextEpoch());
    rows.remove('argocd/removed');
    lists[0]?.answer({ items: [listed('changed'), listed('removed')] });
    await refreshed;
    expect([...rows.rows()].map(({ name, health }) => [name, health]).sort()).toEqual([
      ['added', 'Healthy'],
      ['changed', 'Degraded'],
    ]);
    expect(gets).toEqual([]);
  });

  it('does not believe a list that is older than the stream', async () => {
    known('cart', { resourceVersion: '100', health: 'Degraded' });
    const refreshed = live.refresh(never);
    lists[0]?.answer({ metadata: { resourceVersion: '99' }, items: [listed('cart')] });
    await refreshed;
    expect(rows.get('argocd', 'cart')).toMatchObject({ health: 'Degraded' });
  });

  it('removes what is not listed only when Argo CD says that it is gone', async () => {
    known('gone');
    known('hidden');
    existing.add('hidden');
    const refreshed = live.refresh(never);
    lists[0]?.answer({ items: [listed('new')] });
    await refreshed;
    expect(gets.sort()).toEqual(['default/gone', 'default/hidden']);
    expect([...rows.rows()].map(({ name, health }) => [name, health]).sort()).toEqual([
      ['hidden', 'Progressing'],
      ['new', 'Healthy'],
    ]);
  });

  it('is one list for all who ask at once, and another one for who asks later', async () => {
    const both = Promise.all([live.refresh(never), live.refresh(never)]);
    expect(lists).toHaveLength(1);
    lists[0]?.answer({ items: [] });
    await both;
    const later = live.refresh(never);
    expect(lists).toHaveLength(2);
    lists[1]?.answer({ items: [] });
    await later;
  });

  it('one caller who gives up costs the others nothing; with the last one the list ends', async () => {
    const impatient = new AbortController();
    const patient = new AbortController();
    const first = rejection(live.refresh(impatient.signal));
    const second = rejection(live.refresh(patient.signal));
    impatient.abort();
    expect(await first).toMatchObject({ code: 'cluster_timeout' });
    expect(lists[0]?.signal?.aborted).toBe(false);
    patient.abort();
    expect(await second).toMatchObject({ code: 'cluster_timeout' });
    expect(lists[0]?.signal?.aborted).toBe(true);
  });

  it('says why it could not ask, and leaves the rows as they were', async () => {
    known('cart');
    const refreshed = rejection(live.refresh(never));
    lists[0]?.fail(new AppError('cluster_unreachable', 'It does not answer.'));
    expect(await refreshed).toMatchObject({ code: 'cluster_unreachable' });
    expect(rows.size).toBe(1);
    expect(feed.snapshot().asOf).toBeUndefined();
  });
});
