import { afterEach, describe, expect, it } from '@jest/globals';
import type { Simulator } from '../../src/simulator/simulator.js';
import { eventually } from '../support/eventually.js';
import { runFleet, type RunningFleet } from '../support/running-fleet.js';

/* How the rows of a cluster are kept true, whatever its stream does. */

describe('the feed of a cluster', () => {
  let fleet: RunningFleet;
  let eu: Simulator;
  afterEach(() => fleet?.close());

  async function start(options: { simulator?: object; limits?: Record<string, number>; live?: boolean } = {}) {
    fleet = await runFleet({
      live: options.live,
      clusters: [{ name: 'eu', simulator: { applications: 12, ...options.simulator }, limits: options.limits }],
    });
    eu = fleet.simulators['eu'] as Simulator;
  }
  const names = async (): Promise<string[]> => {
    const { body } = await fleet.get('/api/v1/applications?limit=200');
    return body.applications.map((row: { name: string }) => row.name).sort();
  };
  const state = async () => (await fleet.get('/api/v1/clusters')).body.clusters[0].feed;
  const eventuallyEqual = (timeoutMs = 15_000) =>
    eventually(async () => expect(await names()).toEqual([...eu.applications].sort()), { timeoutMs });

  it('applications that come and go are seen without asking', async () => {
    await start();
    eu.clearRequests();
    const [added] = eu.addApplications(1, 'new');
    eu.mutate(eu.applications[0] as string, { isDeleted: true });
    await eventuallyEqual();
    expect(await names()).toContain(added);
    expect(eu.requests().filter(({ path }) => !/\/stream\/|\/can-i\//.test(path))).toEqual([]);
  });

  it('a deletion that the stream lost disappears by the next list', async () => {
    await start({ limits: { relistMs: 1000 } });
    eu.fault({ kind: 'lose-events' });
    const gone = eu.applications[0] as string;
    eu.mutate(gone, { isDeleted: true });
    eu.addApplications(1, 'unheard');
    await eventuallyEqual();
    expect(await names()).not.toContain(gone);
  });

  it('what happened while the stream was away is made up for', async () => {
    await start();
    eu.goDown();
    await eventually(async () => expect((await state()).state).not.toBe('live'));
    eu.mutate(eu.applications[0] as string, { isDeleted: true });
    eu.mutate(eu.applications[1] as string, { health: { status: 'Degraded' } });
    eu.addApplications(2, 'meanwhile');
    await eu.comeUp();
    await eventuallyEqual(25_000);
    await eventually(async () => expect((await state()).state).toBe('live'));
    const { body } = await fleet.get(`/api/v1/applications?name=${eu.applications[0]}`);
    expect(body.applications[0]).toMatchObject({ health: 'Degraded' });
  });

  it.each([
    ['ended cleanly', { kind: 'drop-streams', isClean: true }],
    ['reset', { kind: 'drop-streams' }],
    ['cut in the middle of a frame', { kind: 'cut-frame', count: 1 }],
  ] as const)('a stream that is %s is opened again, and the rows are right', async (_, fault) => {
    await start();
    eu.fault({ ...fault });
    eu.addApplications(1, 'after');
    await eventuallyEqual();
    await eventually(async () => expect((await state()).state).toBe('live'), { timeoutMs: 15_000 });
  });

  it('version and settings are asked for at every connection anew', async () => {
    await start();
    const probes = () => eu.requests().filter(({ path }) => /^\/api\/(version|v1\/settings)(\?|$)/.test(path)).length;
    for (let again = 0; again < 2; again++) {
      eu.clearRequests();
      eu.fault({ kind: 'drop-streams' });
      await eventually(() => expect(probes()).toBe(2), { timeoutMs: 15_000 });
      await eventually(async () => expect((await state()).state).toBe('live'), { timeoutMs: 15_000 });
    }
    eu.addApplications(1, 'after');
    await eventuallyEqual();
    expect(probes()).toBe(2);
  });

  it('a stream that falls silent is noticed, said, and replaced', async () => {
    await start({ limits: { streamIdleMs: 1000 }, simulator: { keepAliveMs: 200 } });
    eu.fault({ kind: 'silence-streams' });
    const said = { state: 'stale', reason: expect.stringMatching(/silent/) };
    await eventually(async () => expect(await state()).toMatchObject(said), { timeoutMs: 10_000 });
    await eventually(
      async () => {
        const { body } = await fleet.get('/api/v1/applications?limit=200');
        const message = expect.stringMatching(/silent/);
        expect(body.unavailable).toMatchObject([{ cluster: 'eu', state: 'stale', message, staleRows: 12 }]);
        expect(body.applications).toHaveLength(12);
        for (const row of body.applications) expect(row.stale).toBe(true);
      },
      { timeoutMs: 10_000 },
    );
    eu.addApplications(1, 'unheard');
    eu.clearFaults();
    await eventuallyEqual(25_000);
  });

  it('a cluster without any application becomes live by its list', async () => {
    await start({ simulator: { world: 'empty' } });
    expect((await fleet.get('/api/v1/applications')).body).toMatchObject({ total: 0, unavailable: [] });
    eu.addApplications(1, 'first');
    await eventuallyEqual();
  });

  it('rows that vanish because rights were withdrawn stay, marked, and the cluster is named', async () => {
    await start({ limits: { relistMs: 500 } });
    const before = await names();
    eu.setRights('bot', [{ resource: 'applications', action: 'get', object: 'default/*' }]);
    await eventually(
      async () => {
        const { body } = await fleet.get('/api/v1/applications?limit=200');
        expect(body.applications.map((row: { name: string }) => row.name).sort()).toEqual(before);
        const hidden = body.applications.filter((row: { project: string }) => row.project !== 'default');
        expect(hidden.length).toBeGreaterThan(0);
        expect(hidden.every((row: { stale?: boolean }) => row.stale === true)).toBe(true);
        expect(body.unavailable).toMatchObject([{ cluster: 'eu', code: 'cluster_refused', staleRows: hidden.length }]);
      },
      { timeoutMs: 15_000 },
    );
    expect((await fleet.get('/metrics')).body).toMatch(/^fleet_feed_incomplete\{cluster="eu"\} 1$/m);
  });

  it('a cluster restored from a backup, with lower resourceVersions, is followed', async () => {
    await start();
    eu.restoreFromBackup();
    eu.mutate(eu.applications[0] as string, { health: { status: 'Degraded', message: 'restored' } });
    await eventually(
      async () => {
        const { body } = await fleet.get(`/api/v1/applications?name=${eu.applications[0]}`);
        expect(body.applications[0]).toMatchObject({ health: 'Degraded' });
        expect(body.applications[0].stale).toBeUndefined();
      },
      { timeoutMs: 15_000 },
    );
  });

  it('a token that is not accepted is told as such, without the token', async () => {
    await start({ live: false });
    eu.expireTokens('bot');
    eu.fault({ kind: 'drop-streams' });
    await eventually(
      async () => {
        const { body } = await fleet.get('/api/v1/applications');
        expect(body.unavailable).toMatchObject([{ cluster: 'eu', code: 'cluster_refused' }]);
        expect(JSON.stringify(body)).not.toContain('eyJ');
      },
      { timeoutMs: 15_000 },
    );
  });

  it.each([
    ['its token is refused', 'cluster_refused', (): void => eu.expireTokens('bot')],
    ['it answers 503', 'cluster_unreachable', (): void => void eu.fault({ kind: 'status', path: '/api/v1/a*' })],
    ['it hangs', 'cluster_timeout', (): void => void eu.fault({ kind: 'hang', path: '/api/v1/a*' })],
  ])('a live cluster whose stream goes on is named once %s', async (_, code, fail) => {
    await start({ limits: { timeoutMs: 1000 } });
    const [name] = eu.applications;
    fail();
    // Somebody meets it first; without that it is found out by a question every few seconds.
    expect((await fleet.get(`/api/v1/applications/${name}?cluster=eu`)).body).toMatchObject({ stale: true });
    await eventually(async () => {
      const { body } = await fleet.get('/api/v1/applications?limit=200');
      expect(body.unavailable).toMatchObject([{ cluster: 'eu', code, staleRows: 12 }]);
      expect(body.applications.every((row: { stale?: boolean }) => row.stale)).toBe(true);
    });
    const sync = await fleet.post(`/api/v1/applications/${name}/sync`, {});
    expect(sync.body).toMatchObject({ code: 'ambiguous' });
    expect(eu.operations()).toEqual([]);
    if (code === 'cluster_refused') return;
    eu.clearFaults();
    await eventually(async () => expect((await state()).state).toBe('live'), { timeoutMs: 25_000 });
  });

  it('a cluster that shows nothing to an account without rights is not taken for an empty one', async () => {
    fleet = await runFleet({ clusters: [{ name: 'eu', simulator: { applications: 5 } }], live: false });
    eu = fleet.simulators['eu'] as Simulator;
    eu.setRights('bot', []);
    eu.fault({ kind: 'drop-streams' });
    await eventually(
      async () => {
        const { body } = await fleet.get('/api/v1/applications');
        expect(body.unavailable).toMatchObject([{ cluster: 'eu', code: 'cluster_refused' }]);
      },
      { timeoutMs: 15_000 },
    );
  });

  it('where streams do not get through, lists keep the rows, and the feed says so', async () => {
    await start({ live: false, limits: { streamHeaderMs: 1500, relistMs: 500 } });
    eu.fault({ kind: 'hang', path: '/api/v1/stream/*' });
    eu.fault({ kind: 'drop-streams' });
    await eventually(async () => expect((await state()).state).toBe('polling'), { timeoutMs: 20_000 });
    const gone = eu.applications[0] as string;
    eu.mutate(gone, { isDeleted: true });
    eu.addApplications(1, 'polled');
    await eventuallyEqual();
    const { body } = await fleet.get('/api/v1/applications?limit=200');
    expect(body.unavailable).toEqual([]);
    expect(body.applications.some((row: { stale?: boolean }) => row.stale)).toBe(false);
    eu.goDown();
    await eventually(async () => expect((await state()).state).toBe('down'), { timeoutMs: 10_000 });
  });

  it('garbage is not taken for applications', async () => {
    await start();
    const before = await names();
    eu.fault({ kind: 'garbage' });
    eu.fault({ kind: 'drop-streams' });
    await eventually(async () => expect((await state()).state).toBe('down'), { timeoutMs: 15_000 });
    expect(await names()).toEqual(before);
  });
});
