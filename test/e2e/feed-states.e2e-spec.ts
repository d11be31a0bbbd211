import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Simulator } from '../../src/simulator/simulator.js';
import { eventually } from '../support/eventually.js';
import { runFleet, type RunningFleet } from '../support/running-fleet.js';

/* Whatever is asked, the answer says how the feeds of the clusters fare that it comes from. */

const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
const slow = { timeoutMs: 25_000 };

describe('every answer that comes from a cluster', () => {
  let fleet: RunningFleet;
  let eu: Simulator;
  beforeEach(async () => {
    eu = await Simulator.start({ name: 'eu', applications: 12, keepAliveMs: 200 });
  });
  afterEach(async () => {
    await fleet?.close();
    await eu.close();
  });

  async function start(limits: Record<string, number> = {}, waits = true): Promise<void> {
    const cluster = { name: 'eu', url: eu.url, token: eu.tokens.admin, limits };
    fleet = await runFleet({ clusters: [cluster, { name: 'well' }], live: waits });
  }
  const stateIs = (wanted: string) =>
    eventually(() => {
      const cluster = fleet.server.fleet.clusters().find(({ name }) => name === 'eu');
      expect(cluster?.feed.snapshot().state).toBe(wanted);
    }, slow);
  /** Answers from more than one cluster, and of one application. */
  async function answers(): Promise<[string, any][]> {
    const [name] = eu.applications;
    const paths = [
      ...['/status', '/applications', '/applications?groupBy=health', `/compare?application=${name}`],
      `/applications/${name}?cluster=eu`,
    ];
    return Promise.all(
      paths.map(async (path): Promise<[string, any]> => [path, (await fleet.get(`/api/v1${path}`)).body]),
    );
  }

  it('says nothing of feeds while all are live', async () => {
    await start();
    for (const [path, body] of await answers()) {
      expect([path, body.unavailable, Object.keys(body).filter((key) => key.startsWith('caveats'))]).toEqual([
        ...[path, [], []],
      ]);
    }
  });

  it('names it while it is polled, since when and why', async () => {
    await start({ streamHeaderMs: 1_000, relistMs: 500 });
    eu.fault({ kind: 'hang', path: '/api/v1/stream/*' });
    eu.fault({ kind: 'drop-streams' });
    await stateIs('polling');
    const caveat = {
      ...{ cluster: 'eu', state: 'polling', since: isoTime, lastListAt: isoTime },
      reason: expect.stringContaining('streams do not get through'),
    };
    for (const [path, body] of await answers()) {
      const { lastEventAt: _, ...only } = body.caveats?.[0] ?? {};
      expect([path, body.unavailable, body.caveats?.length, only]).toEqual([path, [], 1, caveat]);
    }
    const summaries = (await answers()).flatMap(([, { summary }]) => (summary ? [summary as string] : []));
    expect(summaries).toHaveLength(2);
    for (const summary of summaries) expect(summary).toContain('With caveats: eu (polling).');
  });

  it('names it while its events come late, and no longer than that', async () => {
    await start();
    const change = (status: string): void =>
      eu.applications.slice(0, 4).forEach((name) => eu.mutate(name, { health: { status } }));
    const late = eu.fault({ kind: 'late-events', delayMs: 11_500 });
    change('Degraded');
    await stateIs('lagging');
    for (const [path, body] of await answers()) {
      expect([path, body.unavailable, body.caveats]).toEqual([
        ...[path, []],
        [expect.objectContaining({ cluster: 'eu', state: 'lagging', since: isoTime, lastEventAt: isoTime })],
      ]);
    }
    eu.clearFault(late);
    change('Healthy');
    await stateIs('live');
    for (const [path, body] of await answers()) expect([path, body.caveats]).toEqual([path, undefined]);
  }, 40_000);

  it('says of one that is not reached in what state it is, since when, and when it was last heard of', async () => {
    await start({ timeoutMs: 1_000 });
    const before = new Date().toISOString();
    eu.goDown();
    await stateIs('down');
    for (const [path, body] of await answers()) {
      expect([path, body.caveats, body.unavailable]).toEqual([
        ...[path, undefined],
        [
          expect.objectContaining({
            ...{ cluster: 'eu', code: 'cluster_unreachable', state: 'down', since: isoTime, staleRows: 12 },
            ...{ lastSeenAt: isoTime, lastListAt: isoTime },
          }),
        ],
      ]);
      const [{ since, lastListAt }] = body.unavailable;
      expect(since > before && lastListAt < since).toBe(true);
    }
  });

  it('says that it is still being read, and counts what has come of it so far', async () => {
    const held = eu.fault({ kind: 'hold', path: '/api/v1/applications', delayMs: 30_000 });
    await start({ timeoutMs: 25_000 }, false);
    const seeding = {
      ...{ cluster: 'eu', code: 'cluster_not_ready', state: 'seeding', since: isoTime },
      ...{ message: 'Still being read for the first time.', staleRows: 12 },
    };
    // The stream brings the applications; whether these are all only the list will say.
    const { body } = await fleet.get('/api/v1/applications?cluster=eu&limit=200');
    expect(body).toMatchObject({ total: 12, unavailable: [seeding] });
    expect(body.asOf).toBeUndefined();
    expect(body.applications.every((row: { stale?: boolean }) => row.stale)).toBe(true);
    const status = (await fleet.get('/api/v1/status')).body;
    expect(status).toMatchObject({ clusters: { known: 1, of: 2 }, applications: 22, unavailable: [seeding] });
    expect(status.summary).toMatch(/^1 of 2 clusters known \(not: eu;/);
    const [name] = eu.applications;
    const sync = await fleet.post(`/api/v1/applications/${name}/sync`, {});
    expect(sync.body).toMatchObject({ code: 'ambiguous', details: { unavailable: [seeding] } });

    eu.clearFault(held);
    await stateIs('live');
    expect((await fleet.get('/api/v1/applications')).body).toMatchObject({ total: 22, unavailable: [] });
  }, 60_000);
});
