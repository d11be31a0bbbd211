import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { eventually } from '../support/eventually.js';
import { describeOwnRedis, startRedis, type OwnRedis } from '../support/redis.js';
import { ReloadingFleet, type FileCluster } from '../support/reloading-fleet.js';

describeOwnRedis('another Redis in the configuration of a running server', () => {
  let fleet: ReloadingFleet;
  let used: OwnRedis;
  let other: OwnRedis;
  let clients: Record<'used' | 'other', Redis>;
  beforeEach(async () => {
    [used, other] = await Promise.all([startRedis(), startRedis()]);
    clients = { used: new Redis(used.url), other: new Redis(other.url) };
  });
  afterEach(async () => {
    await fleet?.close();
    for (const client of Object.values(clients)) client.disconnect();
    await Promise.all([used.stop(), other.stop()]);
  });

  const connectionsTo = async (which: 'used' | 'other'): Promise<number> =>
    ((await clients[which].client('LIST')) as string).match(/ name=argocd-fleet-mcp/g)?.length ?? 0;

  /** All goes on at the Redis of the start, and nothing at the other one. */
  async function isWholeAtTheFirst(cluster: string): Promise<void> {
    const simulator = fleet.simulators[cluster]!;
    const { jobId } = await fleet.sync(simulator.applications[0]!, cluster);
    await eventually(async () => expect((await fleet.get(`/jobs/${jobId}`)).body.job.finishedAt).toBeDefined(), {
      timeoutMs: 15_000,
    });
    expect(await clients.used.keys(`*record:${jobId}`)).toHaveLength(1);
    await eventually(async () => expect(await clients.used.keys(`*:rows:${cluster}@*`)).toHaveLength(1));
    expect(await connectionsTo('used')).toBeGreaterThan(0);
    expect([await connectionsTo('other'), await clients.other.dbsize()]).toEqual([0, 0]);
  }

  it('is told as needing a restart and not gone to, while the rest of the change counts', async () => {
    const eu: FileCluster = { name: 'eu' };
    const before = { cache: used.url, queue: used.url };
    fleet = await ReloadingFleet.start([eu], { redis: before });
    await fleet.simulate('us');
    const connections = await connectionsTo('used');

    fleet.write([eu, { name: 'us' }], { redis: { cache: other.url, queue: other.url } });
    await eventually(async () => expect(await fleet.names()).toEqual(['eu', 'us']));
    await fleet.allLive();
    expect(fleet.reloads()).toEqual([
      expect.objectContaining({
        ...{ level: 'warn', result: 'restart_needed', needsRestart: ['redis.cache', 'redis.queue'], added: ['us'] },
        msg: 'configuration reloaded, but a change of redis.cache, redis.queue needs a restart',
      }),
    ]);
    expect(JSON.stringify(fleet.reloads())).not.toContain(new URL(other.url).port);
    expect(await fleet.metrics()).toMatch(/^config_restart_needed 1$/m);
    for (const cluster of ['eu', 'us']) await isWholeAtTheFirst(cluster);
    expect(await connectionsTo('used')).toBe(connections);

    fleet.write([eu, { name: 'us' }], { redis: before });
    await eventually(async () => expect(await fleet.metrics()).toMatch(/^config_restart_needed 0$/m));
  });
});
