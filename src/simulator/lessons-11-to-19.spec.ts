import { afterEach, describe, expect, it } from '@jest/globals';
import { request } from 'node:https';
import { REPO, application, call, closeAll, create, eventually, follow, get, start, sync } from './spec-client.js';

afterEach(closeAll);

/** A self-signed pair for localhost that opens nothing. */
const TLS = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgz6r8sUArfvBiL78W
NsV4gUVc2NaJon7Ka4xmdby7AhihRANCAAR+KFDSyXatUBVBi7IxQcaI4A7VGZRU
wdRU4oXAzdBa4TWRcqH86x/oQwXKLagCUj3nT8VhdtpPPWq1ZiW7VRAm
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBgDCCASWgAwIBAgIUaMNP+2cjuYDW9IiUVRZaPeOnNE8wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNDA4MTEwN1oYDzIxMjYxMDMx
MDgxMTA3WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAR+KFDSyXatUBVBi7IxQcaI4A7VGZRUwdRU4oXAzdBa4TWRcqH86x/o
QwXKLagCUj3nT8VhdtpPPWq1ZiW7VRAmo1MwUTAdBgNVHQ4EFgQU26mrIg5FG1mp
Cj0E8mpORFe0OpwwHwYDVR0jBBgwFoAU26mrIg5FG1mpCj0E8mpORFe0OpwwDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAjiXwVtcIsRdrCPjCHK+t
LqNJgWdQUEpmBIpZplXeQDsCIQCdu5G+eGp/OFxtKQw0PEGeo3Vsu/I8dUFF3uWw
IJXkcQ==
-----END CERTIFICATE-----`,
};

describe('what running Argo CD taught, second half', () => {
  it('lesson 11: modified is given for what is missing too, is absent when equal, and Secrets are masked', async () => {
    const simulator = await start();
    await create(simulator, 'one');
    const missing = (await call(simulator, 'GET /api/v1/applications/one/managed-resources')).json.items;
    expect(missing[0]).toMatchObject({ kind: 'ConfigMap', liveState: 'null', modified: true });
    await sync(simulator, 'one');
    const equal = (await call(simulator, 'GET /api/v1/applications/one/managed-resources')).json.items;
    expect(equal.map((item: { modified?: boolean }) => item.modified)).toEqual([undefined, undefined]);
    expect(equal[1].liveState).toContain('++++++++');
    await create(simulator, 'two', 'guestbook');
    await sync(simulator, 'two');
    await eventually(
      () => get(simulator, 'two'),
      (app) => app.status.health.status === 'Healthy',
    );
    simulator.mutate('two', { isOutOfSync: true });
    expect((await get(simulator, 'two')).status).toMatchObject({
      sync: { status: 'OutOfSync' },
      health: { status: 'Healthy' },
    });
  });

  it('lesson 13: creating the same again is 200, another spec 400; a bad patch and surplus positions are 500', async () => {
    const simulator = await start();
    await create(simulator, 'one');
    expect((await call(simulator, 'POST /api/v1/applications', application('one'))).status).toBe(200);
    const other = await call(simulator, 'POST /api/v1/applications', application('one', 'guestbook'));
    expect([other.status, other.json.message]).toEqual([
      400,
      'existing application spec is different, use upsert flag to force update',
    ]);
    const patch = await call(simulator, 'PATCH /api/v1/applications/one', { patch: '{nope', patchType: 'merge' });
    expect([patch.status, patch.json.message]).toEqual([500, 'error calculating merge patch: Invalid JSON Patch']);
    const source = { repoURL: REPO, path: 'config', targetRevision: 'main' };
    await create(simulator, 'multi', 'config', {
      source: undefined,
      sources: [source, { ...source, path: 'guestbook' }],
    });
    const body = { sourcePositions: [1, 2], revisions: ['v1.0.0'] };
    const surplus = await call(simulator, 'POST /api/v1/applications/multi/sync', body);
    expect([surplus.status, surplus.json.message]).toEqual([
      500,
      'runtime error: index out of range [1] with length 1',
    ]);
    expect((await call(simulator, 'GET /api/v1/applications/one/revisions/1/chartdetails')).status).toBe(500);
  });

  it('lesson 14: revision metadata wants a resolved SHA; a project token sees its own project only; an unknown project is 404', async () => {
    const simulator = await start();
    const { status } = await create(simulator, 'one');
    const unresolved = await call(simulator, 'GET /api/v1/applications/one/revisions/main/metadata');
    expect([unresolved.status, unresolved.json.message]).toEqual([500, 'revision main must be resolved']);
    const resolved = await call(simulator, `GET /api/v1/applications/one/revisions/${status.sync.revision}/metadata`);
    expect(resolved.json.author).toBe('Platform Bot <bot@example.com>');
    const beyond = await call(
      simulator,
      `GET /api/v1/applications/one/revisions/${status.sync.revision}/metadata?sourceIndex=1`,
    );
    expect(beyond.status).toBe(500);
    expect(beyond.json.message).toMatch(/source index 1 not found because there is only 1 source$/);
    const project = { authorization: `Bearer ${simulator.tokens.project}` };
    const seen = (await call(simulator, 'GET /api/v1/projects?fields=items.metadata.name', undefined, project)).json;
    expect(seen).toEqual({ items: [{ metadata: { name: 'payments' } }] });
    expect((await call(simulator, 'GET /api/v1/projects/nope')).status).toBe(404);
  });

  it('lesson 15: a sync to another revision than the target ends Succeeded and leaves the application OutOfSync', async () => {
    const simulator = await start();
    await create(simulator, 'one');
    const ended = await sync(simulator, 'one', { revision: 'v1.0.0' });
    expect(ended.status.operationState.phase).toBe('Succeeded');
    const after = await eventually(
      () => get(simulator, 'one'),
      (app) => app.status.health.status === 'Healthy',
    );
    expect(after.status.sync.status).toBe('OutOfSync');
  });

  it('lesson 16: a page is served outside the API, so that a wrong base address shows by its content type', async () => {
    const simulator = await start();
    const page = await call(simulator, 'GET /some/page', undefined, { accept: 'text/html' });
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    const text = await call(simulator, 'GET /some/page', undefined, { accept: 'application/json' });
    expect([text.status, text.text]).toEqual([404, '404 page not found\n']);
  });

  it('lesson 16: a TLS server answers plain HTTP with 307', async () => {
    const simulator = await start({ tls: TLS });
    const plain = await fetch(`${simulator.url.replace('https', 'http')}/api/version`, { redirect: 'manual' });
    expect([plain.status, plain.headers.get('location')]).toEqual([307, `${simulator.url}/api/version`]);
    const secure = await new Promise<number | undefined>((resolve, reject) => {
      request(`${simulator.url}/api/version`, { rejectUnauthorized: false, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(secure).toBe(200);
  });

  it('lesson 17: a thousand applications weigh megabytes, and a fraction of that with fields', async () => {
    const simulator = await start({ world: 'fleet', applications: 1000 });
    const full = await call(simulator, 'GET /api/v1/applications');
    const few = await call(simulator, 'GET /api/v1/applications?fields=items.metadata.name,items.status.sync.status');
    expect(full.json.items).toHaveLength(1000);
    expect(full.text.length).toBeGreaterThan(2_000_000);
    expect(few.text.length * 10).toBeLessThan(full.text.length);
  });

  it('lesson 18: rights withdrawn under an open stream silence it without a word, shrink lists, and come back without a snapshot', async () => {
    const simulator = await start({ keepAliveMs: 30 });
    await create(simulator, 'one');
    await create(simulator, 'two');
    const authorization = `Bearer ${simulator.tokens.reader}`;
    const stream = follow(simulator, '/api/v1/stream/applications', { accept: 'text/event-stream', authorization });
    await eventually(
      () => stream.frames().length,
      (count) => count === 2,
    );
    const fault = simulator.fault({ kind: 'withdraw-rights', account: 'reader', rules: [] });
    simulator.mutate('one', { labels: { a: 'unseen' } });
    expect((await call(simulator, 'GET /api/v1/applications', undefined, { authorization })).json.items).toBeNull();
    expect(
      (await call(simulator, 'GET /api/v1/account/can-i/applications/get/default/one', undefined, { authorization }))
        .json,
    ).toEqual({ value: 'no' });
    await eventually(
      () => stream.text().split(':\n').length,
      (count) => count > 3,
    );
    simulator.clearFault(fault);
    simulator.mutate('two', { labels: { a: 'seen' } });
    const frames = await eventually(
      () => stream.frames(),
      (all) => all.length > 2,
    );
    expect(frames.map((frame) => frame.result.application.metadata.name)).toEqual(['one', 'two', 'two']);
  });

  it('lesson 19: streams ignore appNamespace without a name, and a namespace that is not enabled is 403 even with a project', async () => {
    const simulator = await start();
    simulator.enableNamespace('team-a');
    await create(simulator, 'one');
    const stream = follow(simulator, '/api/v1/stream/applications?appNamespace=team-a');
    await eventually(
      () => stream.frames().length,
      (count) => count === 1,
    );
    expect((await call(simulator, 'GET /api/v1/applications/one?appNamespace=elsewhere&project=default')).status).toBe(
      403,
    );
    const reader = { authorization: `Bearer ${simulator.tokens.reader}` };
    const inTeam = { ...application('settings'), metadata: { name: 'settings', namespace: 'team-a' } };
    await call(simulator, 'POST /api/v1/applications', inTeam);
    const seen = await call(
      simulator,
      'GET /api/v1/applications/settings?appNamespace=team-a&project=default',
      undefined,
      reader,
    );
    expect(seen.status).toBe(200);
  });
});
