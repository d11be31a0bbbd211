import { afterEach, describe, expect, it } from '@jest/globals';
import { hashKey, newKey } from '../../src/auth/api-key.js';
import type { Simulator } from '../../src/simulator/simulator.js';
import { eventually } from '../support/eventually.js';
import { connectHttp } from '../support/mcp-clients.js';
import { describeOwnRedis, describeRedis, startRedis, uniquePrefix } from '../support/redis.js';
import { runFleet, type FleetSetup, type RunningFleet } from '../support/running-fleet.js';

let fleet: RunningFleet;
afterEach(() => fleet?.close());

const setup = (change: Partial<FleetSetup> = {}): FleetSetup => ({
  clusters: [{ name: 'eu', simulator: { applications: 12 } }],
  ...change,
});
const simulator = (): Simulator => fleet.simulators['eu'] as Simulator;
const aHealthyOne = async (): Promise<string> =>
  (await fleet.get('/api/v1/applications?health=Healthy&sync=Synced&limit=1')).body.applications[0].name;
const read = (name: string, query = '') => fleet.get(`/api/v1/applications/${name}?cluster=eu${query}`);
/** How often Argo CD was asked for that application. */
const asked = (name: string): number =>
  simulator()
    .requests()
    .filter(({ method, path }) => method === 'GET' && path.startsWith(`/api/v1/applications/${name}?`)).length;

const withoutTime = ({ asOf: _, cached: __, ...rest }: Record<string, unknown>) => rest;

function guarantees(start: () => Promise<void>): void {
  it('the second question about an application asks Argo CD nothing, and says when the first did', async () => {
    await start();
    const name = await aHealthyOne();
    const first = (await read(name)).body;
    expect(first.cached).toBeUndefined();
    const second = (await read(name)).body;
    expect(asked(name)).toBe(1);
    expect(second).toMatchObject({ cached: true, asOf: first.asOf, unavailable: [] });
    expect(withoutTime(second)).toEqual(withoutTime(first));
    expect(second.application.resources.total).toBeGreaterThan(0);
    expect(second.application.history).toHaveLength(1);
  });

  it('a newer version of the application is asked for', async () => {
    await start();
    const name = await aHealthyOne();
    await read(name);
    simulator().mutate(name, { health: { status: 'Degraded', message: 'a new trouble' } });
    const newer = await eventually(async () => {
      const { body } = await read(name);
      expect(body.application.health).toBe('Degraded');
      return body;
    });
    expect(newer.application.resources.total).toBeGreaterThan(0);
    expect(asked(name)).toBeGreaterThan(1);
  });

  it('fresh asks, whatever is kept', async () => {
    await start();
    const name = await aHealthyOne();
    await read(name);
    const fresh = (await read(name, '&fresh=true')).body;
    expect(asked(name)).toBe(2);
    expect(fresh.cached).toBeUndefined();
    expect((await read(name)).body).toMatchObject({ cached: true, asOf: fresh.asOf });
  });
}

