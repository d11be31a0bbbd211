import { afterEach, describe, expect, it } from '@jest/globals';
import { request } from 'node:http';
import type { Simulator } from './simulator.js';
import { application, call, closeAll, create, eventually, get, start, sync } from './spec-client.js';

afterEach(closeAll);

const LIST = 'GET /api/v1/applications';

/** A call to `/_simulator`, as another process makes it. */
async function admin(
  simulator: Simulator,
  line: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; json: any }> {
  const [method = 'GET', path = ''] = line.split(' ');
  const sent = { ...(method === 'GET' ? {} : { 'content-type': 'application/json' }), ...headers };
  return new Promise((resolve, reject) => {
    const outgoing = request(`${simulator.adminUrl}${path}`, { method, headers: sent, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, json: JSON.parse(text) }));
    });
    outgoing.on('error', reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

describe('the administration of the simulator', () => {
  it('refuses foreign hosts and origins, and changes that are not JSON', async () => {
    const simulator = await start();
    expect((await admin(simulator, 'GET /requests', undefined, { host: 'evil.example.com' })).status).toBe(403);
    for (const origin of ['https://evil.example.com', 'null'])
      expect((await admin(simulator, 'GET /requests', undefined, { origin })).status).toBe(403);
    expect((await admin(simulator, 'POST /faults', {}, { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await admin(simulator, 'GET /faults', undefined, { origin: 'http://localhost:1234' })).status).toBe(200);
  });

  it('keeps whose token came, never the token, and what was accepted', async () => {
    const simulator = await start();
    await create(simulator, 'one');
    await sync(simulator, 'one', { infos: [{ name: 'job', value: 'x' }] });
    const { requests } = (await admin(simulator, 'GET /requests')).json;
    expect(requests.find((one: { path: string }) => one.path.endsWith('/sync'))).toMatchObject({
      method: 'POST',
      status: 200,
      account: 'bot',
    });
    expect(JSON.stringify(requests)).not.toContain(simulator.tokens.admin);
    expect((await admin(simulator, 'GET /operations')).json.operations).toMatchObject([
      { application: 'one', kind: 'sync', phase: 'Succeeded', infos: [{ name: 'job', value: 'x' }] },
    ]);
    await admin(simulator, 'DELETE /operations');
    expect(simulator.operations()).toEqual([]);
  });

  it('sets rights, tokens, faults and applications', async () => {
    const simulator = await start();
    await admin(simulator, 'PUT /rights/dev', {
      rules: [{ resource: 'applications', action: 'get', object: 'default/one' }],
    });
    const { token } = (await admin(simulator, 'POST /tokens', { account: 'dev' })).json;
    for (const name of ['one', 'two']) await create(simulator, name);
    const authorization = `Bearer ${token}`;
    expect((await call(simulator, LIST, undefined, { authorization })).json.items).toHaveLength(1);
    expect((await call(simulator, 'POST /api/v1/applications/one/sync', {}, { authorization })).json.message).toMatch(
      /^permission denied: applications, sync, default\/one, sub: dev, iat: /,
    );
    await admin(simulator, 'POST /expire', { account: 'dev' });
    expect((await call(simulator, LIST, undefined, { authorization })).json.message).toContain('token is expired');
    const { id } = (await admin(simulator, 'POST /faults', { kind: 'status' })).json;
    expect((await admin(simulator, `DELETE /faults/${id}`)).status).toBe(200);
    expect((await admin(simulator, 'POST /faults', { kind: 'nonsense' })).status).toBe(400);
    expect((await admin(simulator, 'POST /applications', { count: 2, prefix: 'made' })).json.applications).toEqual([
      'made-1',
      'made-2',
    ]);
    await admin(simulator, 'PATCH /applications/one', { health: { status: 'Degraded', message: 'forced' } });
    expect((await get(simulator, 'one')).status.health.status).toBe('Degraded');
    await admin(simulator, 'DELETE /applications/two');
    expect((await call(simulator, 'GET /api/v1/applications/two?project=default')).status).toBe(404);
  });

  it('a fleet has the same names for the same seed, most of it fine, and every ailment among many', async () => {
    const [first, second] = [
      await start({ world: 'fleet', applications: 200 }),
      await start({ world: 'fleet', applications: 200 }),
    ];
    expect(first.applications).toEqual(second.applications);
    const { items } = (await call(first, LIST)).json;
    const seen = (read: (app: any) => string | undefined): Set<string | undefined> => new Set(items.map(read));
    expect([...seen((app) => app.status.sync.status)].sort()).toEqual(['OutOfSync', 'Synced', 'Unknown']);
    expect([...seen((app) => app.status.health.status)].sort()).toEqual([
      'Degraded',
      'Healthy',
      'Missing',
      'Progressing',
      'Suspended',
    ]);
    expect(seen((app) => app.spec.project).size).toBeGreaterThan(4);
    expect(seen((app) => app.status.operationState?.phase)).toContain('Failed');
    const fine = items.filter(
      (app: any) => app.status.sync.status === 'Synced' && app.status.health.status === 'Healthy',
    ).length;
    expect(fine / items.length).toBeCloseTo(0.85, 1);
    const behind = items.find(
      (app: any) => app.status.sync.status === 'OutOfSync' && app.status.operationState?.phase === 'Succeeded',
    );
    await sync(first, behind.metadata.name, { prune: true });
    await eventually(
      () => get(first, behind.metadata.name),
      (app) => app.status.sync.status === 'Synced' && app.status.health.status === 'Healthy',
    );
  });

  it('what it does not serve answers 501, and what a release does not have 404', async () => {
    const simulator = await start({ version: '2.14' });
    const unserved = await call(simulator, 'GET /api/v1/clusters');
    expect([unserved.status, unserved.json.code]).toEqual([501, 12]);
    expect((await call(simulator, 'POST /api/v1/applications/one/resource/actions/v2', {})).text).toBe('Not Found\n');
  });

  it('deleting with cascade takes a moment, in which a sync is refused', async () => {
    const simulator = await start();
    await create(simulator, 'one');
    await sync(simulator, 'one');
    expect((await call(simulator, 'DELETE /api/v1/applications/one?cascade=true')).text).toBe('{}');
    expect((await get(simulator, 'one')).metadata.deletionTimestamp).toBeDefined();
    const refused = await call(simulator, 'POST /api/v1/applications/one/sync', {});
    expect([refused.status, refused.json.message]).toEqual([400, 'application is deleting']);
    await eventually(
      () => call(simulator, 'GET /api/v1/applications/one?project=default'),
      (answer) => answer.status === 404,
    );
  });

  it('a closed window refuses a sync', async () => {
    const simulator = await start();
    await call(simulator, 'POST /api/v1/applications', application('frozen', 'config', { project: 'payments' }));
    const blocked = await call(simulator, 'POST /api/v1/applications/frozen/sync', { project: 'payments' });
    expect([blocked.status, blocked.json.message]).toEqual([403, 'cannot sync: blocked by sync window']);
  });
});
