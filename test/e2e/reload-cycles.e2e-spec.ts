import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { eventually } from '../support/eventually.js';
import { describeOwnRedis, startRedis, type OwnRedis } from '../support/redis.js';
import { ReloadingFleet, type FileCluster } from '../support/reloading-fleet.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Sockets, timers, processes and watches that keep this process alive, counted by kind. */
function resources(): Record<string, number> {
  return counted(process.getActiveResourcesInfo());
}

function counted(kinds: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

async function heapBytes(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().heapUsed;
}

const constant: FileCluster = { name: 'eu' };
let fleet: ReloadingFleet;

async function start(redis?: object): Promise<void> {
  fleet = await ReloadingFleet.start([constant], { simulators: { ap: { applications: 50, speed: 20 } }, redis });
}

/** Two clusters come and go, each under a name that was never there before: whatever is kept by name would grow. */
async function round(number: number, redis?: object, meanwhile?: (cluster: string) => Promise<void>): Promise<void> {
  const ap = fleet.simulators['ap']!;
  const reload = async (...clusters: FileCluster[]): Promise<void> => {
    fleet.write(clusters, { redis });
    expect(await fleet.server.reload('signal')).toBe('applied');
  };
  const visitors = [0, 1].map((part) => ({ name: `visitor-${number}-${part}`, simulator: 'ap' }));
  await reload(constant, ...visitors);
  await fleet.allLive();
  await meanwhile?.(visitors[0]!.name);
  await reload(constant);
  await eventually(() => expect(ap.openStreams()).toBe(0));
  ap.clearRequests();
  fleet.simulators['eu']!.clearRequests();
  fleet.lines.length = 0;
}

async function nothingIsLeft(before: Record<string, number>): Promise<void> {
  await eventually(() => {
    const now = resources();
    for (const kind of ['TCPSocketWrap', 'Timeout', 'ProcessWrap', 'FSEventWrap']) {
      expect(now[kind] ?? 0).toBeLessThanOrEqual((before[kind] ?? 0) + 4);
    }
  });
  await eventually(async () => {
    const ofClusters = (await fleet.metrics()).split('\n').filter((line) => line.includes('cluster="'));
    expect(ofClusters.filter((line) => !line.includes('cluster="eu"'))).toEqual([]);
  });
}

describe('clusters that come and go again and again', () => {
  afterEach(() => fleet?.close());

  it('leave nothing behind: no socket, timer, series or memory, in 100 rounds', async () => {
    await start();
    for (let number = 0; number < 10; number++) await round(number);
    const [resourcesBefore, heapBefore] = [resources(), await heapBytes()];
    // With two clusters each: 100 that come and go.
    for (let number = 10; number < 60; number++) await round(number);
    const grownBytes = (await heapBytes()) - heapBefore;
    await nothingIsLeft(resourcesBefore);
    // One that stayed would be over 100 kB with its rows, its context and its pools.
    expect(grownBytes).toBeLessThan(4 * 1024 * 1024);
  }, 180_000);
});

describeOwnRedis('clusters that come and go again and again, with Redis,', () => {
  let redis: OwnRedis;
  let client: Redis;
  afterEach(async () => {
    await fleet?.close();
    client?.disconnect();
    await redis?.stop();
  });

  /** Connections of the server by name; BullMQ's queues and workers have their own. */
  async function connections(): Promise<Record<string, number>> {
    const list = (await client.client('LIST')) as string;
    return counted([...list.matchAll(/ name=(argocd-fleet-mcp\S*)/g)].map(([, name]) => name as string));
  }
  /** Names of keys without the ids of jobs. */
  const keys = async (): Promise<string[]> =>
    [
      ...new Set(
        (await client.keys('*')).map((key) => key.replace(/(:record:|:bull:jobs:)[\w-]{10,}.*$/, '$1<jobId>')),
      ),
    ].sort();

  it('leave nothing behind in 100 rounds with jobs on them: no connection, queue, worker, lease or row', async () => {
    redis = await startRedis();
    client = new Redis(redis.url);
    const settings = { cache: redis.url, queue: redis.url, keyPrefix: 'cycles' };
    await start(settings);
    const sync = async (cluster: string): Promise<void> => {
      const { jobId } = await fleet.sync(fleet.simulators['ap']!.applications[0]!, cluster);
      await eventually(async () => expect((await fleet.get(`/jobs/${jobId}`)).body.job.finishedAt).toBeDefined());
    };
    const syncInEveryTenth = (number: number) => (number % 10 === 0 ? sync : undefined);
    for (let number = 0; number < 10; number++) await round(number, settings, syncInEveryTenth(number));
    const [resourcesBefore, connectionsBefore] = [resources(), await connections()];
    expect(Object.keys(connectionsBefore).length).toBeGreaterThan(2);
    const keysBefore = await keys();
    for (let number = 10; number < 60; number++) await round(number, settings, syncInEveryTenth(number));
    await nothingIsLeft(resourcesBefore);
    await eventually(async () => {
      expect(await connections()).toEqual(connectionsBefore);
      expect(await keys()).toEqual(keysBefore);
      expect(keysBefore.filter((key) => key.includes('visitor'))).toEqual([]);
    });
  }, 300_000);
});
