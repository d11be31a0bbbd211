import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parse } from 'yaml';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Simulator } from '../../src/simulator/simulator.js';
import { eventually } from '../support/eventually.js';
import { ReloadingFleet } from '../support/reloading-fleet.js';
import { runFleet, type ClusterSetup, type RunningFleet } from '../support/running-fleet.js';

/* What the feed of a cluster makes of what goes wrong there, beyond streams that break. */

const everything = [{ resource: '*', action: '*', object: '*' }];
const onlyDefault = [{ resource: 'applications', action: 'get', object: 'default/*' }];
const slow = { timeoutMs: 25_000 };

describe('the feed, whatever goes wrong,', () => {
  let fleet: RunningFleet;
  let eu: Simulator;
  afterEach(() => fleet?.close());

  async function start(setup: Omit<ClusterSetup, 'name'> = {}): Promise<void> {
    fleet = await runFleet({ clusters: [{ name: 'eu', ...setup }] });
    eu = fleet.simulators['eu'] as Simulator;
  }
  const list = async () => (await fleet.get('/api/v1/applications?limit=200')).body;
  const names = async (): Promise<string[]> =>
    (await list()).applications.map((row: { name: string }) => row.name).sort();
  const state = async () => (await fleet.get('/api/v1/clusters')).body.clusters[0].feed;
  /** Requests for one application each. */
  const lists = () => eu.requests().filter(({ path }) => /\/applications(\?|$)/.test(path) && !/stream/.test(path));
  const gets = () => eu.requests().filter(({ path }) => /\/applications\/[^/]+$/.test(path) && !/stream/.test(path));

  it('rights withdrawn: rows stay, marked; nothing is asked for one by one; given back, all heals by itself', async () => {
    await start({ simulator: { applications: 60 }, limits: { relistMs: 1_000 } });
    const before = await names();
    eu.clearRequests();
    eu.setRights('bot', onlyDefault);
    await eventually(async () => expect((await state()).state).toBe('access_reduced'), slow);
    const { applications, unavailable } = await list();
    expect(applications.map(({ name }: { name: string }) => name).sort()).toEqual(before);
    for (const row of applications) expect(row.stale ?? false).toBe(row.project !== 'default');
    const staleRows = applications.filter(({ stale }: { stale?: boolean }) => stale).length;
    expect(unavailable).toMatchObject([{ cluster: 'eu', code: 'cluster_refused', staleRows }]);
    expect((await state()).reason).toMatch(/sees less than before/);
    expect(gets().length).toBeLessThanOrEqual(20 * lists().length);

    eu.setRights('bot', everything);
    eu.addApplications(1, 'meanwhile');
    await eventually(async () => {
      expect((await state()).state).toBe('live');
      const healed = await list();
      expect(healed.unavailable).toEqual([]);
      expect(healed.applications.some(({ stale }: { stale?: boolean }) => stale)).toBe(false);
      expect(healed.applications.map(({ name }: { name: string }) => name).sort()).toEqual([...eu.applications].sort());
    }, slow);
  });

  it('events that come late are told, with the rows still shown as known, until they come in time again', async () => {
    await start({ simulator: { applications: 12, keepAliveMs: 200 } });
    const change = (status: string) =>
      eu.applications.slice(0, 4).forEach((name) => eu.mutate(name, { health: { status } }));
    const late = eu.fault({ kind: 'late-events', delayMs: 11_500 });
    change('Degraded');
    await eventually(async () => expect((await state()).state).toBe('lagging'), slow);
    expect((await list()).unavailable).toEqual([]);
    expect((await state()).reason).toMatch(/10 s/);
    eu.clearFault(late);
    change('Healthy');
    await eventually(async () => expect((await state()).state).toBe('live'));
    const { asOf, lastEventAt, lastListAt } = await state();
    expect(Date.parse(lastListAt)).toBeLessThan(Date.parse(lastEventAt));
    expect(Date.parse(lastEventAt)).toBeLessThanOrEqual(Date.parse(asOf));
  });

  it('a clock that is off by ten minutes is no lag', async () => {
    await start();
    eu.fault({ kind: 'clock-skew', skewMs: -600_000 });
    eu.fault({ kind: 'drop-streams' });
    const before = (await state()).since;
    await eventually(async () => expect((await state()).since).not.toBe(before));
    await eventually(async () => expect((await state()).state).toBe('live'), slow);
    for (const name of eu.applications.slice(0, 5)) eu.mutate(name, { health: { status: 'Missing' } });
    await eventually(async () => {
      const { applications } = await list();
      expect(
        applications.filter(({ health }: { health: string }) => health === 'Missing').length,
      ).toBeGreaterThanOrEqual(5);
    });
    expect((await state()).state).toBe('live');
  });

  it('changes that the stream lost are found by the next list, with what lists do not give', async () => {
    await start({ limits: { relistMs: 1_000 } });
    const [changed, deleted] = eu.applications as [string, string];
    eu.fault({ kind: 'lose-events' });
    eu.mutate(changed, { health: { status: 'Degraded', message: 'only a GET tells' }, labels: { lost: 'yes' } });
    eu.mutate(deleted, { isDeleted: true });
    const [added] = eu.addApplications(1, 'unheard');
    await eventually(async () => {
      const { applications } = await list();
      const byName = new Map(applications.map((row: any) => [row.name, row]));
      expect(byName.get(changed)).toMatchObject({ health: 'Degraded' });
      expect([byName.has(deleted), byName.has(added)]).toEqual([false, true]);
    }, slow);
    expect((await fleet.get('/api/v1/applications?labels=lost%3Dyes')).body.total).toBe(1);
    // What was found is not asked for again with every list.
    const listed = (await state()).lastListAt;
    await eventually(async () => expect((await state()).lastListAt).not.toBe(listed));
    eu.clearRequests();
    await eventually(() => expect(lists().length).toBeGreaterThan(3), slow);
    expect(gets()).toEqual([]);
  });

  it('a list that is older than the stream overrules nothing', async () => {
    await start({ limits: { relistMs: 500 } });
    const name = eu.applications[0] as string;
    // Made from the state of now, given out only after the stream has told of a newer one.
    eu.fault({ kind: 'old-lists', delayMs: 700 });
    for (const status of ['Degraded', 'Missing', 'Suspended', 'Degraded', 'Missing']) {
      eu.mutate(name, { health: { status } });
      const before = (await state()).lastListAt;
      await eventually(async () => {
        const { body } = await fleet.get(`/api/v1/applications?name=${name}`);
        expect(body.applications[0]).toMatchObject({ health: status });
      });
      await eventually(async () => expect((await state()).lastListAt).not.toBe(before));
      const { body } = await fleet.get(`/api/v1/applications?name=${name}`);
      expect(body.applications[0]).toMatchObject({ health: status });
    }
  });

  it('a polled cluster: what lists do not give is read for problems, so many at a time, and once per change', async () => {
    await start({ simulator: { applications: 0 }, limits: { streamHeaderMs: 1_000, relistMs: 500 } });
    eu.addApplications(120, 'ill');
    for (const name of eu.applications) eu.mutate(name, { health: { status: 'Degraded', message: 'ill' } });
    eu.fault({ kind: 'hang', path: '/api/v1/stream/*' });
    eu.fault({ kind: 'drop-streams' });
    eu.clearRequests();
    await eventually(async () => expect((await state()).state).toBe('polling'), slow);
    const paths = () => gets().map(({ path }) => path);
    await eventually(() => {
      expect(gets().length).toBeLessThanOrEqual(50 * lists().length);
      expect(new Set(paths()).size).toBe(120);
    }, slow);
    expect(paths()).toHaveLength(120);
    expect((await list()).unavailable).toEqual([]);
  });

  it('seeding 1,000 problem applications asks for none of them by itself', async () => {
    await start({ simulator: { applications: 0 } });
    eu.addApplications(1_000, 'ill');
    for (const name of eu.applications) eu.mutate(name, { health: { status: 'Degraded', message: 'ill' } });
    eu.fault({ kind: 'drop-streams' });
    eu.clearRequests();
    await eventually(async () => {
      const { body } = await fleet.get('/api/v1/applications?health=Degraded&limit=1');
      expect([body.total, body.unavailable]).toEqual([1_000, []]);
      expect((await state()).state).toBe('live');
    }, slow);
    expect(gets()).toEqual([]);
  });

  it('a token that expires under an open stream is noticed before anybody asks; rotated in its file, all is well again', async () => {
    await start();
    const file = parse(readFileSync(fleet.configFile, 'utf8')).clusters[0].token.file as string;
    const rotate = (token: string) => {
      writeFileSync(`${file}.new`, token, { mode: 0o600 });
      renameSync(`${file}.new`, file);
    };
    const exp = Math.floor(Date.now() / 1000) + 6;
    rotate(eu.createToken('bot', { expiresInSeconds: 6 }));
    eu.revokeTokens('bot', idOf(eu.tokens.admin));
    eu.fault({ kind: 'drop-streams' });
    await eventually(() => expect(eu.openStreams()).toBe(1), slow);
    await eventually(async () => expect((await state()).state).toBe('live'), slow);
    eu.clearRequests();
    await eventually(async () => expect((await state()).state).toBe('stale'), { timeoutMs: 12_000 });
    // By the probe right after it, not by one that comes by chance.
    expect(Date.now() - exp * 1000).toBeLessThan(4_000);
    expect(eu.openStreams()).toBe(1);
    expect((await list()).unavailable).toMatchObject([{ cluster: 'eu', code: 'cluster_refused', staleRows: 10 }]);
    rotate(eu.createToken('bot'));
    await eventually(async () => expect((await state()).state).toBe('live'), slow);
    expect((await list()).unavailable).toEqual([]);
  });

  it('a token of one project: its applications are all there is, and nothing counts as lost', async () => {
    await start({ simulator: { applications: 40 } });
    const { project } = eu.tokens;
    const own = await runFleet({ clusters: [{ name: 'eu', url: eu.url, token: project }], live: false });
    try {
      await eventually(async () => {
        const { body } = await own.get('/api/v1/applications?limit=200');
        expect(body.unavailable).toEqual([]);
        expect(body.total).toBeGreaterThan(0);
        expect(new Set(body.applications.map((row: any) => row.project))).toEqual(new Set(['payments']));
      }, slow);
    } finally {
      await own.close();
    }
  });

  it('a server that shuts down gracefully is followed to the end of its streams, and its successor from the start', async () => {
    await start({ simulator: { applications: 12, speed: 10, keepAliveMs: 200 } });
    const name = eu.applications[0] as string;
    const health = async () => (await fleet.get(`/api/v1/applications?name=${name}`)).body.applications[0];
    const [{ since }, opened] = [await state(), eu.requests().length];
    // New connections are refused at once; the stream goes on and is reset 3 s later.
    eu.goDown({ isGraceful: true });
    eu.mutate(name, { health: { status: 'Degraded' } });
    await eventually(async () => expect(await health()).toMatchObject({ health: 'Degraded' }));
    expect(await state()).toMatchObject({ state: 'live', since });
    await eventually(async () => expect((await state()).state).not.toBe('live'), slow);
    expect((await list()).unavailable).toMatchObject([{ cluster: 'eu', staleRows: 12 }]);
    eu.mutate(name, { isDeleted: true });
    await eu.comeUp();
    await eventually(async () => {
      expect((await state()).state).toBe('live');
      expect(await names()).toEqual([...eu.applications].sort());
    }, slow);
    expect(eu.requests().length).toBeGreaterThan(opened);
  });

  it('a cluster that is renamed is one cluster: nothing is left under its old name, and it has one stream', async () => {
    const reloading = await ReloadingFleet.start([{ name: 'eu' }]);
    try {
      reloading.write([{ name: 'europe', simulator: 'eu' }]);
      await eventually(async () => {
        const { applications, unavailable, total } = (await reloading.get('/applications?limit=200')).body;
        expect([total, unavailable]).toEqual([10, []]);
        expect(new Set(applications.map((row: any) => row.cluster))).toEqual(new Set(['europe']));
      }, slow);
      expect(await reloading.names()).toEqual(['europe']);
      expect((await reloading.get('/applications?cluster=eu')).body.code).toBe('unknown_cluster');
      await eventually(() => expect(reloading.simulators['eu']?.openStreams()).toBe(1));
      await eventually(async () => expect(await reloading.metrics()).not.toContain('cluster="eu"'));
    } finally {
      await reloading.close();
    }
  });
});

const idOf = (token: string): string =>
  (JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { jti: string }).jti;
