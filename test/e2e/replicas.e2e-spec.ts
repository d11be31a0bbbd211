import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { describeOwnRedis, startRedis, type OwnRedis } from '../support/redis.js';
import { Deployment, truthOf, wordsOf, type Replica } from '../support/replicas.js';

/* Several servers over the same clusters, with one Redis in common. */

describeOwnRedis('replicas', () => {
  let redis: OwnRedis;
  let deployment: Deployment;
  beforeEach(async () => {
    redis = await startRedis();
  });
  afterEach(async () => {
    await deployment?.close();
    await redis.stop();
  });

  const start = async (...args: Parameters<typeof Deployment.over> extends [string, ...infer Rest] ? Rest : never) =>
    (deployment = await Deployment.over(redis.url, ...args));
  const replicas = (count: number): Promise<Replica[]> =>
    Promise.all(Array.from({ length: count }, () => deployment.replica()));
  const sources = (all: readonly Replica[], cluster: string) => all.map((each) => each.feed(cluster).source).sort();
  const slow = { timeoutMs: 25_000 };

  /** Every replica is live and has the rows of the cluster itself; one of them watches. */
  const settled = (all: readonly Replica[], cluster: string) =>
    eventually(async () => {
      const truth = await truthOf(deployment.simulators[cluster]!);
      for (const each of all) {
        expect(each.feed(cluster).state).toBe('live');
        expect(wordsOf(each.rows(cluster))).toEqual(truth);
      }
      expect(sources(all, cluster)).toEqual([...all.slice(1).map(() => 'follower'), 'leader']);
      expect(deployment.watchers(cluster)).toBe(1);
    }, slow);

  it('one of them watches each cluster, the others know the same', async () => {
    await start({ eu: {}, us: {}, ap: {} });
    const all = await replicas(3);
    for (const cluster of ['eu', 'us', 'ap']) await settled(all, cluster);
    const { simulators } = deployment;
    simulators['eu']!.addApplications(1, 'new');
    simulators['eu']!.mutate(simulators['eu']!.applications[0]!, { isDeleted: true });
    simulators['eu']!.mutate(simulators['eu']!.applications[1]!, { health: { status: 'Degraded', message: 'x' } });
    await settled(all, 'eu');
  });
});
