import { afterEach, describe, expect, it } from '@jest/globals';
import { call, closeAll, create, eventually, follow, get, start, sync } from './spec-client.js';

afterEach(closeAll);

describe('the checklist of a faithful simulator', () => {
  it('point 1: a change whose content type is not exactly application/json is 415 in text', async () => {
    const simulator = await start();
    for (const type of ['application/json; charset=utf-8', 'application/x-www-form-urlencoded', '']) {
      const answer = await call(simulator, 'POST /api/v1/applications', '{}', { 'content-type': type });
      expect([answer.status, answer.text]).toEqual([415, 'Invalid content type\n']);
    }
    expect(
      (await call(simulator, 'DELETE /api/v1/applications/x', undefined, { 'content-type': 'Application/JSON' }))
        .status,
    ).toBe(403);
  });

  it('point 2: an empty list has items null, and applications carry neither kind nor apiVersion', async () => {
    const simulator = await start();
    expect((await call(simulator, 'GET /api/v1/applications')).json.items).toBeNull();
    const created = await create(simulator, 'one');
    expect(Object.keys(created)).toEqual(['metadata', 'spec', 'status']);
    expect(created.metadata.managedFields.length).toBeGreaterThan(0);
  });

  it('point 3: what is missing is 403 without a project and 404 with one', async () => {
    const simulator = await start();
    await create(simulator, 'one');
    const denied = await call(simulator, 'GET /api/v1/applications/nope');
    expect([denied.status, denied.json]).toEqual([
      403,
      { error: 'permission denied', code: 7, message: 'permission denied' },
    ]);
    const missing = await call(simulator, 'GET /api/v1/applications/nope?project=default');
    expect([missing.status, missing.json.code, missing.json.message]).toEqual([
      404,
      5,
      'applications.argoproj.io "nope" not found',
    ]);
    expect((await call(simulator, 'GET /api/v1/applications/one?project=payments')).status).toBe(404);
  });

  it('point 4: a unary error is a text, a stream error an object, and with fields the object is gone', async () => {
    const simulator = await start();
    expect((await call(simulator, 'GET /api/v1/applications', undefined, { authorization: '' })).json.error).toBe(
      'no session information',
    );
    const stream = await call(simulator, 'GET /api/v1/stream/applications', undefined, { authorization: '' });
    expect([stream.status, stream.json.error]).toEqual([
      401,
      { grpc_code: 16, http_code: 401, message: 'no session information', http_status: 'Unauthorized' },
    ]);
    const filtered = await call(simulator, 'GET /api/v1/stream/applications?selector=a%3D%3D%3D&fields=result.type');
    expect([filtered.status, filtered.text]).toEqual([500, '{}']);
  });

  it('point 5: while an operation is set the next sync is 400 code 9, and accepting one drops the old state in the same write', async () => {
    const simulator = await start();
    await create(simulator, 'one');
    await sync(simulator, 'one');
    const accepted = await call(simulator, 'POST /api/v1/applications/one/sync', {});
    expect(accepted.json.operation).toBeDefined();
    expect(accepted.json.status.operationState).toBeUndefined();
    const conflict = await call(simulator, 'POST /api/v1/applications/one/sync', {});
    expect([conflict.status, conflict.json.code, conflict.json.message]).toEqual([
      400,
      9,
      'another operation is already in progress',
    ]);
    expect(simulator.operations().filter((operation) => operation.kind === 'sync')).toHaveLength(2);
  });

  it('point 6: history counts from 0, keeps ten, oldest first, and neither partial nor dry-run syncs enter it', async () => {
    const simulator = await start({ speed: 40 });
    await create(simulator, 'one');
    await sync(simulator, 'one', { dryRun: true });
    await sync(simulator, 'one', { resources: [{ kind: 'ConfigMap', name: 'settings', namespace: 'one' }] });
    expect((await get(simulator, 'one')).status.history).toBeUndefined();
    for (let round = 0; round < 12; round += 1) await sync(simulator, 'one');
    expect((await get(simulator, 'one')).status.history.map((entry: { id: number }) => entry.id)).toEqual([
      2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
    ]);
  });

  it('point 7: the operation goes and phase and finishedAt come in one event, reconciledAt in a later one', async () => {
    const simulator = await start();
    await create(simulator, 'one');
    const stream = follow(simulator, '/api/v1/stream/applications?name=one');
    await eventually(
      () => stream.frames().length,
      (count) => count === 1,
    );
    await sync(simulator, 'one');
    await eventually(
      () => stream.frames().at(-1).result.application.status.sync.status,
      (status) => status === 'Synced',
    );
    const told = stream.frames().map((frame) => frame.result.application);
    const end = told.findIndex((app) => app.status.operationState?.phase === 'Succeeded');
    expect(told[end - 1].operation).toBeDefined();
    expect([told[end].operation, typeof told[end].status.operationState.finishedAt]).toEqual([undefined, 'string']);
    const after = told.slice(end + 1).find((app) => app.status.sync.status === 'Synced');
    expect(after.status.reconciledAt >= told[end].status.operationState.finishedAt).toBe(true);
  });

  it('point 8: between retries the phase is Running with finishedAt set', async () => {
    const simulator = await start();
    await create(simulator, 'lost', 'missing-ns', {
      destination: { server: 'https://kubernetes.default.svc', namespace: 'nowhere' },
      syncPolicy: {},
    });
    await call(simulator, 'POST /api/v1/applications/lost/sync', {
      retryStrategy: { limit: 1, backoff: { duration: '1s', factor: 1 } },
    });
    const waiting = await eventually(
      () => get(simulator, 'lost'),
      (app) => app.status.operationState?.retryCount === 1,
    );
    expect(waiting.status.operationState).toMatchObject({ phase: 'Running', finishedAt: expect.any(String) });
    expect(waiting.operation).toBeDefined();
  });

  it('point 9: list fields are a whitelist that differs by version, and 3.5 fails on spec beside a part of it', async () => {
    const keys = async (version: '2.14' | '3.1' | '3.5' | '3.6', fields: string): Promise<any> => {
      const simulator = await start({ version });
      await create(simulator, 'one');
      return call(simulator, `GET /api/v1/applications?fields=${fields}`);
    };
    const asked =
      'items.metadata.name,items.metadata.uid,items.spec.project,items.status.sync.revision,items.status.conditions';
    expect((await keys('3.6', asked)).json.items[0]).toMatchObject({
      metadata: { name: 'one' },
      spec: { project: 'default' },
      status: { sync: { revision: expect.any(String) } },
    });
    expect((await keys('3.1', asked)).text).toMatch(/^\{"items":\[\{"metadata":\{"name":"one"\}\}\],"metadata":/);
    expect((await keys('3.5', 'items.spec,items.spec.destination')).json).toMatchObject({
      code: 2,
      message: 'field spec.destination is not a map',
    });
    expect((await keys('3.5', '-items.status.resources')).status).toBe(500);
    expect((await keys('3.6', 'items.spec,items.spec.destination')).status).toBe(200);
    expect((await keys('2.14', '-items.spec')).json.items[0].spec).toBeUndefined();
  });

  it('point 10: headers wait for the first frame; SSE frames end in space and three newlines; only SSE is kept alive, from then on', async () => {
    const simulator = await start({ keepAliveMs: 40 });
    const sse = follow(simulator, '/api/v1/stream/applications');
    const lines = follow(simulator, '/api/v1/stream/applications', {});
    await eventually(
      () => simulator.openStreams(),
      (count) => count === 2,
    );
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect([sse.status(), lines.status()]).toEqual([undefined, undefined]);
    await create(simulator, 'one');
    await eventually(
      () => sse.text(),
      (text) => text.includes('\n:\n'),
    );
    expect(sse.headers()['content-type']).toBe('text/event-stream');
    expect(sse.text()).toMatch(/^data: \{.*\} \n\n\n/);
    expect(lines.headers()['content-type']).toBe('application/json');
    expect(lines.text()).toMatch(/^\{"result":.*\}\n/);
    expect(lines.text()).not.toContain(':\n');
  });

  it('point 11: snapshot without resourceVersion or with a name, no replay otherwise, changes during the snapshot are lost', async () => {
    const simulator = await start();
    await create(simulator, 'one');
    const quiet = follow(simulator, '/api/v1/stream/applications?resourceVersion=999999');
    const named = follow(simulator, '/api/v1/stream/applications?name=one&resourceVersion=1');
    await eventually(
      () => named.frames().length,
      (count) => count === 1,
    );
    simulator.mutate('one', { labels: { a: '1' } });
    await eventually(
      () => named.frames().length,
      (count) => count === 2,
    );
    expect(quiet.status()).toBeUndefined();

    simulator.fault({ kind: 'slow-snapshot', delayMs: 800, count: 1 });
    const late = follow(simulator, '/api/v1/stream/applications');
    await eventually(
      () => late.frames().length,
      (count) => count === 1,
    );
    simulator.mutate('one', { labels: { a: 'lost' } });
    await new Promise((resolve) => setTimeout(resolve, 400));
    simulator.mutate('one', { labels: { a: 'told' } });
    const told = await eventually(
      () => late.frames(),
      (frames) => frames.length > 1,
    );
    expect(told.map((frame) => frame.result.application.metadata.labels.a)).toEqual(['1', 'told']);
  });
});
