import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { countTokens } from 'gpt-tokenizer';
import { hashKey, newKey } from '../../src/auth/api-key.js';
import type { Simulator } from '../../src/simulator/simulator.js';
import { eventually } from '../support/eventually.js';
import { connectHttp } from '../support/mcp-clients.js';
import { runFleet, type RunningFleet } from '../support/running-fleet.js';

const status = async (fleet: RunningFleet, query = '', headers?: Record<string, string>): Promise<any> =>
  (await fleet.get(`/api/v1/status${query}`, headers)).body;

describe('the status of a fleet', () => {
  let fleet: RunningFleet;
  beforeAll(async () => {
    fleet = await runFleet({
      clusters: [
        { name: 'eu', labels: { env: 'prod' }, simulator: { applications: 40 } },
        { name: 'us', labels: { env: 'prod' }, simulator: { applications: 40 } },
        { name: 'ap', labels: { env: 'dev' }, simulator: { applications: 40, version: '2.14' } },
      ],
    });
  });
  afterAll(() => fleet?.close());

  it('says first how many clusters are known, and counts what the lists count', async () => {
    const { status: code, body } = await fleet.get('/api/v1/status');
    expect(code).toBe(200);
    expect(Object.keys(body)[0]).toBe('summary');
    expect(body.summary).toMatch(/^3 of 3 clusters known\. \d+ of 120 applications are broken\./);
    expect(body.clusters).toEqual({ known: 3, of: 3 });
    const { body: list } = await fleet.get('/api/v1/applications?limit=1');
    expect([body.applications, body.health, body.sync]).toEqual([list.total, list.totals.health, list.totals.sync]);
    const perCluster = body.byCluster.map(({ broken }: { broken: number }) => broken);
    expect(perCluster.reduce((sum: number, count: number) => sum + count, 0)).toBe(body.broken);
    expect(perCluster).toEqual([...perCluster].sort((a, b) => b - a));
  });

  it('costs a model about a thousand tokens and Argo CD nothing', async () => {
    for (const simulator of Object.values(fleet.simulators)) simulator.clearRequests();
    const { body } = await fleet.get('/api/v1/status');
    expect(countTokens(JSON.stringify(body))).toBeLessThan(1_300);
    const asked = Object.values(fleet.simulators).flatMap((simulator) =>
      simulator.requests().filter(({ path }) => !path.includes('/can-i/')),
    );
    expect(asked).toEqual([]);
  });

  it('the worst come first, each with its reason or the number of its cause', async () => {
    const body = await status(fleet);
    expect(body.worst.length).toBeGreaterThan(3);
    for (const each of body.worst) {
      expect(each.health === 'Healthy' && each.sync === 'Synced').toBe(false);
      if (each.cause !== undefined) expect(body.causes[each.cause - 1]).toBeDefined();
    }
    const { body: list } = await fleet.get('/api/v1/applications?limit=1');
    expect(body.worst[0].name).toBe(list.applications[0].name);
  });

  it('a cause that several clusters share is one line, with the raw text of one', async () => {
    const trouble = (n: number) => `admission webhook denied node-${n} at 10.0.0.${n}:443: quota exceeded`;
    const [eu, us] = Object.values(fleet.simulators).slice(0, 2) as [Simulator, Simulator];
    for (const [i, simulator] of [eu, us].entries()) {
      for (const name of simulator.applications.slice(0, 3)) {
        simulator.mutate(name, { comparisonError: trouble(i + 1) });
      }
    }
    const group = await eventually(async () => {
      const { causes } = await status(fleet);
      const found = causes.find(({ cause }: { cause: string }) => cause.includes('quota exceeded'));
      expect(found).toMatchObject({ applications: 6, clusters: 2 });
      return found;
    });
    expect(group.cause).toBe('Not comparable: admission webhook denied <name> at <address>: quota exceeded');
    expect(group.on.sort()).toEqual(['eu', 'us']);
    expect(group.example.text).toMatch(/^admission webhook denied node-[12] at 10\.0\.0\.[12]:443: quota exceeded$/);
  });

  it('applications that are ill and do not say why are no cause, and each is shown', async () => {
    const [eu] = Object.values(fleet.simulators) as [Simulator];
    const { body: list } = await fleet.get('/api/v1/applications?cluster=eu&sync=Synced&health=Healthy&limit=4');
    const names: string[] = list.applications.map(({ name }: { name: string }) => name);
    for (const name of names) {
      const message = `Caused by apps/Deployment:${name}/${name}`;
      eu.mutate(name, { health: { status: 'Degraded', message } });
    }
    await eventually(async () => {
      const { causes, worst } = await status(fleet, '?cluster=eu&minutes=5');
      expect(worst.map(({ name }: { name: string }) => name)).toEqual(expect.arrayContaining(names));
      expect(causes.filter(({ cause }: { cause: string }) => cause.startsWith('Degraded'))).toEqual([]);
    });
  });

  it('tells what changed: broken, removed, and deployed', async () => {
    const us = fleet.simulators['us']!;
    const [broke, removed] = us.applications.slice(-2) as [string, string];
    us.mutate(broke, { health: { status: 'Missing' } });
    us.mutate(removed, { isDeleted: true });
    const { body: list } = await fleet.get('/api/v1/applications?cluster=eu&sync=Synced&health=Healthy&limit=1');
    const [{ name }] = list.applications;
    const { body: started } = await fleet.post(`/api/v1/applications/${name}/sync`, { cluster: 'eu' });
    await fleet.get(`/api/v1/jobs/${started.job.jobId}/wait`);
    await eventually(async () => {
      const { changed } = await status(fleet, '?minutes=5');
      expect(changed.broke).toBeGreaterThan(0);
      expect(changed).toMatchObject({ minutes: 5, removed: 1, deployed: 1 });
      expect(changed.removalsSince).toBeDefined();
    });
    const { changed } = await status(fleet, '?minutes=5&cluster=us&project=*');
    expect(changed.latest).toContainEqual(
      expect.objectContaining({ what: 'removed', cluster: 'us', application: removed }),
    );
    expect((await status(fleet, '?cluster=ap')).changed).toMatchObject({ removed: 0, deployed: 0 });
  });

  it('keeps to what was asked: cluster, project, labels', async () => {
    const { body: list } = await fleet.get('/api/v1/applications?cluster=env=prod&project=payments&limit=1');
    const some = await status(fleet, '?cluster=env=prod&project=payments');
    expect(some.clusters).toEqual({ known: 2, of: 2 });
    expect(some.applications).toBe(list.total);
    expect(new Set(some.worst.map(({ project }: { project: string }) => project)).size).toBeLessThanOrEqual(1);
    const { body: labelled } = await fleet.get('/api/v1/applications?labels=tier%3Ddata&limit=1');
    expect((await status(fleet, '?labels=tier%3Ddata')).applications).toBe(labelled.total);
    expect((await fleet.get('/api/v1/status?minutes=0')).status).toBe(400);
    expect((await fleet.get('/api/v1/status?cluster=nope')).body.code).toBe('unknown_cluster');
  });

  it('is the same over MCP', async () => {
    const client = await connectHttp('modern', new URL('/mcp', fleet.url));
    try {
      const { structuredContent } = await client.call('get_fleet_status', { cluster: 'env=prod', minutes: 10 });
      const { asOf: _, ...overRest } = await status(fleet, '?cluster=env=prod&minutes=10');
      expect(structuredContent).toMatchObject(overRest);
      expect(client.instructions).toContain('get_fleet_status');
    } finally {
      await client.close();
    }
  });
});

