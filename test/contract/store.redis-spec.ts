import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { EmbeddedChangeLog } from '../../src/cache/embedded-change-log.js';
import { EmbeddedStore } from '../../src/cache/embedded-store.js';
import { fleetKeys, originOf } from '../../src/cache/keys.js';
import { RedisConnection } from '../../src/cache/redis-connection.js';
import { RedisStore } from '../../src/cache/redis-store.js';
import { rowKey, type ApplicationRow } from '../../src/cache/row.js';
import { writeRowsMax, type ClusterKey, type Lease, type Store, type StoredRow } from '../../src/cache/store.js';
import { eventually } from '../support/eventually.js';
import { describeOwnRedis, describeRedis, startRedis, uniquePrefix } from '../support/redis.js';
import { aRow } from '../support/rows.js';

const log = pino({ level: 'silent' });
const eu: ClusterKey = { cluster: 'eu', origin: originOf('https://eu.example.com') };
const us: ClusterKey = { cluster: 'us', origin: originOf('https://us.example.com') };
const state = JSON.stringify({ asOf: '2026-11-24T07:00:00Z', text: 'ümläut "quoted"' });
const longMs = 60_000;

const openRedisStore = (url: string, keyPrefix: string) =>
  new RedisStore(new RedisConnection({ url, log, purpose: 'test' }), keyPrefix);

const byKey = (rows: readonly StoredRow[]): StoredRow[] =>
  [...rows].sort((a, b) => rowKey(a.row).localeCompare(rowKey(b.row)));

async function leaseOf(store: Store, key = eu, holder = 'one', ttlMs = longMs): Promise<Lease> {
  const [lease] = await store.acquire([key], holder, ttlMs);
  if (!lease) throw new Error('somebody leads');
  return lease;
}

let writes = 0;
/** Writes rows as the leader does. */
const write = (store: Store, lease: Lease, rows: readonly Partial<ApplicationRow>[], remove: readonly string[] = []) =>
  store.write(lease, {
    upsert: rows.map((row) => ({ row: aRow({ cluster: lease.key.cluster, ...row }) })),
    remove: remove.map((key) => ({ key, project: 'default' })),
    version: `${lease.fence}-${++writes}`,
  });

