import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { ReloadingFleet, type FileCluster } from '../support/reloading-fleet.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Sockets, timers, processes and watches that keep this process alive, counted by kind. */
function resources(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

async function heapBytes(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().heapUsed;
}

describe('clusters that come and go again and again', () => {
  let fleet: ReloadingFleet;
  afterEach(() => fleet?.close());

  it('leave nothing behind: no socket, timer, series or memory, in 100 rounds', async () => {
    const constant: FileCluster = { name: 'eu' };
    fleet = await ReloadingFleet.start([constant], { simulators: { ap: { applications: 50 } } });
    const ap = fleet.simulators['ap']!;
    const reload = async (...clusters: FileCluster[]): Promise<void> => {
      fleet.write(clusters);
      expect(await fleet.server.reload('signal')).toBe('applied');
    };
    // Each round under a name that was never there before: whatever is kept by name would grow.
    const round = async (number: number): Promise<void> => {
      const visitors = [0, 1].map((part) => ({ name: `visitor-${number}-${part}`, simulator: 'ap' }));
      await reload(constant, ...visitors);
      await fleet.allLive();
      expect(fleet.server.fleet.index.version).toBeGreaterThan(0);
      await reload(constant);
      await eventually(() => expect(ap.openStreams()).toBe(0));
      ap.clearRequests();
      fleet.simulators['eu']!.clearRequests();
      fleet.lines.length = 0;
    };
    for (let number = 0; number < 10; number++) await round(number);
    const [resourcesBefore, heapBefore] = [resources(), await heapBytes()];
    // With two clusters each: 100 that come and go.
    for (let number = 10; number < 60; number++) await round(number);
    const grownBytes = (await heapBytes()) - heapBefore;
    await eventually(() => {
      const now = resources();
      for (const kind of ['TCPSocketWrap', 'Timeout', 'ProcessWrap', 'FSEventWrap']) {
        expect(now[kind] ?? 0).toBeLessThanOrEqual((resourcesBefore[kind] ?? 0) + 4);
      }
    });
    await eventually(async () => {
      const ofClusters = (await fleet.metrics()).split('\n').filter((line) => line.includes('cluster="'));
      expect(ofClusters.filter((line) => !line.includes('cluster="eu"'))).toEqual([]);
    });
    // One that stayed would be over 100 kB with its rows, its context and its pools.
    expect(grownBytes).toBeLessThan(4 * 1024 * 1024);
  }, 180_000);
});
