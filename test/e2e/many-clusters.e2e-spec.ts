import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { describeOwnRedis, startRedis, type OwnRedis } from '../support/redis.js';
import { Deployment, truthOf, wordsOf, type Replica } from '../support/replicas.js';

const names = Array.from({ length: 100 }, (_, i) => `c${String(i).padStart(2, '0')}`);

describeOwnRedis('a hundred clusters', () => {
  let redis: OwnRedis;
  let deployment: Deployment;
  beforeEach(async () => {
    redis = await startRedis();
    const clusters = Object.fromEntries(names.map((name) => [name, { applications: 3 }]));
    deployment = await Deployment.over(redis.url, clusters);
  });
  afterEach(async () => {
    await deployment.close();
    await redis.stop();
  });

  const slow = { timeoutMs: 40_000, everyMs: 250 };
  const watchers = () => names.map((name) => deployment.watchers(name));
  const areLive = (all: readonly Replica[]) => {
    for (const each of all) for (const name of names) expect([name, each.feed(name).state]).toEqual([name, 'live']);
  };
  const agree = async (all: readonly Replica[]) => {
    for (const name of names) {
      const truth = await truthOf(deployment.simulators[name]!);
      for (const each of all) expect(wordsOf(each.rows(name))).toEqual(truth);
    }
  };
  /** When each cluster was first asked for its stream, in milliseconds since the first of all. */
  const openings = (): number[] => {
    const times = names.flatMap((name) => {
      const stream = deployment.simulators[name]!.requests().find(({ path }) => path.includes('/stream/applications'));
      return stream ? [Date.parse(stream.at)] : [];
    });
    return times.map((time) => time - Math.min(...times)).sort((a, b) => a - b);
  };

  it('are watched once each by two replicas, which know the same; one of them alone watches all of them', async () => {
    const all = await Promise.all([deployment.replica(), deployment.replica()]);
    await eventually(() => {
      areLive(all);
      expect(watchers()).toEqual(names.map(() => 1));
    }, slow);
    await eventually(() => agree(all), slow);
    for (const name of names) {
      expect(all.map((each) => each.feed(name).source).sort()).toEqual(['follower', 'leader']);
    }
    const [first, second] = all as [Replica, Replica];
    await first.close();
    await eventually(() => {
      areLive([second]);
      expect(watchers()).toEqual(names.map(() => 1));
    }, slow);
    await eventually(() => agree([second]), slow);
  });

  it('are not all connected to in the same moment by a process that starts without Redis', async () => {
    await redis.kill();
    const alone = await deployment.replica();
    await eventually(() => areLive([alone]), slow);
    const times = openings();
    expect(times).toHaveLength(names.length);
    // One each 20 ms; all of them in one moment would be 0.
    expect(times.at(-1)).toBeGreaterThan(1_500);
    await eventually(() => agree([alone]), slow);
  });
});