function contract(open: () => Store): void {
  let store: Store;
  beforeEach(() => {
    store = open();
  });
  afterEach(() => store.close());

  it('a cluster never seen is empty, and nobody leads it', async () => {
    expect(await store.load(eu)).toEqual({ rows: [], unreadable: 0 });
    expect(await store.look([eu, us])).toEqual([{}, {}]);
    expect(await store.look([])).toEqual([]);
  });

  it('only one holds the lease of a cluster, until it is given back', async () => {
    const [lease, other] = await store.acquire([eu, us], 'one', longMs);
    expect(await store.acquire([eu, us], 'two', longMs)).toEqual([undefined, undefined]);
    expect(await store.look([us, eu])).toEqual([
      { leader: { fence: other?.fence, holder: 'one' } },
      { leader: { fence: lease?.fence, holder: 'one' } },
    ]);
    await store.release([lease!]);
    expect(await store.renew([{ lease: lease!, state }], longMs)).toEqual([false]);
    const [taken, refused] = await store.acquire([eu, us], 'two', longMs);
    expect(refused).toBeUndefined();
    expect(taken!.fence).toBeGreaterThan(lease!.fence);
    // Not ours to give back any more.
    await store.release([lease!]);
    expect((await store.look([eu]))[0]?.leader).toEqual({ fence: taken!.fence, holder: 'two' });
  });

  it('a lease runs out unless it is renewed, and then writes nothing', async () => {
    const lease = await leaseOf(store, eu, 'one', 150);
    for (let i = 0; i < 4; i++) {
      await new Promise((resolve) => setTimeout(resolve, 60));
      expect(await store.renew([{ lease, state }], 150)).toEqual([true]);
    }
    expect(await write(store, lease, [{ name: 'a' }])).toMatchObject({ kept: 1 });
    await eventually(async () => (await store.look([eu]))[0]?.leader === undefined);
    expect(await write(store, lease, [{ name: 'b' }])).toBe('not_leader');
    expect(await store.renew([{ lease, state }], longMs)).toEqual([false]);
    expect((await store.load(eu)).rows).toHaveLength(1);
  });

  it('a leader that was paused past its lease overwrites nothing of its successor', async () => {
    const old = await leaseOf(store, eu, 'one', 50);
    await write(store, old, [{ name: 'a', health: 'Healthy' }]);
    await eventually(async () => (await store.look([eu]))[0]?.leader === undefined);
    const lease = await leaseOf(store, eu, 'two');
    await write(store, lease, [{ name: 'a', health: 'Degraded' }]);
    expect(await write(store, old, [{ name: 'a', health: 'Missing' }])).toBe('not_leader');
    await store.drop(old);
    expect((await store.load(eu)).rows).toMatchObject([{ row: { health: 'Degraded' } }]);
    await store.release([lease]);
    // Nobody leads now: still not.
    expect(await write(store, old, [], ['argocd/a'])).toBe('not_leader');
    expect((await store.load(eu)).rows).toHaveLength(1);
  });

  it('gives back what was written, whole, with marks, version and state', async () => {
    const lease = await leaseOf(store);
    const full = aRow({
      name: 'full',
      healthMessage: 'ümläut "quoted"\n\u0000',
      operation: { phase: 'Running', retryCount: 0 },
      conditions: [{ type: 'ComparisonError', message: 'x', since: '2026-11-24T07:00:00Z' }],
    });
    const doubtful = { row: aRow({ name: 'b' }), unconfirmed: true as const };
    const result = await store.write(lease, { upsert: [{ row: full }, doubtful], remove: [], version: '7-1', state });
    expect(result).toEqual({ kept: 2 });
    const { rows, ...rest } = await store.load(eu);
    expect(byKey(rows)).toEqual([doubtful, { row: full }]);
    expect(rest).toMatchObject({ version: '7-1', state, unreadable: 0, ageMs: expect.any(Number) });
    expect(await store.rowsOf(eu, ['argocd/never', 'argocd/b', 'argocd/full'])).toEqual([
      'gone',
      doubtful,
      { row: full },
    ]);
    expect((await store.rowKeys(eu)).sort()).toEqual(['argocd/b', 'argocd/full']);
    // Sure again.
    await store.write(lease, { upsert: [{ row: doubtful.row }], remove: [], version: '7-2' });
    expect(await store.rowsOf(eu, ['argocd/b'])).toEqual([{ row: doubtful.row }]);
  });

  it('tells with every write which version it found, and keeps the state unless one is given', async () => {
    const lease = await leaseOf(store);
    const empty = { upsert: [], remove: [] };
    expect(await store.write(lease, { ...empty, version: '1-1', state })).toEqual({ kept: 0 });
    expect(await store.write(lease, { ...empty, version: '1-2', isSilent: true })).toEqual({ kept: 0, before: '1-1' });
    expect(await store.look([eu])).toMatchObject([{ version: '1-2', state, leader: { holder: 'one' } }]);
    await store.renew([{ lease, state: '{"later":1}' }], longMs);
    expect(await store.look([eu])).toMatchObject([{ version: '1-2', state: '{"later":1}' }]);
  });

  it('a later row replaces an earlier one, a removed key is gone, what was never there may be removed', async () => {
    const lease = await leaseOf(store);
    await write(store, lease, [{ name: 'a' }, { name: 'b' }, { name: 'a', namespace: 'team' }]);
    const result = await write(store, lease, [{ name: 'a', health: 'Degraded' }], ['argocd/b', 'argocd/never']);
    expect(result).toMatchObject({ kept: 2 });
    const { rows } = await store.load(eu);
    expect(byKey(rows).map(({ row }) => `${rowKey(row)} ${row.health}`)).toEqual([
      'argocd/a Degraded',
      'team/a Healthy',
    ]);
  });

  it('a key that is removed and written in one step stays', async () => {
    const lease = await leaseOf(store);
    await write(store, lease, [{ name: 'a' }]);
    await write(store, lease, [{ name: 'a', sync: 'OutOfSync' }], ['argocd/a']);
    expect((await store.load(eu)).rows).toMatchObject([{ row: { sync: 'OutOfSync' } }]);
  });

  it('clusters do not see or drop one another, whatever their names hold, and neither at two addresses', async () => {
    const names = ['eu-prod', 'eu', 'a:b', '{a}', 'a{b', 'ü%7B', '*', 'eu@x'];
    const keys = names.map((cluster) => ({ ...eu, cluster }));
    keys.push({ cluster: 'eu', origin: originOf('https://elsewhere.example.com') });
    const leases = await store.acquire(keys, 'one', longMs);
    for (const lease of leases) await write(store, lease!, [{ name: 'a' }]);
    await store.drop(leases[1]!);
    for (const [i, key] of keys.entries()) expect((await store.load(key)).rows).toHaveLength(i === 1 ? 0 : 1);
    const [dropped] = await store.look([keys[1]!]);
    expect(dropped).toEqual({});
  });

  it('holds 5,000 rows, each exactly once, and refuses more than so many in one step', async () => {
    const lease = await leaseOf(store);
    const rows = Array.from({ length: 5_000 }, (_, i) => ({ name: `app-${i}` }));
    for (let i = 0; i < rows.length; i += writeRowsMax) await write(store, lease, rows.slice(i, i + writeRowsMax));
    expect(byKey((await store.load(eu)).rows)).toEqual(byKey(rows.map((row) => ({ row: aRow(row) }))));
    const keys = await store.rowKeys(eu);
    expect(await store.rowsOf(eu, keys)).toHaveLength(5_000);
    expect(new Set(keys).size).toBe(5_000);
    await expect(write(store, lease, rows.slice(0, writeRowsMax + 1))).rejects.toThrow(RangeError);
  });

  it('says that it is well', async () => {
    expect(await store.health()).toEqual({ ok: true });
  });
}

