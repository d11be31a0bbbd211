import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from '../../src/simulator/fault.js';
import type { Simulator } from '../../src/simulator/simulator.js';
import { testClient } from '../support/argocd-client.js';
import { eventually } from '../support/eventually.js';
import { runFleet, type RunningFleet } from '../support/running-fleet.js';
import { ScriptedServer } from '../support/scripted-server.js';

/* What a sick cluster may cost the others: nothing. Bounds are wide, for machines that do other things as well. */

const megabyte = 1024 * 1024;

/** Applications of one kilobyte each, as they stand in a list. */
const someApplications = Array.from({ length: 60 }, (_, i) =>
  JSON.stringify({
    metadata: { name: `app-${i}`, namespace: 'argocd', annotations: { filler: 'x'.repeat(700) } },
    spec: { project: 'default', source: { repoURL: 'https://git.example.com/a', path: 'y'.repeat(100) } },
    status: { sync: { status: 'Synced' }, health: { status: 'Healthy' } },
  }),
).join('\n,');

async function answerHugeList(response: ServerResponse, bytes: number): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json' }).setMaxListeners(0);
  response.write('{"items":[');
  for (let written = 0; written < bytes; written += someApplications.length) {
    const isFree = response.write(`${written === 0 ? '' : ','}${someApplications}`);
    if (!isFree) await Promise.race([once(response, 'drain'), once(response, 'close')]);
    if (response.destroyed) return;
  }
  response.end('],"metadata":{"resourceVersion":"1"}}');
}

/** The longest time for which this process worked without giving its event loop free: of the processor, not of waiting for it. */
function watchTurns(): { stop: () => number } {
  let longestMs = 0;
  let isOver = false;
  let last = process.cpuUsage();
  const turn = (): void => {
    const { user, system } = process.cpuUsage(last);
    longestMs = Math.max(longestMs, (user + system) / 1000);
    last = process.cpuUsage();
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  return {
    stop: () => {
      isOver = true;
      return longestMs;
    },
  };
}

describe('the bulkhead between clusters', () => {
  let fleet: RunningFleet | undefined;
  let server: ScriptedServer | undefined;
  afterEach(async () => {
    await fleet?.close();
    await server?.stop();
    fleet = server = undefined;
  });

  it('a list of 200 MB is read to its end, and meanwhile everybody else is answered', async () => {
    fleet = await runFleet({ clusters: [{ name: 'eu' }] });
    server = await ScriptedServer.start((_request, response) => void answerHugeList(response, 200 * megabyte));
    const client = testClient(server.url, { limits: { responseBytesMax: 256 * megabyte, timeoutMs: 30_000 } });
    let isOver = false;
    let count = 0;
    let characters = 0;
    const turns = watchTurns();
    const reading = client
      .listEach({}, ({ spec }) => {
        count++;
        characters += spec?.source?.path?.length ?? 0;
      })
      .finally(() => (isOver = true));
    const answers: number[] = [];
    while (!isOver) {
      const askedAt = performance.now();
      const { status, body } = await fleet.get('/api/v1/applications?limit=5');
      answers.push(performance.now() - askedAt);
      expect([status, body.total]).toEqual([200, 10]);
      await pause(20);
    }
    const longestTurnMs = turns.stop();
    const end = await reading;
    await client.close();
    expect(end).toEqual({ count, unreadable: 0, resourceVersion: '1' });
    expect(count).toBeGreaterThan(200_000);
    expect(characters).toBe(count * 100);
    expect(answers.length).toBeGreaterThan(10);
    expect(Math.max(...answers)).toBeLessThan(5_000);
    // 50 ms is the aim, which the bench holds it to on a quiet machine; parsing it all at once takes seconds.
    expect(longestTurnMs).toBeLessThan(1_000);
  }, 180_000);

  const sick: [string, Fault[]][] = [
    ['hangs', [{ kind: 'hang' }]],
    ['is slow', [{ kind: 'slow', delayMs: 3_000 }]],
    ['flaps', [{ kind: 'flap', upMs: 300, downMs: 300 }]],
    ['answers garbage', [{ kind: 'garbage' }, { kind: 'drop-streams' }]],
    ['breaks every answer off', [{ kind: 'truncated' }, { kind: 'cut-frame' }]],
    ['refuses connections', [{ kind: 'refuse' }, { kind: 'drop-streams' }]],
  ];

  it.each(sick)('a cluster that %s costs another neither its rows, its events, nor time', async (_, faults) => {
    fleet = await runFleet({ clusters: [{ name: 'eu' }, { name: 'sick', limits: { timeoutMs: 2_000 } }] });
    const { get, simulators } = fleet;
    const eu = simulators['eu'] as Simulator;
    const ill = simulators['sick'] as Simulator;
    for (const fault of faults) ill.fault(fault);
    // As many calls as find room, so that its limit of requests is used up.
    const calls = Array.from({ length: 20 }, () => get(`/api/v1/applications/${ill.applications[0]}?cluster=sick`));
    for (let round = 0; round < 5; round++) {
      const [added] = eu.addApplications(1, `round-${round}`);
      await eventually(async () => {
        const askedAt = performance.now();
        const { body } = await get(`/api/v1/applications?name=${added}`);
        expect(performance.now() - askedAt).toBeLessThan(1_000);
        expect(body.applications).toMatchObject([{ cluster: 'eu', name: added }]);
        expect(body.applications[0].stale).toBeUndefined();
      });
      const askedAt = performance.now();
      const live = await get(`/api/v1/applications/${eu.applications[0]}?cluster=eu&fresh=true`);
      expect([live.status, live.body.stale]).toEqual([200, undefined]);
      expect(performance.now() - askedAt).toBeLessThan(1_000);
    }
    await Promise.all(calls);
  });
});
