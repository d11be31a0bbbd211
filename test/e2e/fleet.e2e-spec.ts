import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { runFleet, type RunningFleet } from '../support/running-fleet.js';

const byName = (rows: { name: string }[]) => rows.map(({ name }) => name).sort();

describe('a fleet of healthy clusters', () => {
  let fleet: RunningFleet;
  beforeAll(async () => {
    fleet = await runFleet({
      clusters: [
        { name: 'eu-prod', labels: { env: 'prod', region: 'eu' }, simulator: { version: '3.6', applications: 30 } },
        { name: 'us-prod', labels: { env: 'prod', region: 'us' }, simulator: { version: '2.14', applications: 20 } },
        {
          name: 'eu-dev',
          labels: { env: 'dev', region: 'eu' },
          simulator: { version: '3.1', applications: 10 },
          readOnly: true,
        },
      ],
    });
  });
  afterAll(() => fleet?.close());

  it('one call lists the applications of all clusters, and says how old that is', async () => {
    const { status, body } = await fleet.get('/api/v1/applications?limit=200');
    expect(status).toBe(200);
    expect(body.total).toBe(60);
    expect(body.applications).toHaveLength(60);
    expect(body.unavailable).toEqual([]);
    expect(Date.now() - Date.parse(body.asOf)).toBeLessThan(60_000);
    expect(new Set(body.applications.map((row: { cluster: string }) => row.cluster))).toEqual(
      new Set(['eu-prod', 'us-prod', 'eu-dev']),
    );
  });

  it('the index holds exactly what each Argo CD says, row for row', async () => {
    for (const [cluster, simulator] of Object.entries(fleet.simulators)) {
      const upstream = await fetch(`${simulator.url}/api/v1/applications`, {
        headers: { authorization: `Bearer ${simulator.tokens.admin}` },
      });
      const { items } = (await upstream.json()) as { items: any[] };
      const { body } = await fleet.get(`/api/v1/applications?limit=200&cluster=${cluster}`);
      const ours = body.applications.map((row: any) => [row.namespace, row.name, row.project, row.health, row.sync]);
      const theirs = items.map(({ metadata, spec, status }) => [
        metadata.namespace,
        metadata.name,
        spec.project,
        status.health.status,
        status.sync.status,
      ]);
      expect(ours.sort()).toEqual(theirs.sort());
    }
  });

  it.each([
    ['env=prod', ['eu-prod', 'us-prod']],
    ['eu-*', ['eu-dev', 'eu-prod']],
    ['eu-*,!eu-dev', ['eu-prod']],
    ['us-prod', ['us-prod']],
  ])('the cluster selector %s means %j', async (selector, expected) => {
    const { body } = await fleet.get(`/api/v1/clusters?cluster=${encodeURIComponent(selector)}`);
    expect(body.clusters.map((row: { cluster: string }) => row.cluster)).toEqual(expected);
  });

  it('filters, totals and pages agree', async () => {
    const { body: all } = await fleet.get('/api/v1/applications?limit=200&health=Degraded,Missing,Progressing');
    expect(all.total).toBe(all.applications.length);
    const healths = all.applications.map((row: { health: string }) => row.health);
    for (const [health, count] of Object.entries(all.totals.health)) {
      expect(healths.filter((each: string) => each === health)).toHaveLength(count as number);
    }
    const paged: { name: string }[] = [];
    let cursor = '';
    do {
      const { body } = await fleet.get(
        `/api/v1/applications?limit=2&health=Degraded,Missing,Progressing${cursor && `&cursor=${cursor}`}`,
      );
      paged.push(...body.applications);
      cursor = body.nextCursor ?? '';
    } while (cursor);
    expect(byName(paged)).toEqual(byName(all.applications));
  });

  it('unknown names get a did-you-mean', async () => {
    const cluster = await fleet.get('/api/v1/applications?cluster=eu-prdo');
    expect(cluster.status).toBe(404);
    expect(cluster.body).toMatchObject({ code: 'unknown_cluster', details: { suggestions: ['eu-prod'] } });
    const { body } = await fleet.get('/api/v1/applications?cluster=eu-prod&limit=1');
    const [{ name }] = body.applications;
    const application = await fleet.get(`/api/v1/applications/${name}x?cluster=eu-prod`);
    expect(application.status).toBe(404);
    expect(application.body.details.suggestions).toContain(name);
  });

  it('get_application asks the cluster and shows what the list cannot', async () => {
    const { body: list } = await fleet.get('/api/v1/applications?cluster=eu-prod&health=Healthy&sync=Synced&limit=1');
    const [row] = list.applications;
    const { status, body } = await fleet.get(`/api/v1/applications/${row.name}?cluster=eu-prod`);
    expect(status).toBe(200);
    expect(body.application).toMatchObject({ name: row.name, cluster: 'eu-prod', health: 'Healthy' });
    expect(body.application.resources.total).toBeGreaterThan(0);
    expect(body.stale).toBeUndefined();
  });

  it('a change seen by Argo CD is seen here', async () => {
    const { body: list } = await fleet.get('/api/v1/applications?cluster=us-prod&health=Healthy&limit=1');
    const [{ name }] = list.applications;
    fleet.simulators['us-prod']?.mutate(name, { health: { status: 'Degraded' } });
    await eventually(async () => {
      const { body } = await fleet.get(`/api/v1/applications?cluster=us-prod&name=${name}`);
      expect(body.applications[0].health).toBe('Degraded');
    });
  });

  it('a sync runs to its end as a job', async () => {
    const { body: list } = await fleet.get(
      '/api/v1/applications?cluster=eu-prod&sync=OutOfSync&health=Healthy&limit=1',
    );
    const [{ name }] = list.applications;
    const started = await fleet.post(`/api/v1/applications/${name}/sync`, { cluster: 'eu-prod' });
    expect(started.status).toBe(202);
    const { jobId } = started.body.job;
    expect(started.headers.get('location')).toBe(`/api/v1/jobs/${jobId}`);
    const { body } = await fleet.get(`/api/v1/jobs/${jobId}/wait`);
    expect(body.job).toMatchObject({ jobId, kind: 'sync', cluster: 'eu-prod', application: name, state: 'succeeded' });
    expect(body.job.outcome.sync).toBe('Synced');
    expect(body.job.durable).toBe(false);
    expect(fleet.simulators['eu-prod']?.operations()).toHaveLength(1);
  });

  it('jobs, tools, upstream requests and feeds are measured, without a label that grows with applications', async () => {
    const { body } = (await fleet.get('/metrics')) as { body: string };
    for (const line of [
      /^jobs_total\{kind="sync",state="queued"\} [1-9]/m,
      /^jobs_total\{kind="sync",state="succeeded"\} [1-9]/m,
      /^tool_duration_seconds_count\{tool="list_applications",outcome="ok"\} [1-9]/m,
      /^upstream_requests_total\{cluster="eu-prod",endpoint="sync",outcome="ok"\} 1$/m,
      /^fleet_feed_state\{cluster="eu-prod",state="live"\} 1$/m,
      /^fleet_feed_age_seconds\{cluster="eu-prod"\} \d/m,
      /^fleet_feed_state_since_timestamp_seconds\{cluster="eu-prod"\} \d{10}/m,
      /^fleet_feed_last_list_timestamp_seconds\{cluster="eu-prod"\} \d{10}/m,
    ]) {
      expect(body).toMatch(line);
    }
    expect(body).not.toMatch(/application=|name=/);
  });

  it('a read-only cluster is never changed', async () => {
    const { body: list } = await fleet.get('/api/v1/applications?cluster=eu-dev&limit=1');
    const [{ name }] = list.applications;
    const { status, body } = await fleet.post(`/api/v1/applications/${name}/sync`, { cluster: 'eu-dev' });
    expect(status).toBe(403);
    expect(body.code).toBe('read_only');
    expect(fleet.simulators['eu-dev']?.operations()).toEqual([]);
  });
});

