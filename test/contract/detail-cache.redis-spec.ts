import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { detailAgeMaxMs, detailsMax, type DetailCache, type DetailRef } from '../../src/cache/detail-cache.js';
import { detailField } from '../../src/cache/detail-format.js';
import { EmbeddedDetailCache } from '../../src/cache/embedded-detail-cache.js';
import { detailAgesKey, detailsKey } from '../../src/cache/keys.js';
import { RedisDetailCache } from '../../src/cache/redis-detail-cache.js';
import { eventually } from '../support/eventually.js';
import { describeOwnRedis, describeRedis, startRedis, uniquePrefix } from '../support/redis.js';

const log = pino({ level: 'silent' });
const ref = (change: Partial<DetailRef> = {}): DetailRef => ({
  cluster: 'eu-prod',
  url: 'https://argocd.eu.example.com',
  uid: 'u-1',
  resourceVersion: '42',
  ...change,
});
const readNow = (detail: unknown = { history: [] }, agoMs = 0) => ({
  readAt: new Date(Date.now() - agoMs).toISOString(),
  detail,
});

function contract(open: () => DetailCache): void {
  let cache: DetailCache;
  beforeEach(() => {
    cache = open();
  });
  afterEach(() => cache.close());

  it('gives back what was put, whole', async () => {
    const stored = readNow({ history: [{ id: 0, revision: 'ümläut "quoted"\n\u0000' }] });
    await cache.put(ref(), stored);
    expect(await cache.get(ref())).toEqual(stored);
  });

  it.each([
    ['a newer version', { resourceVersion: '43' }],
    ['another object', { uid: 'u-2' }],
    ['another cluster', { cluster: 'us-prod' }],
    ['the cluster under another address', { url: 'https://argocd.new.example.com' }],
  ])('%s misses', async (_, change) => {
    await cache.put(ref(), readNow());
    expect(await cache.get(ref(change))).toBeUndefined();
  });

  it('a newer version takes the place of the older one', async () => {
    await cache.put(ref(), readNow(1));
    await cache.put(ref({ resourceVersion: '43' }), readNow(2));
    expect(await cache.get(ref())).toBeUndefined();
    expect(await cache.get(ref({ resourceVersion: '43' }))).toMatchObject({ detail: 2 });
  });

  it('what is too old, or from the future, is not given', async () => {
    await cache.put(ref(), readNow(1, detailAgeMaxMs + 1_000));
    expect(await cache.get(ref())).toBeUndefined();
    await cache.put(ref(), readNow(1, -60_000));
    expect(await cache.get(ref())).toBeUndefined();
  });

  it('what is too large is not kept, and does no harm', async () => {
    await cache.put(ref(), readNow('x'.repeat(20_000)));
    expect(await cache.get(ref())).toBeUndefined();
  });

  it('a dropped cluster is forgotten under every address, another whose name begins alike is not', async () => {
    await cache.put(ref(), readNow());
    await cache.put(ref({ uid: 'u-2', url: 'https://old.example.com' }), readNow());
    await cache.put(ref({ cluster: 'eu-prod-2' }), readNow());
    await cache.drop('eu-prod');
    expect(await cache.get(ref())).toBeUndefined();
    expect(await cache.get(ref({ uid: 'u-2', url: 'https://old.example.com' }))).toBeUndefined();
    expect(await cache.get(ref({ cluster: 'eu-prod-2' }))).toBeDefined();
  });
}

describe('embedded detail cache', () => {
  contract(() => new EmbeddedDetailCache());

  it('holds no more than 32 MB, the least used go first', async () => {
    const cache = new EmbeddedDetailCache();
    const detail = 'x'.repeat(16_000);
    for (let i = 0; i < 2_200; i++) await cache.put(ref({ uid: `u-${i}` }), readNow(detail));
    expect(await cache.get(ref({ uid: 'u-0' }))).toBeUndefined();
    expect(await cache.get(ref({ uid: 'u-2199' }))).toBeDefined();
  });
});