describe('embedded store', () => {
  contract(() => new EmbeddedStore(new EmbeddedChangeLog()));
});

describeRedis('Redis store', (redis) => {
  contract(() => openRedisStore(redis.url, uniquePrefix()));

  it('another process loads what this one wrote, and is refused while this one leads', async () => {
    const keyPrefix = uniquePrefix();
    const [one, other] = [openRedisStore(redis.url, keyPrefix), openRedisStore(redis.url, keyPrefix)];
    const lease = await leaseOf(one);
    await write(one, lease, [{ name: 'a' }]);
    expect(await other.load(eu)).toMatchObject({ rows: [{ row: { name: 'a' } }], unreadable: 0 });
    expect(await other.acquire([eu], 'two', longMs)).toEqual([undefined]);
    expect(await write(other, { ...lease, holder: 'two' }, [{ name: 'b' }])).toBe('not_leader');
    await Promise.all([one.close(), other.close()]);
  });

  it('a fence does not fall, whether the counter is lost or the clock of Redis was ahead', async () => {
    const keyPrefix = uniquePrefix();
    const store = openRedisStore(redis.url, keyPrefix);
    const raw = new Redis(redis.url);
    const before = await leaseOf(store);
    await raw.del(fleetKeys(keyPrefix, eu).lease, fleetKeys(keyPrefix, eu).feed);
    await new Promise((resolve) => setTimeout(resolve, 2));
    const after = await leaseOf(store);
    expect(after.fence).toBeGreaterThan(before.fence);
    await raw.hset(fleetKeys(keyPrefix, eu).feed, 'fence', String(after.fence + 3_600_000));
    await store.release([after]);
    expect((await leaseOf(store)).fence).toBe(after.fence + 3_600_001);
    raw.disconnect();
    await store.close();
  });

  it('leaves out and counts what is no row of this cluster and key', async () => {
    const keyPrefix = uniquePrefix();
    const store = openRedisStore(redis.url, keyPrefix);
    const raw = new Redis(redis.url);
    await write(store, await leaseOf(store), [{ name: 'good' }]);
    await raw.hset(fleetKeys(keyPrefix, eu).rows, {
      'argocd/garbage': '{"cluster":',
      'argocd/null': 'null',
      'argocd/old-format': '{"cluster":"eu","namespace":"argocd","name":"old-format"}',
      'argocd/other-cluster': JSON.stringify(aRow({ name: 'other-cluster', cluster: 'us' })),
      'argocd/other-name': JSON.stringify(aRow({ name: 'good' })),
    });
    expect(await store.load(eu)).toMatchObject({ rows: [{ row: { name: 'good' } }], unreadable: 5 });
    expect(await store.rowsOf(eu, ['argocd/null', 'argocd/good'])).toMatchObject([
      'unreadable',
      { row: { name: 'good' } },
    ]);
    raw.disconnect();
    await store.close();
  });

  it('a row that holds fields of a newer version is read', async () => {
    const store = openRedisStore(redis.url, uniquePrefix());
    await write(store, await leaseOf(store), [{ name: 'a', later: 1 } as Partial<ApplicationRow>]);
    expect(await store.load(eu)).toMatchObject({ rows: [{ row: { name: 'a' } }], unreadable: 0 });
    await store.close();
  });

  it('what nobody leads any more is forgotten by Redis itself after a week', async () => {
    const keyPrefix = uniquePrefix();
    const store = openRedisStore(redis.url, keyPrefix);
    const raw = new Redis(redis.url);
    const lease = await leaseOf(store);
    await write(store, lease, [{ name: 'a' }]);
    await store.renew([{ lease, state }], longMs);
    const { feed, rows } = fleetKeys(keyPrefix, eu);
    for (const key of [feed, rows]) expect(await raw.pttl(key)).toBeGreaterThan(6 * 86_400_000);
    raw.disconnect();
    await store.close();
  });
});