describe('a fleet with sick clusters', () => {
  let fleet: RunningFleet;
  let silent: Server;
  beforeAll(async () => {
    // Accepts connections and never says a word.
    silent = createServer(() => {}).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = silent.address() as AddressInfo;
    fleet = await runFleet({
      live: false,
      clusters: [
        { name: 'well', simulator: { applications: 10 } },
        { name: 'falls', simulator: { applications: 10, seed: 1 } },
        { name: 'hung', url: `http://127.0.0.1:${port}`, limits: { timeoutMs: 1500 } },
        { name: 'gone', url: 'http://127.0.0.1:9', limits: { timeoutMs: 1500 } },
      ],
    });
    await eventually(async () => {
      const { body } = await fleet.get('/api/v1/clusters');
      const states = Object.fromEntries(body.clusters.map((row: any) => [row.cluster, row.feed.state]));
      expect(states).toMatchObject({ well: 'live', falls: 'live', hung: 'down', gone: 'down' });
    });
  });
  afterAll(async () => {
    await fleet?.close();
    silent?.close();
  });

  it('an unreachable or hung cluster does not hide the others, and is named', async () => {
    const startedAt = performance.now();
    const { status, body } = await fleet.get('/api/v1/applications?limit=200');
    expect(performance.now() - startedAt).toBeLessThan(1000);
    expect(status).toBe(200);
    expect(body.total).toBe(20);
    expect(body.unavailable.map((each: any) => [each.cluster, each.code])).toEqual([
      ['hung', 'cluster_timeout'],
      ['gone', 'cluster_unreachable'],
    ]);
  });

  it('readiness does not wait for clusters', async () => {
    const { status, body } = await fleet.get('/readyz');
    expect([status, body.status]).toEqual([200, 'ready']);
  });

  it('no address of an Argo CD stands in an answer about a cluster that fails', async () => {
    const { body } = await fleet.get('/api/v1/clusters');
    expect(JSON.stringify(body)).not.toContain('127.0.0.1:9"');
    expect(JSON.stringify(body.unavailable)).not.toMatch(/127\.0\.0\.1/);
  });

  it('with one cluster not live, a change without cluster is refused as ambiguous', async () => {
    const { body: list } = await fleet.get('/api/v1/applications?cluster=well&limit=1');
    const [{ name }] = list.applications;
    const { status, body } = await fleet.post(`/api/v1/applications/${name}/sync`, {});
    expect(status).toBe(409);
    expect(body.code).toBe('ambiguous');
    expect(body.details.unavailable.map((each: any) => each.cluster)).toEqual(['hung', 'gone']);
    expect(fleet.simulators['well']?.operations()).toEqual([]);
  });

  it('a cluster that goes down keeps its rows, marked stale, and comes back by itself', async () => {
    const falls = fleet.simulators['falls'];
    const { body: before } = await fleet.get('/api/v1/applications?cluster=falls&limit=1');
    const [{ name }] = before.applications;
    falls?.goDown();
    await eventually(async () => {
      const { body } = await fleet.get('/api/v1/applications?cluster=falls&limit=200');
      expect(body.total).toBe(10);
      expect(body.applications.every((row: any) => row.stale === true)).toBe(true);
      expect(body.unavailable).toMatchObject([{ cluster: 'falls', staleRows: 10 }]);
    });
    const { status, body } = await fleet.get(`/api/v1/applications/${name}?cluster=falls`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      stale: true,
      application: { name, stale: true },
      unavailable: [{ cluster: 'falls' }],
    });
    expect(Date.parse(body.asOf)).toBeLessThanOrEqual(Date.now());
    await falls?.comeUp();
    await eventually(
      async () => {
        const { body: again } = await fleet.get('/api/v1/applications?cluster=falls&limit=200');
        expect(again.unavailable).toEqual([]);
        expect(again.applications.some((row: any) => row.stale)).toBe(false);
      },
      { timeoutMs: 25_000 },
    );
  });
});
