import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { hashKey, newKey } from '../../src/auth/api-key.js';
import { eventually } from '../support/eventually.js';
import { connectHttp } from '../support/mcp-clients.js';
import { runFleet, type RunningFleet } from '../support/running-fleet.js';

/* What a key hides does not exist: no answer, total, suggestion or error names it. */

const keys = {
  admin: newKey(),
  europe: newKey(),
  europeToo: newKey(),
  payments: newKey(),
  both: newKey(),
  nothing: newKey(),
  tools: newKey(),
};
type KeyName = keyof typeof keys;

const scopes: Record<KeyName, Record<string, unknown>> = {
  admin: { role: 'admin' },
  europe: { role: 'operator', clusters: 'region=eu' },
  europeToo: { role: 'viewer', clusters: 'region=eu' },
  payments: { role: 'viewer', projects: ['payments'] },
  both: { role: 'viewer', clusters: 'us-*', projects: ['pay*', 'platform'] },
  nothing: { role: 'viewer', projects: ['no-such-project'] },
  tools: { role: 'operator', tools: ['list_*', 'get_job'] },
};

interface Row {
  cluster: string;
  name: string;
  project: string;
}

describe('authorisation', () => {
  let fleet: RunningFleet;
  let everything: Row[];
  const auth = (key: KeyName) => ({ authorization: `Bearer ${keys[key]}` });

  beforeAll(async () => {
    fleet = await runFleet({
      clusters: [
        { name: 'eu-zulu', labels: { region: 'eu' }, simulator: { applications: 25 } },
        { name: 'us-kilo', labels: { region: 'us' }, simulator: { applications: 25, seed: 99 } },
        { name: 'us-lima', labels: { region: 'us' }, url: 'http://127.0.0.1:9' },
      ],
      live: false,
      server: {
        apiKeys: Object.entries(scopes).map(([name, scope]) => ({
          name,
          hash: hashKey(keys[name as KeyName]),
          ...scope,
        })),
      },
    });
    await eventually(
      async () => {
        const { body } = await fleet.get('/api/v1/applications?limit=200', auth('admin'));
        expect(body.total).toBe(50);
        everything = body.applications;
      },
      { timeoutMs: 20_000 },
    );
  });
  afterAll(() => fleet?.close());

  const sees: Record<KeyName, (row: { cluster: string; project?: string }) => boolean> = {
    admin: () => true,
    europe: ({ cluster }) => cluster === 'eu-zulu',
    europeToo: ({ cluster }) => cluster === 'eu-zulu',
    payments: ({ project }) => project === undefined || project === 'payments',
    both: ({ cluster, project }) =>
      cluster.startsWith('us-') && (project === undefined || project.startsWith('pay') || project === 'platform'),
    nothing: ({ project }) => project === undefined,
    tools: () => true,
  };

  it('a call without a key, or with a wrong one, is told nothing', async () => {
    for (const headers of [{}, { authorization: 'Bearer afm_wrong' }, { authorization: 'Basic x' }]) {
      const { status, body, headers: answer } = await fleet.get('/api/v1/clusters', headers as Record<string, string>);
      expect(status).toBe(401);
      expect(body.code).toBe('unauthenticated');
      expect(answer.get('www-authenticate')).toMatch(/^Bearer/);
      expect(JSON.stringify(body)).not.toMatch(/zulu|kilo|lima|afm_/);
    }
    const mcp = await fetch(new URL('/mcp', fleet.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
    });
    expect(mcp.status).toBe(401);
  });

  describe.each(Object.keys(keys) as KeyName[])('with the key %s', (key) => {
    it('lists and counts exactly what the key may see', async () => {
      const { body } = await fleet.get('/api/v1/applications?limit=200', auth(key));
      const expected = everything.filter(sees[key]);
      const ids = (rows: Row[]) => rows.map(({ cluster, name }) => `${cluster}/${name}`).sort();
      expect(ids(body.applications)).toEqual(ids(expected));
      expect(body.total).toBe(expected.length);
      const counted = Object.values(body.totals.health as Record<string, number>).reduce((a, b) => a + b, 0);
      expect(counted).toBe(expected.length);
      const { body: clusters } = await fleet.get('/api/v1/clusters', auth(key));
      for (const { cluster, applications } of clusters.clusters) {
        expect(applications).toBe(expected.filter((row) => row.cluster === cluster).length);
      }
    });

    it('no answer, suggestion or error names what is hidden', async () => {
      const visible = everything.filter(sees[key]);
      const hiddenClusters = ['eu-zulu', 'us-kilo', 'us-lima'].filter((cluster) => !sees[key]({ cluster }));
      const visibleNames = new Set(visible.map(({ name }) => name));
      const hidden = everything.filter((row) => !sees[key](row));
      const hiddenNames = new Set(hidden.map(({ name }) => name).filter((name) => !visibleNames.has(name)));
      const leaks = (text: string, asked: string) => [
        ...hiddenClusters.filter((cluster) => text.replaceAll(asked, '').includes(cluster)),
        ...[...hiddenNames].filter((name) => text.replaceAll(asked, '').includes(`"${name}"`)),
      ];
      const ask = async (path: string, asked = '\u0000') => {
        const { body } = await fleet.get(`/api/v1${path}`, auth(key));
        expect({ path, leaks: leaks(JSON.stringify(body), asked) }).toEqual({ path, leaks: [] });
        return body;
      };
      for (const cluster of ['eu-zul', 'us-kil', 'us-lim']) await ask(`/applications?cluster=${cluster}`, cluster);
      for (const row of hidden.slice(0, 5)) {
        // Asking by the exact name answers as for a name that does not exist.
        const real = await fleet.get(`/api/v1/applications/${row.name}?cluster=${row.cluster}`, auth(key));
        expect(real.status).toBe(key === 'tools' ? 403 : 404);
        await ask(`/applications/${row.name}x`, `${row.name}x`);
        await ask(`/applications?name=${row.name}`, row.name);
        await ask(`/compare?application=${row.name}`, row.name);
        await ask(`/applications?project=${row.project}&limit=200`, row.project);
      }
      await ask('/clusters');
      await ask('/status?minutes=1440');
      await ask('/compare?application=*');
      await ask('/applications?limit=200');
    });

    it('a tool is listed exactly if a call of it is authorised', async () => {
      const calls: [string, () => Promise<{ status: number; body: { code?: string } }>][] = [
        ['get_fleet_status', () => fleet.get('/api/v1/status', auth(key))],
        ['list_clusters', () => fleet.get('/api/v1/clusters', auth(key))],
        ['list_applications', () => fleet.get('/api/v1/applications', auth(key))],
        ['get_application', () => fleet.get('/api/v1/applications/nope?cluster=nope', auth(key))],
        ['compare_application', () => fleet.get('/api/v1/compare?application=nope', auth(key))],
        ['sync_application', () => fleet.post('/api/v1/applications/nope/sync', { cluster: 'nope' }, auth(key))],
        ['get_job', () => fleet.get('/api/v1/jobs/nope', auth(key))],
        ['wait_for_job', () => fleet.get('/api/v1/jobs/nope/wait', auth(key))],
      ];
      for (const era of ['modern', 'legacy'] as const) {
        const client = await connectHttp(era, new URL('/mcp', fleet.url), keys[key]);
        const listed = (await client.listTools()).map(({ name }) => name);
        await client.close();
        const allowed: string[] = [];
        for (const [name, call] of calls) {
          const { status } = await call();
          if (status !== 403) allowed.push(name);
        }
        expect(listed).toEqual(allowed);
      }
    });
  });

  it('a cursor is of no use with a key that may see something else', async () => {
    for (const [from, to] of [
      ['admin', 'europe'],
      ['europe', 'admin'],
    ] as const) {
      const { body } = await fleet.get('/api/v1/applications?limit=1', auth(from));
      const { status, body: refused } = await fleet.get(
        `/api/v1/applications?limit=1&cursor=${body.nextCursor}`,
        auth(to),
      );
      expect(status).toBe(400);
      expect(refused.code).toBe('invalid_input');
    }
  });

  it('a cursor leads on with another key that may see the same', async () => {
    const page = async (key: KeyName, query: string) =>
      (await fleet.get(`/api/v1/applications?sort=name&${query}`, auth(key))).body;
    const both = (await page('europe', 'limit=2')).applications;
    const { applications, nextCursor } = await page('europe', 'limit=1');
    const next = await page('europeToo', `limit=1&cursor=${nextCursor}`);
    expect([...applications, ...next.applications]).toEqual(both);
  });

  it('a job of a hidden application does not exist', async () => {
    const row = everything.find(({ cluster, project }) => cluster === 'eu-zulu' && project !== 'payments') as Row;
    const started = await fleet.post(
      `/api/v1/applications/${row.name}/sync`,
      { cluster: 'eu-zulu', dryRun: true },
      auth('europe'),
    );
    expect(started.status).toBe(202);
    const { jobId } = started.body.job;
    expect((await fleet.get(`/api/v1/jobs/${jobId}/wait`, auth('europe'))).status).toBe(200);
    for (const key of ['payments', 'both', 'nothing'] as const) {
      for (const path of [`/api/v1/jobs/${jobId}`, `/api/v1/jobs/${jobId}/wait`]) {
        expect((await fleet.get(path, auth(key))).status).toBe(404);
      }
    }
  });

  it('metrics, which name every cluster, are for keys to which nothing is hidden', async () => {
    for (const key of ['admin', 'tools'] as const) {
      expect((await fleet.get('/metrics', auth(key))).status).toBe(200);
    }
    for (const key of ['europe', 'europeToo', 'payments', 'both', 'nothing'] as const) {
      const { status, body } = await fleet.get('/metrics', auth(key));
      expect(status).toBe(403);
      expect(JSON.stringify(body)).not.toMatch(/zulu|kilo|lima/);
    }
  });

  it('a viewer starts nothing', async () => {
    const row = everything.find(({ project }) => project === 'payments') as Row;
    const { status, body } = await fleet.post(
      `/api/v1/applications/${row.name}/sync`,
      { cluster: row.cluster },
      auth('payments'),
    );
    expect(status).toBe(403);
    expect(body.code).toBe('forbidden');
    expect(fleet.simulators[row.cluster]?.operations().filter((each: any) => each.application === row.name)).toEqual(
      [],
    );
  });

  it('of a cluster that is down, only the applications that the key may see are counted', async () => {
    fleet.simulators['eu-zulu']?.goDown();
    const visible = everything.filter(({ cluster, project }) => cluster === 'eu-zulu' && project === 'payments').length;
    await eventually(async () => {
      const { body } = await fleet.get('/api/v1/applications?cluster=eu-zulu', auth('payments'));
      expect(body.unavailable).toMatchObject([{ cluster: 'eu-zulu', staleRows: visible }]);
    });
  });
});
