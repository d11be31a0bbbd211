import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { runFleet, type RunningFleet } from '../support/running-fleet.js';

describe.each(['2.14', '3.1', '3.6'] as const)('an application that Argo CD %s has not compared yet', (version) => {
  let fleet: RunningFleet;
  let fault: string;
  beforeAll(async () => {
    fleet = await runFleet({ clusters: [{ name: 'eu', simulator: { world: 'empty', version, speed: 10 } }] });
    const simulator = fleet.simulators['eu']!;
    fault = simulator.fault({ kind: 'controller-down' });
    const created = await fetch(`${simulator.url}/api/v1/applications`, {
      method: 'POST',
      headers: { authorization: `Bearer ${simulator.tokens.admin}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        metadata: { name: 'temp', namespace: 'argocd' },
        spec: {
          project: 'default',
          source: { repoURL: 'https://git.example.com/platform/apps', path: 'config', targetRevision: 'main' },
          destination: { server: 'https://kubernetes.default.svc', namespace: 'temp' },
        },
      }),
    });
    expect(((await created.json()) as { status: object }).status).toMatchObject({ sync: { status: '' } });
  });
  afterAll(() => fleet?.close());

  const list = async (query = ''): Promise<any> => (await fleet.get(`/api/v1/applications?${query}`)).body;

  it('is on its way and not broken, until it is compared', async () => {
    await eventually(async () => expect((await list()).total).toBe(1));
    for (const query of ['', 'fresh=true', 'problem=progressing']) {
      const { applications } = await list(query);
      expect(applications).toMatchObject([{ name: 'temp', sync: 'Unknown', reason: 'Not compared yet' }]);
    }
    expect((await list('problem=true')).total).toBe(0);
    expect((await fleet.get('/api/v1/status')).body).toMatchObject({ applications: 1, worst: [], causes: [] });

    const simulator = fleet.simulators['eu']!;
    simulator.clearFault(fault);
    await fetch(`${simulator.url}/api/v1/applications/temp?refresh=normal`, {
      headers: { authorization: `Bearer ${simulator.tokens.admin}` },
    });
    await eventually(async () => expect((await list()).applications).toMatchObject([{ sync: 'OutOfSync' }]));
    expect((await list()).applications[0].reason).not.toMatch(/compared/);
  });
});