describe('details of applications, without Redis', () => {
  guarantees(async () => {
    fleet = await runFleet(setup());
  });

  it('fresh fails when the cluster cannot be asked; without it the last known state comes with what was read', async () => {
    fleet = await runFleet(setup({ clusters: [{ name: 'eu', limits: { timeoutMs: 1_500 } }] }));
    const name = await aHealthyOne();
    const first = (await read(name)).body;
    simulator().goDown();
    const { status, body: failed } = await read(name, '&fresh=true');
    expect(status).toBe(502);
    expect(failed).toMatchObject({ code: 'cluster_unreachable', retryable: true });
    const { body } = await read(name);
    if (body.stale) {
      expect(body.unavailable).toMatchObject([{ cluster: 'eu', code: 'cluster_unreachable' }]);
      expect(body.application.stale).toBe(true);
    }
    expect(body).toMatchObject({ cached: true, asOf: first.asOf });
    expect(body.application.history).toEqual(first.application.history);
    await eventually(async () => expect((await read(name)).body.stale).toBe(true));
  });

  it('where no cluster is named, the answer names those where another one of that name may be', async () => {
    const us = { name: 'us', limits: { timeoutMs: 1_500 }, simulator: { world: 'empty' as const } };
    fleet = await runFleet(setup({ clusters: [{ name: 'eu' }, us] }));
    const name = await aHealthyOne();
    const unnamed = async () => (await fleet.get(`/api/v1/applications/${name}`)).body;
    expect((await unnamed()).unavailable).toEqual([]);
    fleet.simulators['us']?.goDown();
    await eventually(async () => {
      const [body, fresh] = [await unnamed(), (await fleet.get(`/api/v1/applications/${name}?fresh=true`)).body];
      expect(body.unavailable).toMatchObject([{ cluster: 'us', code: 'cluster_unreachable' }]);
      expect(fresh.unavailable).toEqual(body.unavailable);
    });
    expect((await read(name)).body.unavailable).toEqual([]);
    simulator().goDown();
    await eventually(async () => {
      const { stale, unavailable } = await unnamed();
      expect([stale, unavailable.map(({ cluster }: { cluster: string }) => cluster)]).toEqual([true, ['eu', 'us']]);
    });
  });

  it('two questions at once, over MCP and REST, come to the same answer', async () => {
    fleet = await runFleet(setup());
    const name = await aHealthyOne();
    const client = await connectHttp('modern', new URL('/mcp', fleet.url));
    try {
      const first = await client.call('get_application', { application: name, cluster: 'eu' });
      expect((await read(name)).body).toEqual({ ...first.structuredContent, cached: true });
      const fresh = await client.call('get_application', { application: name, cluster: 'eu', fresh: true });
      expect(fresh.structuredContent).not.toHaveProperty('cached');
    } finally {
      await client.close();
    }
  });

  it('a key does not see a cached detail of a project that is hidden from it', async () => {
    const keys = { admin: newKey(), payments: newKey() };
    fleet = await runFleet(
      setup({
        server: {
          apiKeys: [
            { name: 'admin', hash: hashKey(keys.admin), role: 'admin' },
            { name: 'payments', hash: hashKey(keys.payments), role: 'viewer', projects: ['payments'] },
          ],
        },
      }),
    );
    const as = (key: string) => ({ authorization: `Bearer ${key}` });
    const { body } = await fleet.get('/api/v1/applications?limit=50', as(keys.admin));
    const { name } = body.applications.find(({ project }: { project: string }) => project !== 'payments');
    const path = `/api/v1/applications/${name}?cluster=eu`;
    await fleet.get(path, as(keys.admin));
    expect((await fleet.get(path, as(keys.admin))).body.cached).toBe(true);
    const hidden = await fleet.get(path, as(keys.payments));
    expect(hidden.status).toBe(404);
    expect(JSON.stringify(hidden.body)).not.toMatch(/history|resources/);
  });
});

describeRedis('details of applications, in Redis', (redis) => {
  guarantees(async () => {
    fleet = await runFleet(setup({ redis: { cache: redis.url, queue: redis.url, keyPrefix: uniquePrefix() } }));
  });
});

describeOwnRedis('details of applications, when Redis goes away', () => {
  it('are read from the cluster', async () => {
    const redis = await startRedis();
    try {
      fleet = await runFleet(setup({ redis: { cache: redis.url, queue: redis.url, keyPrefix: uniquePrefix() } }));
      const name = await aHealthyOne();
      await read(name);
      expect((await read(name)).body.cached).toBe(true);
      await redis.kill();
      const { status, body } = await read(name);
      expect(status).toBe(200);
      expect(body.cached).toBeUndefined();
      expect(body.application.resources.total).toBeGreaterThan(0);
      expect(asked(name)).toBe(2);
    } finally {
      await fleet.close();
      await redis.stop();
    }
  });
});
