import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { EmbeddedStore } from '../../src/cache/embedded-store.js';
import { memoKey, rowsKey } from '../../src/cache/keys.js';
import { RedisStore } from '../../src/cache/redis-store.js';
import { rowKey, type ApplicationRow } from '../../src/cache/row.js';
import type { Store } from '../../src/cache/store.js';
import { eventually } from '../support/eventually.js';
import { describeOwnRedis, describeRedis, startRedis, uniquePrefix } from '../support/redis.js';

const log = pino({ level: 'silent' });
const memo = { asOf: '2026-11-24T07:00:00Z', version: 'v3.6.0' };

function row(name: string, change: Partial<ApplicationRow> = {}): ApplicationRow {
  return {
    cluster: 'eu-prod',
    namespace: 'argocd',
    name,
    project: 'default',
    labels: { team: 'a' },
    health: 'Healthy',
    sync: 'Synced',
    revisions: ['abc'],
    operating: false,
    conditions: [],
    destination: { server: 'https://kubernetes.default.svc', namespace: 'x' },
    sources: [{ repository: 'https://git.example.com/a', path: 'a' }],
    autoSync: false,
    images: [],
    ...change,
  };
}

const byKey = (rows: readonly ApplicationRow[]): ApplicationRow[] =>
  [...rows].sort((a, b) => rowKey(a).localeCompare(rowKey(b)));

function contract(open: () => Store): void {
  let store: Store;
  beforeEach(() => {
    store = open();
  });
  afterEach(() => store.close());

  it('a cluster never seen is empty, without a memo', async () => {
    expect(await store.load('eu-prod')).toEqual({ rows: [], unreadable: 0 });
  });

  it('gives back what was written, whole, with the memo', async () => {
    const full = row('full', {
      uid: 'u-1',
      resourceVersion: '42',
      healthMessage: 'ümläut "quoted"\n\u0000',
      operation: { phase: 'Running', retryCount: 0 },
      conditions: [{ type: 'ComparisonError', message: 'x', since: '2026-11-24T07:00:00Z' }],
    });
    await store.apply('eu-prod', { upsert: [full, row('b')], remove: [], memo });
    const loaded = await store.load('eu-prod');
    expect(byKey(loaded.rows)).toEqual([row('b'), full]);
    expect(loaded.memo).toEqual(memo);
  });

  it('a later row replaces an earlier one, a removed key is gone, what was never there may be removed', async () => {
    await store.apply('eu-prod', { upsert: [row('a'), row('b')], remove: [] });
    await store.apply('eu-prod', {
      upsert: [row('a', { health: 'Degraded' })],
      remove: ['argocd/b', 'argocd/never'],
    });
    expect((await store.load('eu-prod')).rows).toEqual([row('a', { health: 'Degraded' })]);
  });

  it('a key that is removed and written in one change stays', async () => {
    await store.apply('eu-prod', { upsert: [row('a')], remove: [] });
    await store.apply('eu-prod', { upsert: [row('a', { sync: 'OutOfSync' })], remove: ['argocd/a'] });
    expect((await store.load('eu-prod')).rows).toEqual([row('a', { sync: 'OutOfSync' })]);
  });

  it('the same name in two namespaces is two rows', async () => {
    await store.apply('eu-prod', { upsert: [row('a'), row('a', { namespace: 'team' })], remove: [] });
    expect((await store.load('eu-prod')).rows).toHaveLength(2);
  });

  it('a change without a memo keeps the memo, an empty change changes nothing', async () => {
    await store.apply('eu-prod', { upsert: [row('a')], remove: [], memo });
    await store.apply('eu-prod', { upsert: [row('b')], remove: [] });
    await store.apply('eu-prod', { upsert: [], remove: [] });
    expect((await store.load('eu-prod')).memo).toEqual(memo);
    expect((await store.load('eu-prod')).rows).toHaveLength(2);
  });

  it('clusters do not see or drop one another, whatever their names hold', async () => {
    const names = ['eu-prod', 'eu', 'a:b', '{a}', 'a{b', 'ü%7B', '*'];
    for (const cluster of names) await store.apply(cluster, { upsert: [row('a', { cluster })], remove: [], memo });
    await store.drop('eu');
    for (const cluster of names) {
      const { rows } = await store.load(cluster);
      expect(rows).toEqual(cluster === 'eu' ? [] : [row('a', { cluster })]);
    }
    expect((await store.load('eu')).memo).toBeUndefined();
  });

  it('holds 5,000 rows of one change, each exactly once', async () => {
    const rows = Array.from({ length: 5_000 }, (_, i) => row(`app-${i}`));
    await store.apply('eu-prod', { upsert: rows, remove: [], memo });
    expect(byKey((await store.load('eu-prod')).rows)).toEqual(byKey(rows));
    await store.apply('eu-prod', { upsert: [], remove: rows.slice(1).map(rowKey) });
    expect((await store.load('eu-prod')).rows).toEqual([row('app-0')]);
  });

  it('says that it is well', async () => {
    expect(await store.health()).toEqual({ ok: true });
  });
}

