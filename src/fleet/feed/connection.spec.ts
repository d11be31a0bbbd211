import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../../test/support/eventually.js';
import type { ArgoCdApi, WatchSignal } from '../../argocd/argocd-api.js';
import type { Application } from '../../argocd/schemas.js';
import { defaultLimits } from '../../config/defaults.js';
import { AppError } from '../../errors/app-error.js';
import { createLogger } from '../../telemetry/logger.js';
import { Access } from './access.js';
import { Connection } from './connection.js';
import { Feed } from './feed.js';
import { TokenWatch } from './token-watch.js';
import { ClusterRows } from '../index/cluster-rows.js';

const application = (name: string): Application => ({ metadata: { name, namespace: 'argocd', resourceVersion: '1' } });

/** An instance that lists `names`, streams what the test pushes, and cannot give `broken` in a form that is read. */
function instance(names: string[], broken: string) {
  const queue: WatchSignal[] = [{ kind: 'open' }];
  const api = {
    listEach: async (_options: unknown, take: (application: Application) => void) => {
      names.map(application).forEach(take);
      return { count: names.length, unreadable: 0 };
    },
    get: async ({ name }: { name: string }) => {
      if (name === broken) throw new AppError('cluster_unreachable', 'garbage', { reason: 'garbage' });
      return application(name);
    },
    canI: async () => true,
    async *watch({ signal }: { signal: AbortSignal }): AsyncGenerator<WatchSignal> {
      while (!signal.aborted) {
        const next = queue.shift();
        if (next) yield next;
        else await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  } as unknown as ArgoCdApi;
  return { api, push: (...signals: WatchSignal[]) => void queue.push(...signals) };
}

describe('a connection', () => {
  it('an application that cannot be read costs the others nothing, and is told', async () => {
    const stopping = new AbortController();
    const feed = new Feed('seeding');
    const rows = new ClusterRows();
    const { api, push } = instance(['a', 'b'], 'b');
    const limits = { ...defaultLimits, relistMs: 200 };
    const log = createLogger('silent');
    const options = {
      cluster: 'eu',
      api,
      rows,
      feed,
      limits,
      log,
      probe: async () => undefined,
      tokenLife: async () => undefined,
    };
    push({ kind: 'event', type: 'ADDED', application: application('a') });
    const following = new Connection(options, new Access(), new TokenWatch(options), 1, stopping.signal).follow();
    await eventually(() => expect(feed.snapshot().state).toBe('live'), { timeoutMs: 10_000 });
    expect(feed.snapshot().incomplete?.message).toMatch(/cannot read/);
    expect([...rows.rows()].map(({ name }) => name)).toEqual(['a']);

    push({ kind: 'unreadable', name: 'a', namespace: 'argocd' });
    await eventually(() => expect(rows.hasUnconfirmed()).toBe(true));
    push({ kind: 'event', type: 'MODIFIED', application: application('a') });
    await eventually(() => expect(rows.hasUnconfirmed()).toBe(false));
    stopping.abort();
    await following;
  });

  it('an event of an application that nobody knows and that cannot be read is told, until a list knows better', async () => {
    const stopping = new AbortController();
    const feed = new Feed('seeding');
    const names = ['a'];
    const { api, push } = instance(names, 'b');
    const [rows, log] = [new ClusterRows(), createLogger('silent')];
    const beside = { probe: async () => undefined, tokenLife: async () => undefined };
    const options = { cluster: 'eu', api, rows, feed, limits: defaultLimits, log, ...beside };
    push({ kind: 'event', type: 'ADDED', application: application('a') });
    const following = new Connection(options, new Access(), new TokenWatch(options), 1, stopping.signal).follow();
    await eventually(() => expect(feed.snapshot().state).toBe('live'), { timeoutMs: 10_000 });
    expect(feed.snapshot().incomplete).toBeUndefined();
    const told: string[] = [];
    feed.onChange(({ incomplete }) => void told.push(incomplete?.message ?? 'complete'));
    push({ kind: 'unreadable', name: 'b', namespace: 'argocd' });
    await eventually(() => expect(told).toEqual([expect.stringMatching(/cannot read/), 'complete']));
    names.push('b');
    const { lastListAt } = feed.snapshot();
    push({ kind: 'unreadable', name: 'b', namespace: 'argocd' });
    await eventually(() => expect(feed.snapshot().lastListAt).not.toEqual(lastListAt));
    expect(feed.snapshot().incomplete?.message).toMatch(/cannot read/);
    stopping.abort();
    await following;
  });
});
