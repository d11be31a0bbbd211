import { afterEach, describe, expect, it } from '@jest/globals';
import { hashKey, newKey } from '../../src/auth/api-key.js';
import { eventually } from '../support/eventually.js';
import { ReloadingFleet } from '../support/reloading-fleet.js';

describe('a change of the configuration while the server runs', () => {
  let fleet: ReloadingFleet;
  const ending: (() => void)[] = [];
  afterEach(async () => {
    for (const end of ending.splice(0)) end();
    await fleet?.close();
  });

  /** How often the stream of all applications was opened. */
  const streamsOf = (name: string): number =>
    fleet.simulators[name]!.requests().filter(({ path }) => path.startsWith('/api/v1/stream/applications?')).length;
  const namesAre = (...names: string[]) => eventually(async () => expect(await fleet.names()).toEqual(names));

  it('a cluster that is added is served, one that is removed is gone, the others notice nothing', async () => {
    fleet = await ReloadingFleet.start([{ name: 'eu' }, { name: 'us' }]);
    await fleet.simulate('ap');
    const hash = (await fleet.get('/clusters')).body.configuration.hash as string;
    const before = streamsOf('eu');
    expect(before).toBe(1);

    fleet.write([{ name: 'eu' }, { name: 'ap' }]);
    await namesAre('ap', 'eu');
    await eventually(async () => expect((await fleet.get('/applications?cluster=ap')).body.total).toBe(10));
    expect((await fleet.get('/applications?cluster=us')).body.code).toBe('unknown_cluster');
    expect((await fleet.get('/applications')).body.total).toBe(20);
    const { configuration } = (await fleet.get('/clusters')).body;
    expect(configuration.hash).not.toBe(hash);
    expect(streamsOf('eu')).toBe(before);
    await eventually(() => expect(fleet.simulators['us']!.openStreams()).toBe(0));

    expect(fleet.reloads()).toEqual([
      expect.objectContaining({
        ...{ msg: 'configuration reloaded', because: 'file', result: 'applied', configHash: configuration.hash },
        ...{ added: ['ap'], removed: ['us'] },
      }),
    ]);
    await eventually(async () => {
      const metrics = await fleet.metrics();
      expect(metrics).not.toContain('cluster="us"');
      expect(metrics).toContain('config_reloads_total{result="applied"} 1');
      expect(metrics).toContain(`config_info{hash="${configuration.hash}"} 1`);
      expect(metrics).toContain('config_last_reload_successful 1');
    });
  });

  it('labels, read-only and limits count at once; only limits make the cluster connect anew, and no row goes', async () => {
    fleet = await ReloadingFleet.start([{ name: 'eu', labels: { env: 'dev' } }]);
    const before = streamsOf('eu');

    fleet.write([{ name: 'eu', labels: { env: 'prod' }, readOnly: true }]);
    await eventually(async () => expect((await fleet.get('/applications?cluster=env%3Dprod')).body.total).toBe(10));
    expect((await fleet.get('/applications?cluster=env%3Ddev')).body.code).toBe('unknown_cluster');
    expect((await fleet.get('/clusters')).body.clusters[0]).toMatchObject({ readOnly: true, labels: { env: 'prod' } });
    expect(streamsOf('eu')).toBe(before);

    const shortages: unknown[] = [];
    const watch = setInterval(() => {
      const [cluster] = fleet.server.fleet.clusters();
      if (cluster?.rows.size !== 10 || !cluster.feed.isLive) shortages.push(cluster?.feed.snapshot());
    }, 5);
    ending.push(() => clearInterval(watch));
    fleet.write([{ name: 'eu', labels: { env: 'prod' }, readOnly: true, limits: { timeoutMs: 4_000 } }]);
    await eventually(() => expect(streamsOf('eu')).toBe(before + 1));
    await eventually(() => expect(fleet.simulators['eu']!.openStreams()).toBe(1));
    await fleet.allLive();
    clearInterval(watch);
    expect(shortages).toEqual([]);
    expect(fleet.reloads().map(({ changed }) => changed)).toEqual([['eu: labels, readOnly'], ['eu: limits']]);
  });

  it('a token that is replaced in its file counts before a call fails, and takes no row away', async () => {
    fleet = await ReloadingFleet.start([{ name: 'eu' }]);
    const simulator = fleet.simulators['eu']!;
    const [name] = simulator.applications;
    const statuses: number[] = [];
    const ask = async (): Promise<void> => {
      const { status, body } = await fleet.get(`/applications/${name}?cluster=eu&fresh=true`);
      statuses.push(status);
      if (status !== 200) throw new Error(JSON.stringify(body));
      expect((await fleet.get('/applications')).body).toMatchObject({ total: 10, unavailable: [] });
    };
    await ask();
    // As rotations go: the new one is there before the old one ends.
    fleet.writeToken('eu', simulator.createToken('bot', { id: 'new' }));
    await eventually(() => expect(fleet.reloads()).toHaveLength(1));
    expect(fleet.reloads()[0]).toMatchObject({ result: 'applied', changed: ['eu: token'] });
    await eventually(() => expect(simulator.openStreams()).toBe(1));
    for (let i = 0; i < 20; i++) await ask();
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect((await fleet.get('/clusters')).body.configuration.hash).toBe(fleet.reloads()[0]!['configHash']);
  });

  it('a token that had expired is mended by the file: from then on no request fails', async () => {
    fleet = await ReloadingFleet.start([{ name: 'eu' }]);
    const simulator = fleet.simulators['eu']!;
    const [name] = simulator.applications;
    simulator.expireTokens('bot');
    const refused = await fleet.get(`/applications/${name}?cluster=eu&fresh=true`);
    expect(refused.body.code).toBe('cluster_refused');
    expect((await fleet.get('/applications')).body).toMatchObject({ total: 10 });

    simulator.setRights('other', [{ resource: '*', action: '*', object: '*' }]);
    fleet.writeToken('eu', simulator.createToken('other'));
    await eventually(() => expect(fleet.reloads()).toHaveLength(1));
    for (let i = 0; i < 20; i++) {
      expect((await fleet.get(`/applications/${name}?cluster=eu&fresh=true`)).status).toBe(200);
    }
    await fleet.allLive();
    expect((await fleet.get('/applications')).body).toMatchObject({ total: 10, unavailable: [] });
  });

  it('another URL makes another cluster of it: nothing of the old one is shown any more', async () => {
    fleet = await ReloadingFleet.start([{ name: 'eu' }], {
      simulators: { elsewhere: { applications: 7, seed: 5 } },
    });
    const first = (await fleet.get('/applications?limit=3')).body;
    const old = fleet.simulators['eu']!;
    const detail = async () => (await fleet.get(`/applications/${old.applications[0]}?cluster=eu`)).body;
    await detail();
    expect(await detail()).toMatchObject({ cached: true });
    fleet.write([{ name: 'eu', simulator: 'elsewhere' }]);
    await eventually(async () => {
      const { body } = await fleet.get('/applications');
      expect(body).toMatchObject({ total: 7, unavailable: [] });
      const names = body.applications.map(({ name }: { name: string }) => name).sort();
      expect(names).toEqual([...fleet.simulators['elsewhere']!.applications].sort());
    });
    expect(fleet.reloads()[0]).toMatchObject({ changed: ['eu: url'] });
    await eventually(() => expect(old.openStreams()).toBe(0));
    const page = await fleet.get(`/applications?limit=3&cursor=${encodeURIComponent(first.nextCursor)}`);
    expect(page.status).toBe(400);
    expect(page.body).toMatchObject({ code: 'invalid_input', details: { issues: [{ path: 'cursor' }] } });

    fleet.write([{ name: 'eu' }]);
    await eventually(async () => expect((await fleet.get('/applications')).body).toMatchObject({ total: 10 }));
    await fleet.allLive();
    // The same version of the same object: were it kept, it would be found.
    expect((await detail()).cached).toBeUndefined();
  });

  it('keys, read-only, names and origins of the server count from the next request on', async () => {
    fleet = await ReloadingFleet.start([{ name: 'eu' }]);
    const [admin, viewer] = [newKey(), newKey()];
    const origin = 'https://portal.example.com';
    fleet.write([{ name: 'eu' }], {
      server: {
        readOnly: true,
        corsOrigins: [origin],
        apiKeys: [
          { name: 'admin', role: 'admin', hash: hashKey(admin) },
          { name: 'viewer', role: 'viewer', clusters: 'us', hash: hashKey(viewer) },
        ],
      },
    });
    await eventually(async () => expect((await fleet.get('/clusters')).status).toBe(401));
    const as = (key: string) => ({ authorization: `Bearer ${key}` });
    expect((await fleet.get('/clusters', as(admin))).body.total).toBe(1);
    expect((await fleet.get('/clusters', as(viewer))).body.total).toBe(0);
    const answer = await fetch(`${fleet.server.url}/api/v1/clusters`, { headers: { ...as(admin), origin } });
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
    const refused = await fetch(`${fleet.server.url}/api/v1/applications/x/sync`, {
      method: 'POST',
      headers: { ...as(admin), 'content-type': 'application/json' },
      body: '{}',
    });
    expect(((await refused.json()) as any).code).toBe('read_only');
    expect(fleet.reloads()[0]).toMatchObject({ server: ['corsOrigins', 'readOnly', 'apiKeys'] });

    // The key of a cluster that comes later sees it without being written anew.
    await fleet.simulate('us');
    const keys = [{ name: 'viewer', role: 'viewer', clusters: 'us', hash: hashKey(viewer) }];
    fleet.write([{ name: 'eu' }, { name: 'us' }], { server: { apiKeys: keys } });
    await eventually(async () => expect((await fleet.get('/clusters', as(viewer))).body.total).toBe(1));
    expect((await fleet.get('/clusters', as(admin))).status).toBe(401);
  });

  it('a bad file is refused as a whole, with all that is wrong with it, and the old one stays', async () => {
    fleet = await ReloadingFleet.start([{ name: 'eu' }, { name: 'us' }]);
    const { hash } = (await fleet.get('/clusters')).body.configuration;
    fleet.write([
      { name: 'eu', labels: { env: 'prod' } },
      { name: 'EU', token: { file: '/no/such/token' } },
      { name: 'ap', url: 'ftp://x', tls: { caFile: '/no/such/ca' } },
    ]);
    await eventually(() => expect(fleet.reloads()).toHaveLength(1));
    const [refusal] = fleet.reloads();
    expect(refusal).toMatchObject({ level: 'error', result: 'refused', configHash: hash });
    const problems = (refusal!['problems'] as string[]).join('\n');
    for (const part of ['clusters[1].name', 'clusters[1].token', 'clusters[2].url', 'clusters[2].tls.caFile']) {
      expect(problems).toContain(part);
    }
    expect(problems).toMatch(/fleet\.yaml:\d+:\d+: /);
    expect(await fleet.names()).toEqual(['eu', 'us']);
    expect((await fleet.get('/clusters')).body.clusters[0].labels).toEqual({});
    expect((await fleet.get('/clusters')).body.configuration.hash).toBe(hash);
    const metrics = await fleet.metrics();
    expect(metrics).toContain('config_reloads_total{result="refused"} 1');
    expect(metrics).toContain('config_last_reload_successful 0');

    fleet.write([{ name: 'eu', labels: { env: 'prod' } }, { name: 'us' }]);
    await eventually(async () =>
      expect((await fleet.get('/clusters')).body.clusters[0].labels).toEqual({ env: 'prod' }),
    );
    expect(await fleet.metrics()).toContain('config_last_reload_successful 1');
  });

  it('what needs a restart is said, and the rest counts', async () => {
    fleet = await ReloadingFleet.start([{ name: 'eu' }]);
    await fleet.simulate('us');
    fleet.write([{ name: 'eu' }, { name: 'us' }], { redis: { keyPrefix: 'other' } });
    await namesAre('eu', 'us');
    expect(fleet.reloads()).toEqual([
      expect.objectContaining({
        ...{ level: 'warn', result: 'restart_needed', needsRestart: ['redis.keyPrefix'], added: ['us'] },
        msg: expect.stringContaining('a change of redis.keyPrefix needs a restart'),
      }),
    ]);
    expect(await fleet.metrics()).toContain('config_restart_needed 1');
    fleet.write([{ name: 'eu' }, { name: 'us' }]);
    await eventually(async () => expect(await fleet.metrics()).toContain('config_restart_needed 0'));
  });
});