describe('the status of a fleet that is not all known', () => {
  let fleet: RunningFleet;
  afterEach(() => fleet?.close());

  it('names the clusters that are not known, and shows what was last seen of them as stale', async () => {
    fleet = await runFleet({
      clusters: [{ name: 'eu' }, { name: 'us', simulator: { applications: 10, seed: 2 } }],
    });
    fleet.simulators['us']?.goDown();
    const body = await eventually(async () => {
      const now = await status(fleet);
      expect(now.clusters).toEqual({ known: 1, of: 2 });
      return now;
    });
    expect(body.summary).toMatch(/^1 of 2 clusters known \(not: us; their applications count as last seen\)\./);
    expect(body.unavailable).toMatchObject([{ cluster: 'us', staleRows: 10 }]);
    expect(body.unavailable[0].lastSeenAt).toBeDefined();
    expect(body.applications).toBe(20);
    for (const each of body.worst) expect(each.stale ?? false).toBe(each.cluster === 'us');
  });

  it('stays small when twenty clusters are down', async () => {
    const down = Array.from({ length: 20 }, (_, i) => ({ name: `down-${i}`, url: 'http://127.0.0.1:9' }));
    fleet = await runFleet({ clusters: [{ name: 'eu' }, ...down], live: false });
    await eventually(
      async () => {
        const body = await status(fleet);
        expect(body.clusters).toEqual({ known: 1, of: 21 });
        expect(body.unavailable).toHaveLength(5);
        expect(body.unavailableOmitted).toBe(15);
        expect(countTokens(JSON.stringify(body))).toBeLessThan(1_300);
      },
      { timeoutMs: 15_000 },
    );
  });

  it('a key learns nothing of clusters and projects that are hidden from it', async () => {
    const keys = { admin: newKey(), payments: newKey() };
    fleet = await runFleet({
      clusters: [
        { name: 'eu-zulu', labels: { region: 'eu' }, simulator: { applications: 40 } },
        { name: 'us-kilo', labels: { region: 'us' }, simulator: { applications: 40, seed: 5 } },
      ],
      server: {
        apiKeys: [
          { name: 'admin', hash: hashKey(keys.admin), role: 'admin' },
          {
            name: 'payments',
            hash: hashKey(keys.payments),
            role: 'viewer',
            clusters: 'region=eu',
            projects: ['payments'],
          },
        ],
      },
    });
    const as = (key: string) => ({ authorization: `Bearer ${key}` });
    const { body: all } = await fleet.get('/api/v1/applications?limit=200', as(keys.admin));
    const isVisible = (row: any) => row.cluster === 'eu-zulu' && row.project === 'payments';
    const hidden = all.applications.filter((row: any) => !isVisible(row));
    const gone = hidden.find(({ cluster }: any) => cluster === 'eu-zulu').name;
    fleet.simulators['eu-zulu']?.mutate(gone, { isDeleted: true });
    await eventually(async () => expect((await status(fleet, '', as(keys.admin))).changed.removed).toBe(1));
    const body = await status(fleet, '', as(keys.payments));
    expect(body.clusters).toEqual({ known: 1, of: 1 });
    expect(body.applications).toBe(all.applications.filter(isVisible).length);
    expect(body.changed.removed).toBe(0);
    const text = JSON.stringify(body);
    expect(text).not.toContain('us-kilo');
    const visibleNames = new Set(all.applications.filter(isVisible).map(({ name }: any) => name));
    for (const { name } of hidden) if (!visibleNames.has(name)) expect(text).not.toContain(`"${name}"`);
  });
});
