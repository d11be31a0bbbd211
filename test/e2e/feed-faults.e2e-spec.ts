import { afterEach, describe, expect, it } from '@jest/globals';
import type { Simulator } from '../../src/simulator/simulator.js';
import { eventually } from '../support/eventually.js';
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
    const lists = eu.requests().filter(({ path }) => /\/applications(\?|$)/.test(path) && !/stream/.test(path)).length;
    expect(gets().length).toBeLessThanOrEqual(20 * lists);

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
});
