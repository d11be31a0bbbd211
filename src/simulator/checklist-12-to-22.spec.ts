import { afterEach, describe, expect, it } from '@jest/globals';
import { REPO, application, call, closeAll, create, eventually, follow, get, start, sync } from './spec-client.js';
import { profileOf } from './version.js';

afterEach(closeAll);

describe('the checklist of a faithful simulator, second half', () => {
  it('point 12: a frame that equals the last one of its name after the fields filter is not sent', async () => {
    const simulator = await start();
    await create(simulator, 'one');
    const stream = follow(
      simulator,
      '/api/v1/stream/applications?fields=result.application.metadata.name,result.application.metadata.labels',
    );
    await eventually(
      () => stream.frames().length,
      (count) => count === 1,
    );
    simulator.reconcileAll();
    simulator.mutate('one', { labels: { a: '1' } });
    await eventually(
      () => stream.frames().length,
      (count) => count === 2,
    );
    expect(stream.frames()[1]).toEqual({
      result: { application: { metadata: { labels: { a: '1', env: 'prod' }, name: 'one' } } },
    });
  });

  it('point 13: health of resources is given on GET and streams and not in lists, except in 2.14', async () => {
    for (const version of ['3.6', '2.14'] as const) {
      const simulator = await start({ version });
      await create(simulator, 'one', 'guestbook');
      expect((await get(simulator, 'one')).status.resources[0].health).toEqual({ status: 'Missing' });
      const listed = (await call(simulator, 'GET /api/v1/applications')).json.items[0].status.resources[0];
      expect(listed.health).toEqual(version === '2.14' ? { status: 'Missing' } : undefined);
    }
  });

  it('point 14: a refresh blocks until reconciled, and hangs while the controller is down', async () => {
    const simulator = await start();
    await create(simulator, 'one');
    const refreshed = await call(simulator, 'GET /api/v1/applications/one?refresh=hard');
    expect(refreshed.json.metadata.annotations['argocd.argoproj.io/refresh']).toBeUndefined();
    const fault = simulator.fault({ kind: 'controller-down' });
    const timedOut = await call(simulator, 'GET /api/v1/applications/one?refresh=normal', undefined, {
      'grpc-timeout': '200m',
    });
    expect([timedOut.status, timedOut.json.code]).toEqual([504, 4]);
    const waiting = call(simulator, 'GET /api/v1/applications/one?refresh=normal');
    simulator.clearFault(fault);
    expect((await waiting).status).toBe(200);
  });

  it('point 15: a resource-tree stream says nothing before something changes', async () => {
    const simulator = await start();
    await create(simulator, 'one', 'guestbook');
    const stream = follow(simulator, '/api/v1/stream/applications/one/resource-tree');
    await eventually(
      () => simulator.openStreams(),
      (count) => count === 1,
    );
    expect(stream.status()).toBeUndefined();
    await sync(simulator, 'one');
    const frames = await eventually(
      () => stream.frames(),
      (all) => all.length > 0,
    );
    expect(frames.at(-1).result.nodes.length).toBeGreaterThan(1);
  });

  it('point 16: terminate is 400 code 3 before the controller wrote an operationState', async () => {
    const simulator = await start();
    await create(simulator, 'one', 'slowhook');
    simulator.fault({ kind: 'controller-down' });
    await call(simulator, 'POST /api/v1/applications/one/sync', {});
    const early = await call(simulator, 'DELETE /api/v1/applications/one/operation');
    expect([early.status, early.json.code, early.json.message]).toEqual([
      400,
      3,
      'Unable to terminate operation. No operation is in progress',
    ]);
    simulator.clearFaults();
    await eventually(
      () => get(simulator, 'one'),
      (app) => app.status.operationState?.message?.includes('hook'),
    );
    expect((await call(simulator, 'DELETE /api/v1/applications/one/operation')).text).toBe('{}');
    const ended = await eventually(
      () => get(simulator, 'one'),
      (app) => app.operation === undefined,
    );
    expect(ended.status.operationState).toMatchObject({ phase: 'Failed', message: 'Operation terminated' });
  });

  it('point 17: a rollback is refused with auto-sync on, applies without hooks, and leaves the application OutOfSync', async () => {
    const simulator = await start();
    await create(simulator, 'auto', 'config', { syncPolicy: { automated: {}, syncOptions: ['CreateNamespace=true'] } });
    const refused = await call(simulator, 'POST /api/v1/applications/auto/rollback', { id: 0 });
    expect([refused.status, refused.json.code]).toEqual([400, 9]);
    await create(simulator, 'one');
    await sync(simulator, 'one');
    simulator.commit(REPO, { paths: ['config'] });
    await sync(simulator, 'one');
    const accepted = await call(simulator, 'POST /api/v1/applications/one/rollback', { id: 0 });
    expect(accepted.json.operation.sync.syncStrategy).toEqual({ apply: {} });
    const ended = await eventually(
      () => get(simulator, 'one'),
      (app) => app.status.history.length === 3 && app.status.sync.status === 'OutOfSync',
    );
    expect(ended.status.history.map((entry: { id: number }) => entry.id)).toEqual([0, 1, 2]);
    expect((await call(simulator, 'POST /api/v1/applications/one/rollback', { id: '0' })).json.message).toContain(
      'cannot unmarshal string',
    );
  });

  it('point 18: sync, rollback and patch read appNamespace and project from the body alone', async () => {
    const simulator = await start();
    simulator.enableNamespace('team-a');
    await create(simulator, 'one');
    await call(simulator, 'POST /api/v1/applications', {
      ...application('one'),
      metadata: { name: 'one', namespace: 'team-a' },
    });
    const byQuery = await call(simulator, 'POST /api/v1/applications/one/sync?appNamespace=team-a&project=nope', {
      dryRun: true,
    });
    expect([byQuery.status, byQuery.json.metadata.namespace]).toEqual([200, 'argocd']);
    const byBody = await call(simulator, 'POST /api/v1/applications/one/sync', {
      appNamespace: 'team-a',
      project: 'default',
    });
    expect(byBody.json.metadata.namespace).toBe('team-a');
    expect(
      (await call(simulator, 'PATCH /api/v1/applications/one?project=nope', { patch: '{}', patchType: 'merge' }))
        .status,
    ).toBe(200);
  });

  it('point 19: login takes its time, says one thing whatever is wrong; version keys are capital; userinfo never refuses', async () => {
    const simulator = await start();
    const began = Date.now();
    const wrong = await call(simulator, 'POST /api/v1/session', { username: 'admin', password: 'wrong' });
    expect([wrong.status, wrong.json.message]).toEqual([401, 'Invalid username or password']);
    expect(Date.now() - began).toBeGreaterThanOrEqual(490);
    const right = await call(simulator, 'POST /api/v1/session', { username: 'admin', password: 'simulator' });
    expect(
      (
        await call(simulator, 'GET /api/v1/session/userinfo', undefined, {
          authorization: `Bearer ${right.json.token}`,
        })
      ).json,
    ).toEqual({ loggedIn: true, username: 'admin', iss: 'argocd' });
    expect((await call(simulator, 'GET /api/v1/session/userinfo', undefined, { authorization: '' })).text).toBe('{}');
    expect((await call(simulator, 'GET /api/version', undefined, { authorization: '' })).json).toEqual({
      Version: profileOf('3.6').full,
    });
    expect((await call(simulator, 'GET /api/version')).json.KubectlVersion).toBeDefined();
  });

  it('point 20: root path, gzip except on SSE, the gateway header, and Grpc-Timeout', async () => {
    const simulator = await start({ rootPath: '/argocd' });
    const listed = await call(simulator, 'GET /api/v1/applications', undefined, { 'accept-encoding': 'gzip' });
    expect([listed.status, listed.headers['content-encoding'], listed.headers['grpc-metadata-content-type']]).toEqual([
      200,
      'gzip',
      'application/grpc',
    ]);
    const outside = await fetch(new URL('/api/v1/applications', simulator.url));
    expect([outside.status, await outside.text()]).toEqual([404, '404 page not found\n']);
    for (const path of ['/healthz', '/argocd/healthz'])
      expect(await (await fetch(new URL(path, simulator.url))).text()).toBe('ok\n');
    await create(simulator, 'one');
    const stream = follow(simulator, '/api/v1/stream/applications', {
      accept: 'text/event-stream',
      'accept-encoding': 'gzip',
    });
    await eventually(
      () => stream.frames().length,
      (count) => count === 1,
    );
    expect(stream.headers()['content-encoding']).toBeUndefined();
    simulator.fault({ kind: 'repo-server-down' });
    expect(
      (await call(simulator, 'GET /api/v1/applications/one/manifests', undefined, { 'grpc-timeout': '100m' })).status,
    ).toBe(504);
    expect((await call(simulator, 'GET /api/v1/nothing')).text).toBe('Not Found\n');
    expect((await call(simulator, 'PATCH /api/v1/applications', {})).text).toBe('Method Not Allowed\n');
  });

  it('point 21: a list beyond the message limit is 429 code 8', async () => {
    const simulator = await start();
    await create(simulator, 'one');
    simulator.fault({ kind: 'list-limit', bytes: 100 });
    const answer = await call(simulator, 'GET /api/v1/applications?fields=items.metadata.name');
    expect([answer.status, answer.json.code, answer.json.message]).toEqual([
      429,
      8,
      expect.stringMatching(/^grpc: received message larger than max/),
    ]);
  });

  it('point 22: resourceVersions are numbers as text that only grow, and a list carries the last one', async () => {
    const simulator = await start();
    const before = Number((await create(simulator, 'one')).metadata.resourceVersion);
    simulator.mutate('one', { labels: { a: '1' } });
    const after = Number((await get(simulator, 'one')).metadata.resourceVersion);
    expect(after).toBeGreaterThan(before);
    expect((await call(simulator, 'GET /api/v1/applications')).json.metadata.resourceVersion).toBe(String(after));
  });
});
