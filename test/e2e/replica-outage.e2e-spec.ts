import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../support/eventually.js';
import { describeOwnRedis, startRedis, type OwnRedis } from '../support/redis.js';
import { Deployment, truthOf, wordsOf } from '../support/replicas.js';

/** Time runs this much faster than in earnest: 15 s until a follower watches for itself are 600 ms. */
const speed = 25;
const timings = { ttlMs: 400, tickMs: 50, trustMs: 400, localAfterMs: 15_000 / speed };
const outageMs = 600_000 / speed;
const clusters = ['eu', 'us', 'ap'];

describeOwnRedis('ten minutes without Redis', () => {
  let redis: OwnRedis;
  let deployment: Deployment;
  beforeEach(async () => {
    redis = await startRedis({ appendonly: true });
  });
  afterEach(async () => {
    await deployment?.close();
    await redis.stop();
  });

  it('three replicas each stay true to the clusters, and what Redis held from before overrules nothing', async () => {
    deployment = await Deployment.over(redis.url, { eu: {}, us: {}, ap: {} }, { timings });
    const all = await Promise.all([deployment.replica(), deployment.replica(), deployment.replica()]);
    const sources = (cluster: string) => all.map((each) => each.feed(cluster).source).sort();
    const agree = async () => {
      for (const cluster of clusters) {
        const truth = await truthOf(deployment.simulators[cluster]!);
        for (const each of all) {
          expect(each.feed(cluster).state).toBe('live');
          expect(wordsOf(each.rows(cluster))).toEqual(truth);
        }
      }
    };
    const slow = { timeoutMs: 20_000 };
    const oneWatcherEach = async () => {
      await agree();
      for (const cluster of clusters) {
        expect(sources(cluster)).toEqual(['follower', 'follower', 'leader']);
        expect(deployment.watchers(cluster)).toBe(1);
      }
    };
    await eventually(oneWatcherEach, slow);

    await redis.kill();
    const goneAt = performance.now();
    let most = 0;
    for (let i = 0; performance.now() - goneAt < outageMs; i++) {
      const simulator = deployment.simulators[clusters[i % 3]!]!;
      const some = simulator.applications[i % simulator.applications.length]!;
      if (i % 7 === 0) simulator.addApplications(1, `meanwhile-${i}`);
      else if (i % 11 === 0) simulator.mutate(some, { isDeleted: true });
      else simulator.mutate(some, { health: { status: i % 2 ? 'Degraded' : 'Missing', message: String(i) } });
      // Reads go on all the time. Until it watches for itself, a follower says that it may be behind.
      const { unavailable, total } = await all[i % 3]!.get('/api/v1/applications?limit=1');
      expect(total).toBeGreaterThanOrEqual(55);
      const codes = unavailable.map((each: { code: string }) => each.code);
      if (performance.now() - goneAt > 5 * timings.localAfterMs) expect(codes).toEqual([]);
      else expect(['unavailable', 'cluster_not_ready']).toEqual(expect.arrayContaining(codes));
      most = Math.max(most, ...clusters.map((cluster) => deployment.watchers(cluster)));
      await pause(100);
    }
    await eventually(agree, slow);
    for (const cluster of clusters) expect(sources(cluster)).toEqual(['local', 'local', 'local']);
    expect(most).toBe(3);
    // It is told once and not at each attempt.
    for (const each of all) expect(each.log().match(/redis cannot be reached/g)?.length).toBeLessThanOrEqual(10);

    await redis.restart();
    await eventually(oneWatcherEach, slow);
    // A replica that starts now has only what the leaders wrote since, and the rows from before are gone.
    all.push(await deployment.replica());
    await eventually(agree, slow);
  });
});
