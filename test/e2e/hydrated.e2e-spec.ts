import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Simulator } from '../../src/simulator/simulator.js';
import { eventually } from '../support/eventually.js';
import { runFleet, type RunningFleet } from '../support/running-fleet.js';

const name = 'feature-flags';
const world = { applications: 45, reconcileMs: 0 };

describe('hydrated applications', () => {
  let fleet: RunningFleet;
  let simulators: Simulator[];
  beforeAll(async () => {
    fleet = await runFleet({
      clusters: [
        { name: 'eu', simulator: { ...world, version: '3.6' } },
        { name: 'us', simulator: { ...world, version: '2.14' } },
      ],
    });
    simulators = Object.values(fleet.simulators);
  });
  afterAll(() => fleet?.close());

  const list = async (query = ''): Promise<any> =>
    (await fleet.get(`/api/v1/applications?name=${name}&sort=name&${query}`)).body;

  it('are shown with both of their sources, and compared by what they are synced from', async () => {
    const { body } = await fleet.get(`/api/v1/applications/${name}?cluster=eu`);
    expect(body.application).toMatchObject({
      sources: [{ repository: 'https://git.example.com/core/deploy', path: name, targetRevision: 'env/prod' }],
      drySource: { repository: 'https://git.example.com/core/deploy', targetRevision: 'main' },
    });
    const { body: compared } = await fleet.get(`/api/v1/compare?application=${name}`);
    expect(compared).toMatchObject({ total: 2, lag: [{ rule: 'equal' }], equal: { targetRevision: 'env/prod' } });
  });

  it('tell that they could not be hydrated until they were, whoever is asked how', async () => {
    const error = 'error rendering charts/flags: values do not meet the schema';
    const reason = expect.stringMatching(/^HydrationError: Failed to hydrate revision .*do not meet the schema/);
    for (const simulator of simulators) simulator.mutate(name, { hydrationError: error });
    await eventually(async () => {
      const { applications } = await list();
      expect(applications).toMatchObject([{ reason }, { reason }]);
    });
    expect((await list('text=values+do+not+meet')).total).toBe(2);
    // Asked for by lists, which tell it since 3.2.
    expect((await list('fresh=true')).applications).toMatchObject([{ reason }, { reason }]);
    for (const simulator of simulators) simulator.mutate(name, { hydrationError: null });
    await eventually(async () => expect((await list('text=HydrationError')).total).toBe(0));
  });

  it('that lost the event of it are found by the next list where it tells', async () => {
    const [eu] = simulators as [Simulator];
    const fault = eu.fault({ kind: 'lose-events', application: name });
    eu.mutate(name, { hydrationError: 'no such chart' });
    expect((await list('text=HydrationError')).total).toBe(0);
    expect((await list('text=HydrationError&fresh=true')).total).toBe(1);
    eu.mutate(name, { hydrationError: null });
    expect((await list('text=HydrationError&fresh=true')).total).toBe(0);
    eu.clearFault(fault);
  });
});