describeOwnRedis('Redis store, when its Redis fails', () => {
  it('fails with `unavailable` within 2 s while Redis is away, and works again when it is back', async () => {
    const redis = await startRedis({ appendonly: true });
    const store = openRedisStore(redis.url, 'p');
    try {
      const lease = await leaseOf(store);
      await write(store, lease, [{ name: 'a' }]);
      await redis.kill();
      const started = performance.now();
      await expect(store.load(eu)).rejects.toMatchObject({ code: 'unavailable' });
      await expect(write(store, lease, [{ name: 'b' }])).rejects.toMatchObject({ code: 'unavailable' });
      await expect(store.renew([{ lease, state }], longMs)).rejects.toMatchObject({ code: 'unavailable' });
      expect(performance.now() - started).toBeLessThan(6_000);
      expect(await store.health()).toMatchObject({ ok: false });
      await redis.restart();
      const loaded = await eventually(() => store.load(eu), { timeoutMs: 15_000 });
      expect(loaded).toMatchObject({ rows: [{ row: { name: 'a' } }], unreadable: 0 });
    } finally {
      await store.close();
      await redis.stop();
    }
  });

  it('a Redis that accepts and says nothing counts as away after 2 s', async () => {
    const redis = await startRedis();
    const store = openRedisStore(redis.url, 'p');
    try {
      await write(store, await leaseOf(store), [{ name: 'a' }]);
      redis.pause();
      const started = performance.now();
      await expect(store.load(eu)).rejects.toMatchObject({ code: 'unavailable' });
      expect(performance.now() - started).toBeLessThan(3_500);
      redis.resume();
      await eventually(async () => (await store.load(eu)).rows.length === 1, { timeoutMs: 15_000 });
    } finally {
      await store.close();
      await redis.stop();
    }
  });

  it('never logs or tells the password, and tells one line per change of state', async () => {
    const lines: string[] = [];
    const redis = await startRedis();
    const url = redis.url.replace('redis://', 'redis://fleet:s3cret-pass@');
    const noisy = pino({ level: 'debug' }, { write: (line) => lines.push(line) });
    const store = new RedisStore(new RedisConnection({ url, log: noisy, purpose: 'test' }), 'p');
    try {
      // The server has no such user: it answers WRONGPASS.
      const error = await store.load(eu).catch((e: unknown) => e);
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
    expect(() => openRedisStore(url, 'p')).toThrow(/redis:\/\//);
  });
});