describe('embedded store', () => {
  contract(() => new EmbeddedStore());
});

describeRedis('Redis store', (redis) => {
  contract(() => new RedisStore({ url: redis.url, keyPrefix: uniquePrefix(), log }));

  it('another process loads what this one wrote', async () => {
    const keyPrefix = uniquePrefix();
    const one = new RedisStore({ url: redis.url, keyPrefix, log });
    const other = new RedisStore({ url: redis.url, keyPrefix, log });
    await one.apply('eu-prod', { upsert: [row('a')], remove: [], memo });
    expect(await other.load('eu-prod')).toEqual({ rows: [row('a')], memo, unreadable: 0 });
    await Promise.all([one.close(), other.close()]);
  });

  it('leaves out and counts what is no row of this cluster and key', async () => {
    const keyPrefix = uniquePrefix();
    const store = new RedisStore({ url: redis.url, keyPrefix, log });
    const raw = new Redis(redis.url);
    await store.apply('eu-prod', { upsert: [row('good')], remove: [] });
    await raw.hset(rowsKey(keyPrefix, 'eu-prod'), {
      'argocd/garbage': '{"cluster":',
      'argocd/null': 'null',
      'argocd/old-format': '{"cluster":"eu-prod","namespace":"argocd","name":"old-format"}',
      'argocd/other-cluster': JSON.stringify(row('other-cluster', { cluster: 'us-prod' })),
      'argocd/other-name': JSON.stringify(row('good')),
    });
    await raw.set(memoKey(keyPrefix, 'eu-prod'), '{"asOf":5}');
    expect(await store.load('eu-prod')).toEqual({ rows: [row('good')], unreadable: 5 });
    raw.disconnect();
    await store.close();
  });

  it('a row that holds fields of a newer version is read', async () => {
    const keyPrefix = uniquePrefix();
    const store = new RedisStore({ url: redis.url, keyPrefix, log });
    await store.apply('eu-prod', { upsert: [{ ...row('a'), later: 1 } as ApplicationRow], remove: [] });
    expect(await store.load('eu-prod')).toMatchObject({ rows: [row('a')], unreadable: 0 });
    await store.close();
  });
});

describeOwnRedis('Redis store, when its Redis fails', () => {
  it('fails with `unavailable` within 2 s while Redis is away, and works again when it is back', async () => {
    const redis = await startRedis({ appendonly: true });
    const store = new RedisStore({ url: redis.url, keyPrefix: 'p', log });
    try {
      await store.apply('eu-prod', { upsert: [row('a')], remove: [], memo });
      await redis.kill();
      const started = performance.now();
      await expect(store.load('eu-prod')).rejects.toMatchObject({ code: 'unavailable' });
      await expect(store.apply('eu-prod', { upsert: [row('b')], remove: [] })).rejects.toMatchObject({
        code: 'unavailable',
      });
      expect(performance.now() - started).toBeLessThan(4_000);
      expect(await store.health()).toMatchObject({ ok: false });
      await redis.restart();
      const loaded = await eventually(() => store.load('eu-prod'), { timeoutMs: 15_000 });
      expect(loaded).toEqual({ rows: [row('a')], memo, unreadable: 0 });
    } finally {
      await store.close();
      await redis.stop();
    }
  });

  it('a Redis that accepts and says nothing counts as away after 2 s', async () => {
    const redis = await startRedis();
    const store = new RedisStore({ url: redis.url, keyPrefix: 'p', log });
    try {
      await store.apply('eu-prod', { upsert: [row('a')], remove: [] });
      redis.pause();
      const started = performance.now();
      await expect(store.load('eu-prod')).rejects.toMatchObject({ code: 'unavailable' });
      expect(performance.now() - started).toBeLessThan(3_500);
      redis.resume();
      await eventually(async () => (await store.load('eu-prod')).rows.length === 1, { timeoutMs: 15_000 });
    } finally {
      await store.close();
      await redis.stop();
    }
  });

  it('never logs or tells the password, and tells one line per change of state', async () => {
    const lines: string[] = [];
    const redis = await startRedis();
    const url = redis.url.replace('redis://', 'redis://fleet:s3cret-pass@');
    const store = new RedisStore({
      url,
      keyPrefix: 'p',
      log: pino({ level: 'debug' }, { write: (l) => lines.push(l) }),
    });
    try {
      // The server has no such user: it answers WRONGPASS.
      const error = await store.load('eu-prod').catch((e: unknown) => e);
      expect(error).toMatchObject({ code: 'unavailable' });
      await redis.kill();
      await eventually(() => lines.length > 0);
      expect(JSON.stringify([error, (error as Error).message, lines])).not.toContain('s3cret-pass');
      expect(lines.filter((line) => line.includes('cannot be reached'))).toHaveLength(1);
    } finally {
      await store.close();
      await redis.stop();
    }
  });

  it.each(['http://127.0.0.1:1', 'localhost:6379', '/var/run/redis.sock', ''])('refuses the URL %p', (url) => {
    expect(() => new RedisStore({ url, keyPrefix: 'p', log })).toThrow(/redis:\/\//);
  });
});