describeRedis('Redis detail cache', (redis) => {
  contract(() => new RedisDetailCache({ url: redis.url, keyPrefix: uniquePrefix(), log }));

  it('another replica reads what this one put', async () => {
    const keyPrefix = uniquePrefix();
    const one = new RedisDetailCache({ url: redis.url, keyPrefix, log });
    const other = new RedisDetailCache({ url: redis.url, keyPrefix, log });
    const stored = readNow();
    await one.put(ref(), stored);
    expect(await other.get(ref())).toEqual(stored);
    await Promise.all([one.close(), other.close()]);
  });

  it('holds no more applications of a cluster than it says, the oldest reads go first, and nothing for long', async () => {
    const keyPrefix = uniquePrefix();
    const cache = new RedisDetailCache({ url: redis.url, keyPrefix, log });
    const raw = new Redis(redis.url);
    for (let i = 0; i < detailsMax + 20; i++) await cache.put(ref({ uid: `u-${i}` }), readNow(i, 60_000 - i));
    expect(await raw.hlen(detailsKey(keyPrefix, 'eu-prod'))).toBe(detailsMax);
    expect(await raw.zcard(detailAgesKey(keyPrefix, 'eu-prod'))).toBe(detailsMax);
    expect(await cache.get(ref({ uid: 'u-19' }))).toBeUndefined();
    expect(await cache.get(ref({ uid: 'u-20' }))).toBeDefined();
    for (const key of [detailsKey(keyPrefix, 'eu-prod'), detailAgesKey(keyPrefix, 'eu-prod')]) {
      const ttl = await raw.pttl(key);
      expect(ttl).toBeGreaterThan(0);
      expect(ttl).toBeLessThanOrEqual(detailAgeMaxMs);
    }
    raw.disconnect();
    await cache.close();
  });

  it('what is no detail of ours is no detail, and no address stands in Redis', async () => {
    const keyPrefix = uniquePrefix();
    const cache = new RedisDetailCache({ url: redis.url, keyPrefix, log });
    const raw = new Redis(redis.url);
    const key = detailsKey(keyPrefix, 'eu-prod');
    for (const text of ['{"v":"42"', 'null', '{"v":"42","at":5}', '{"v":42,"at":"2026-11-24T07:00:00Z"}']) {
      await raw.hset(key, detailField(ref()), text);
      expect(await cache.get(ref())).toBeUndefined();
    }
    await raw.del(key);
    await raw.set(key, 'another type');
    await cache.put(ref(), readNow());
    expect(await cache.get(ref())).toBeUndefined();
    await raw.del(key);
    await cache.put(ref(), readNow());
    expect(JSON.stringify(await raw.hgetall(key))).not.toContain('example.com');
    raw.disconnect();
    await cache.close();
  });
});

describeOwnRedis('Redis detail cache, when its Redis fails', () => {
  it('is an empty cache within a moment while Redis is away or says nothing, and works again when it is back', async () => {
    const redis = await startRedis();
    const lines: string[] = [];
    const noisy = pino({ level: 'warn' }, { write: (line) => lines.push(line) });
    const cache = new RedisDetailCache({ url: redis.url, keyPrefix: 'p', log: noisy });
    const isKept = async () => {
      await cache.put(ref(), readNow());
      return (await cache.get(ref())) !== undefined;
    };
    try {
      expect(await isKept()).toBe(true);
      redis.pause();
      let started = performance.now();
      expect(await cache.get(ref())).toBeUndefined();
      expect(performance.now() - started).toBeLessThan(600);
      redis.resume();
      await eventually(isKept, { timeoutMs: 15_000 });
      await redis.kill();
      await eventually(async () => (await cache.get(ref())) === undefined);
      started = performance.now();
      for (let i = 0; i < 20; i++) expect(await isKept()).toBe(false);
      await cache.drop('eu-prod');
      expect(performance.now() - started).toBeLessThan(500);
      expect(lines.filter((line) => line.includes('cannot be cached')).length).toBeLessThanOrEqual(2);
      await redis.restart();
      await eventually(isKept, { timeoutMs: 15_000 });
    } finally {
      await cache.close();
      await redis.stop();
    }
  });
});
