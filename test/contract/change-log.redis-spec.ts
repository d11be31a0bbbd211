import { afterEach, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { compareChangeIds, type LoggedChange, type StoredChange } from '../../src/cache/change-log.js';
import { changesKey } from '../../src/cache/keys.js';
import { RedisChangeLog } from '../../src/cache/redis-change-log.js';
import { RedisConnection } from '../../src/cache/redis-connection.js';
import { RedisStore } from '../../src/cache/redis-store.js';
import { eventually } from '../support/eventually.js';
import { describeOwnRedis, describeRedis, startRedis, uniquePrefix } from '../support/redis.js';
import { aRow } from '../support/rows.js';

const log = pino({ level: 'silent' });
const key = { cluster: 'eu', origin: 'x' };
const note = (jobId: string) => ({ cluster: 'eu', project: 'default', job: { jobId } });
const back = { timeoutMs: 20_000 };

/** A process with its log, and what it heard. */
class Process {
  readonly connection: RedisConnection;
  readonly store: RedisStore;
  readonly log: RedisChangeLog;
  readonly heard: LoggedChange[] = [];

  constructor(url: string, keyPrefix: string) {
    this.connection = new RedisConnection({ url, log, purpose: 'test' });
    this.store = new RedisStore(this.connection, keyPrefix);
    this.log = new RedisChangeLog(this.connection, { url, log, keyPrefix });
  }

  /** Begins to listen, and waits until it does. */
  async listen(): Promise<this> {
    this.log.tail((change) => this.heard.push(change));
    await eventually(async () => {
      this.log.noteJob(note('probe'));
      await eventually(() => this.heard.length > 0, { timeoutMs: 500 });
    }, back);
    await this.quiet();
    this.heard.length = 0;
    return this;
  }

  async quiet(): Promise<void> {
    for (let before = -1; before !== this.heard.length;) {
      before = this.heard.length;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  jobs(): unknown[] {
    return this.heard.map((change) => (change.kind === 'job' ? change.job['jobId'] : change.kind));
  }

  async close(): Promise<void> {
    await this.log.close();
    await this.store.close();
  }
}

const processes: Process[] = [];
const processOf = (url: string, keyPrefix: string): Process => {
  const process = new Process(url, keyPrefix);
  processes.push(process);
  return process;
};
const closeAll = async (): Promise<void> => {
  await Promise.all(processes.splice(0).map((each) => each.close()));
};

async function write(store: RedisStore, names: readonly string[], n: number): Promise<void> {
  const [{ leader } = {}] = await store.look([key]);
  const lease = leader ? { key, ...leader } : (await store.acquire([key], 'one', 60_000))[0]!;
  const upsert = names.map((name) => ({ row: aRow({ name }) }));
  await store.write(lease, { upsert, remove: [], version: `7-${n}`, state: `{"n":${n}}` });
}

const isInOrder = (changes: readonly LoggedChange[]): boolean =>
  changes.every(({ id }, i) => i === 0 || compareChangeIds(changes[i - 1]!.id, id) < 0);

describeRedis('change log in Redis', (redis) => {
  afterEach(closeAll);

  it('every process hears the same, in the same order, with ids that only grow', async () => {
    const keyPrefix = uniquePrefix();
    const [one, two] = [processOf(redis.url, keyPrefix), processOf(redis.url, keyPrefix)];
    await one.listen();
    await two.listen();
    await one.quiet();
    one.heard.length = 0;
    for (let i = 0; i < 300; i++) {
      (i % 2 ? one : two).log.noteJob(note(String(i)));
      if (i % 10 === 0) await write(one.store, [`app-${i}`, `other-${i}`], i + 1);
    }
    await eventually(() => two.heard.length === 330 && one.heard.length === 330);
    expect(two.heard).toEqual(one.heard);
    expect(isInOrder(one.heard)).toBe(true);
    const rows = one.heard.find((change) => change.kind === 'rows');
    expect(rows).toMatchObject({
      cluster: 'eu',
      changes: [
        { key: 'argocd/app-0', project: 'default' },
        { key: 'argocd/other-0', project: 'default' },
      ],
      state: { n: 1 },
    });
  });

  it('rows are brought before anybody hears that they changed', async () => {
    const process = processOf(redis.url, uniquePrefix());
    const steps: unknown[] = [];
    process.log.follow({
      apply: async (changes: readonly StoredChange[]) => {
        await new Promise((resolve) => setTimeout(resolve, 50));
        for (const { from, to, keys } of changes) steps.push(['brought', from, to, keys]);
      },
      catchUp: async () => undefined,
    });
    await process.listen();
    process.log.tail((change) => change.kind === 'rows' && steps.push(['told', change.changes[0]!.key]));
    await write(process.store, ['a'], 1);
    await eventually(() => steps.length === 2);
    await write(process.store, ['b'], 2);
    await eventually(() => steps.length === 4);
    expect(steps).toEqual([
      ['brought', undefined, '7-1', ['argocd/a']],
      ['told', 'argocd/a'],
      ['brought', '7-1', '7-2', ['argocd/b']],
      ['told', 'argocd/b'],
    ]);
  });

  it('a reader may go on where it was on any process, unless the history was trimmed past that', async () => {
    const keyPrefix = uniquePrefix();
    const one = await processOf(redis.url, keyPrefix).listen();
    for (let i = 0; i < 20; i++) one.log.noteJob(note(String(i)));
    await eventually(() => one.heard.length === 20);
    const two = processOf(redis.url, keyPrefix);
    for (const process of [one, two]) {
      expect(await process.log.since(one.heard[4]!.id)).toEqual(one.heard.slice(5));
      expect(await process.log.since(one.heard[19]!.id)).toEqual([]);
      for (const id of ['', 'x', '1-0', '99999999999999-0', '1;2-0'])
        expect(await process.log.since(id)).toBeUndefined();
    }
    const raw = new Redis(redis.url);
    await raw.xtrim(changesKey(keyPrefix), 'MAXLEN', 10);
    raw.disconnect();
    // The entry before the first one that is left: nothing is missing between the two.
    expect(await two.log.since(one.heard[9]!.id)).toEqual(one.heard.slice(10));
    expect(await two.log.since(one.heard[8]!.id)).toBeUndefined();
  });

  it('a process that begins to read misses nothing of what came before it began', async () => {
    const keyPrefix = uniquePrefix();
    const one = await processOf(redis.url, keyPrefix).listen();
    for (let i = 0; i < 5; i++) one.log.noteJob(note(String(i)));
    await eventually(() => one.heard.length === 5);
    const two = await processOf(redis.url, keyPrefix).listen();
    expect((await two.log.since(one.heard[0]!.id))?.slice(0, 4)).toEqual(one.heard.slice(1, 5));
  });

  it('a reader that fell behind the trimmed history says so, after its rows were looked after', async () => {
    const keyPrefix = uniquePrefix();
    const process = processOf(redis.url, keyPrefix);
    let caughtUp = 0;
    process.log.follow({
      apply: async () => undefined,
      catchUp: async () => void (await new Promise((resolve) => setTimeout(resolve, 50)), caughtUp++),
    });
    await process.listen();
    const raw = new Redis(redis.url);
    const changes = changesKey(keyPrefix);
    const [[last] = []] = await raw.xrevrange(changes, '+', '-', 'COUNT', 1);
    // In one step, so that the reader cannot be faster.
    await raw
      .multi()
      .call('CLIENT', 'KILL', 'TYPE', 'NORMAL', 'SKIPME', 'yes')
      .xadd(changes, '*', 'after', last!, 'kind', 'job', 'note', JSON.stringify(note('lost')))
      .exec();
    await raw.xtrim(changes, 'MAXLEN', 0);
    process.log.noteJob(note('at once'));
    await eventually(() => process.jobs().includes('gap'), back);
    expect(caughtUp).toBeGreaterThan(0);
    await eventually(async () => {
      process.log.noteJob(note('after'));
      expect(process.jobs().at(-1)).toBe('after');
    }, back);
    expect(process.jobs()).not.toContain('lost');
    const gap = process.heard.find(({ kind }) => kind === 'gap')!;
    expect(await process.log.since(gap.id)).toBeDefined();
    raw.disconnect();
  });

  it('entries that nobody can read are passed over, and told as nothing', async () => {
    const keyPrefix = uniquePrefix();
    const process = await processOf(redis.url, keyPrefix).listen();
    const raw = new Redis(redis.url);
    for (const fields of [
      ['kind', 'later'],
      ['x', 'y'],
      ['kind', 'rows', 'changes', '{}'],
      ['kind', 'job', 'note', '1'],
    ]) {
      const [[last] = []] = await raw.xrevrange(changesKey(keyPrefix), '+', '-', 'COUNT', 1);
      await raw.xadd(changesKey(keyPrefix), '*', 'after', last!, ...fields);
    }
    process.log.noteJob(note('good'));
    await eventually(() => process.heard.length > 0);
    expect(process.jobs()).toEqual(['good']);
    raw.disconnect();
  });
});

describeOwnRedis('change log, when its Redis fails', () => {
  afterEach(closeAll);

  it('a Redis that comes back empty is told as a gap; ids go on growing, and what moves is heard again', async () => {
    const redis = await startRedis();
    try {
      const [one, two] = [processOf(redis.url, 'p'), processOf(redis.url, 'p')];
      await one.listen();
      await two.listen();
      const before = one.heard.at(-1)?.id ?? '0-0';
      one.heard.length = 0;
      await redis.kill();
      expect(() => one.log.noteJob(note('meanwhile'))).not.toThrow();
      await expect(one.log.since(before)).rejects.toMatchObject({ code: 'unavailable' });
      await redis.restart();
      for (const process of [one, two]) await eventually(() => process.jobs().includes('gap'), back);
      await eventually(async () => {
        two.log.noteJob(note('after'));
        for (const process of [one, two]) expect(process.jobs()).toContain('after');
      }, back);
      expect(isInOrder([...one.heard].filter(({ kind }) => kind !== 'gap'))).toBe(true);
      for (const { id } of one.heard) expect(compareChangeIds(id, before)).toBeGreaterThan(0);
    } finally {
      await closeAll();
      await redis.stop();
    }
  });

  it('moves of jobs that could not be noted are told as a gap, though nothing else was lost', async () => {
    const redis = await startRedis({ appendonly: true });
    try {
      const listener = await processOf(redis.url, 'p').listen();
      const noter = processOf(redis.url, 'p');
      await noter.store.look([key]);
      await redis.kill();
      noter.log.noteJob(note('meanwhile'));
      await new Promise((resolve) => setTimeout(resolve, 50));
      await redis.restart();
      await eventually(() => listener.jobs().includes('gap'), back);
      expect(listener.heard.at(-1)).toMatchObject({ reason: expect.stringContaining('jobs') });
    } finally {
      await closeAll();
      await redis.stop();
    }
  });

  it('a history that was emptied under a connection that goes on is noticed', async () => {
    const redis = await startRedis();
    const raw = new Redis(redis.url);
    try {
      const process = await processOf(redis.url, 'p').listen();
      await raw.flushall();
      await eventually(() => process.jobs().includes('gap'), back);
      process.log.noteJob(note('after'));
      await eventually(() => process.jobs().at(-1) === 'after');
    } finally {
      raw.disconnect();
      await closeAll();
      await redis.stop();
    }
  });
});
