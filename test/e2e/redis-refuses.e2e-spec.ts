import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { eventually } from '../support/eventually.js';
import { describeOwnRedis, startRedis, type OwnRedis } from '../support/redis.js';
import { Deployment, truthOf, wordsOf, type Replica } from '../support/replicas.js';

/* A Redis that answers every question and takes nothing: it is full, or a replica after a failover. */

describeOwnRedis('a Redis that refuses writes', () => {
  let redis: OwnRedis;
  let deployment: Deployment;
  let raw: Redis;
  beforeEach(async () => {
    redis = await startRedis();
    raw = new Redis(redis.url);
  });
  afterEach(async () => {
    raw.disconnect();
    await deployment?.close();
    await redis.stop();
  });

  const slow = { timeoutMs: 25_000 };
  const sources = (all: readonly Replica[]) => all.map((each) => each.feed('eu').source).sort();
  const agree = async (all: readonly Replica[]): Promise<void> => {
    const truth = await truthOf(deployment.simulators['eu']!);
    for (const each of all) {
      expect(wordsOf(each.rows('eu'))).toEqual(truth);
      expect(each.feed('eu').state).toBe('live');
    }
  };
  const oneWatches = (all: readonly Replica[]): Promise<void> =>
    eventually(async () => {
      expect(sources(all)).toEqual(['follower', 'follower', 'leader']);
      expect(deployment.watchers('eu')).toBe(1);
      await agree(all);
    }, slow);

  const refusals: [string, () => Promise<unknown>, () => Promise<unknown>][] = [
    ['is full', () => raw.config('SET', 'maxmemory', '1'), () => raw.config('SET', 'maxmemory', '0')],
    // It never reaches that primary, so it keeps what it has.
    ['is read-only', () => raw.replicaof('127.0.0.1', 9), () => raw.call('REPLICAOF', 'NO', 'ONE')],
  ];

  it.each(refusals)(
    'while it %s every replica comes to know the truth; afterwards one watches',
    async (_, break_, mend) => {
      deployment = await Deployment.over(redis.url, { eu: {} });
      const all = await Promise.all([deployment.replica(), deployment.replica(), deployment.replica()]);
      await oneWatches(all);
      const eu = deployment.simulators['eu']!;

      await break_();
      const [added] = eu.addApplications(1, 'while-refusing');
      eu.mutate(eu.applications[0]!, { isDeleted: true });
      // Nobody says live who does not know it.
      const lies: string[] = [];
      const brokenAt = performance.now();
      await eventually(async () => {
        for (const each of all) {
          const { state, source } = each.feed('eu');
          const knows = each.rows('eu').some(({ name }) => name === added);
          if (performance.now() - brokenAt > 2 * 2_500 && state === 'live' && !knows) lies.push(String(source));
        }
        for (const each of all)
          expect((await each.get('/api/v1/applications?limit=1')).total).toBeGreaterThanOrEqual(19);
        await agree(all);
      }, slow);
      expect(lies).toEqual([]);
      expect(deployment.watchers('eu')).toBe(3);

      await mend();
      await oneWatches(all);
      const late = await deployment.replica();
      await eventually(() => agree([late]), slow);
      for (const each of all) expect(each.log().match(/redis cannot be reached/g)?.length ?? 0).toBeLessThan(10);
    },
  );

  it.each(refusals)('a process that starts while it %s watches for itself', async (_, break_, mend) => {
    deployment = await Deployment.over(redis.url, { eu: {} });
    await break_();
    const all = await Promise.all([deployment.replica(), deployment.replica(), deployment.replica()]);
    await eventually(() => agree(all), slow);
    expect(sources(all)).toEqual(['local', 'local', 'local']);
    await mend();
    await oneWatches(all);
  });
});
