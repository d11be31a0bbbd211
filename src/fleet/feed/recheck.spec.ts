import { describe, expect, it } from '@jest/globals';
import type { ArgoCdApi } from '../../argocd/argocd-api.js';
import type { Application } from '../../argocd/schemas.js';
import { rowOf } from '../index/application-row.js';
import { ClusterRows } from '../index/cluster-rows.js';
import { Arrivals } from './arrivals.js';
import { reconcile } from './reconcile.js';

const application = (name: string, status: string, version?: string): Application => ({
  metadata: { name, namespace: 'argocd', ...(version ? { uid: `u-${name}`, resourceVersion: version } : {}) },
  status: { health: { status } },
});

/** Rows that a stream brought as Healthy at version 10, and a list that says `listed` of each. */
function cluster(count: number, listed: string) {
  const rows = new ClusterRows();
  const names = Array.from({ length: count }, (_, i) => `app-${i}`);
  const hear = (name: string, status: string, version: string) =>
    void rows.upsert(rowOf('eu', application(name, status, version))!, 1);
  for (const name of names) hear(name, 'Healthy', '10');
  const asked: string[] = [];
  const really = { status: 'Degraded', version: '11' };
  let whileListed = (): void => {};
  const api = {
    listEach: async (_options: unknown, take: (application: Application) => void) => {
      whileListed();
      for (const name of names) take(application(name, listed));
      return { count, unreadable: 0, resourceVersion: '11' };
    },
    get: async ({ name }: { name: string }) => {
      asked.push(name);
      return application(name, really.status, really.version);
    },
  } as unknown as ArgoCdApi;
  const alike = new Map<string, string>();
  const context = { cluster: 'eu', api, rows, epoch: 1, signal: new AbortController().signal };
  return {
    ...{ rows, asked, really, hear },
    list: () => reconcile(context, new Arrivals(), alike),
    onList: (work: () => void) => (whileListed = work),
    health: () => [...rows.rows()].map(({ health }) => health),
  };
}

describe('a list that looks for lost changes', () => {
  it('asks for what says something else, and takes what it would be too much to ask for from the list', async () => {
    const { list, asked, health } = cluster(250, 'Degraded');
    expect(await list()).toMatchObject({ unread: 0, unconfirmed: 0 });
    expect(asked).toHaveLength(200);
    expect(new Set(health())).toEqual(new Set(['Degraded']));
    asked.length = 0;
    await list();
    expect(asked).toEqual([]);
  });

  it('leaves alone what an event has told of since it was asked for', async () => {
    const { list, asked, health, hear, onList } = cluster(1, 'Degraded');
    onList(() => hear('app-0', 'Missing', '12'));
    await list();
    expect([asked, health()]).toEqual([[], ['Missing']]);
  });

  it('does not ask twice when a GET has shown that nothing was lost', async () => {
    const { list, asked, really, health } = cluster(1, 'Degraded');
    Object.assign(really, { status: 'Healthy', version: '10' });
    await list();
    await list();
    expect([asked, health()]).toEqual([['app-0'], ['Healthy']]);
  });
});
