import { afterEach, describe, expect, it } from '@jest/globals';
import { request } from 'node:http';
import { call, closeAll, create, eventually, follow, get, start } from './spec-client.js';

afterEach(closeAll);

const LIST = 'GET /api/v1/applications';

describe('faults of the simulator', () => {
  it('a fault strikes as often as it says, and only where it says', async () => {
    const simulator = await start();
    simulator.fault({ kind: 'status', status: 502, count: 2, path: '/api/v1/applications', method: 'GET' });
    expect((await call(simulator, 'GET /api/version')).status).toBe(200);
    expect([
      (await call(simulator, LIST)).status,
      (await call(simulator, LIST)).status,
      (await call(simulator, LIST)).status,
    ]).toEqual([502, 502, 200]);
  });

  it('garbage is HTML with 200, truncated is broken JSON, unauthorized is 401', async () => {
    const simulator = await start();
    simulator.fault({ kind: 'garbage', count: 1 });
    expect((await call(simulator, LIST)).headers['content-type']).toBe('text/html; charset=utf-8');
    simulator.fault({ kind: 'unauthorized', count: 1 });
    expect((await call(simulator, LIST)).json).toMatchObject({ code: 16 });
    simulator.fault({ kind: 'truncated', count: 1 });
    await expect(call(simulator, LIST)).rejects.toThrow();
  });

  it('refused and hung requests get no answer, slow ones a late one', async () => {
    const simulator = await start();
    simulator.fault({ kind: 'refuse', count: 1 });
    await expect(call(simulator, LIST)).rejects.toThrow(/ECONNRESET|socket hang up/);
    simulator.fault({ kind: 'hang', count: 1 });
    const hung = follow(simulator, '/api/v1/applications');
    await eventually(
      () => simulator.requests().length,
      (count) => count === 2,
    );
    const began = Date.now();
    simulator.fault({ kind: 'slow', delayMs: 80, count: 1 });
    expect((await call(simulator, LIST)).status).toBe(200);
    expect(Date.now() - began).toBeGreaterThanOrEqual(75);
    expect(hung.status()).toBeUndefined();
  });

  it('a lost answer and a held request are accepted exactly once', async () => {
    const simulator = await start();
    await create(simulator, 'one');
    simulator.fault({ kind: 'lost-answer', count: 1, path: '*/sync' });
    await expect(call(simulator, 'POST /api/v1/applications/one/sync', {})).rejects.toThrow();
    await eventually(
      () => get(simulator, 'one'),
      (app) => app.status.operationState?.phase === 'Succeeded',
    );
    const held = simulator.fault({ kind: 'hold', path: '*/sync' });
    const waiting = call(simulator, 'POST /api/v1/applications/one/sync', {});
    await eventually(
      () => simulator.requests().filter((one) => one.path.endsWith('/sync')).length,
      (count) => count === 2,
    );
    expect(simulator.operations()).toHaveLength(1);
    simulator.clearFault(held);
    expect((await waiting).status).toBe(200);
    expect(simulator.operations()).toHaveLength(2);
  });

  it('streams can be dropped, cut in a frame, silenced, and lose chosen events', async () => {
    const simulator = await start({ keepAliveMs: 20 });
    await create(simulator, 'one');
    const path = '/api/v1/stream/applications';
    const [dropped, cut] = [follow(simulator, path), follow(simulator, path)];
    await eventually(
      () => dropped.frames().length + cut.frames().length,
      (count) => count === 2,
    );
    simulator.fault({ kind: 'drop-streams', count: 1 });
    await eventually(() => dropped.isOver() || cut.isOver());
    const left = dropped.isOver() ? cut : dropped;
    simulator.fault({ kind: 'cut-frame', count: 1 });
    simulator.mutate('one', { labels: { a: '1' } });
    await eventually(() => left.isOver());
    expect(left.text().trimEnd().endsWith('}')).toBe(false);

    const stream = follow(simulator, path);
    await eventually(
      () => stream.frames().length,
      (count) => count === 1,
    );
    const silence = simulator.fault({ kind: 'silence-streams' });
    const before = stream.text().length;
    simulator.mutate('one', { labels: { a: '2' } });
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(stream.text().length).toBe(before);
    simulator.clearFault(silence);
    simulator.fault({ kind: 'lose-events', type: 'MODIFIED', application: 'one', count: 1 });
    simulator.mutate('one', { labels: { a: '3' } });
    simulator.mutate('one', { labels: { a: '4' } });
    const frames = await eventually(
      () => stream.frames(),
      (all) => all.length === 2,
    );
    expect(frames[1].result.application.metadata.labels.a).toBe('4');
  });

  it('point 11: a reader that does not keep up loses what overflows a thousand waiting events', async () => {
    const simulator = await start();
    await create(simulator, 'one');
    const outgoing = request(`${simulator.url}/api/v1/stream/applications`, {
      headers: { authorization: `Bearer ${simulator.tokens.admin}` },
      agent: false,
    });
    const response = await new Promise<any>((resolve) => outgoing.on('response', (got) => resolve(got.pause())).end());
    const sent = 9000;
    for (let index = 0; index < sent; index += 1) simulator.reconcileAll();
    simulator.mutate('one', { labels: { last: 'no' } });
    let frames = 0;
    response.resume().on('data', (chunk: Buffer) => (frames += chunk.toString().split('"MODIFIED"').length - 1));
    await eventually(
      () => frames,
      (count) => count > 900,
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(frames).toBeLessThan(sent);
    outgoing.destroy();
  });

  it('it can flap, go down and come up on the same port, skew its clock, and fall back to a backup', async () => {
    const simulator = await start();
    const { metadata } = await create(simulator, 'one');
    const flap = simulator.fault({ kind: 'flap', upMs: 400, downMs: 400 });
    await expect(call(simulator, LIST)).rejects.toThrow();
    await eventually(() =>
      call(simulator, LIST).then(
        () => true,
        () => false,
      ),
    );
    simulator.clearFault(flap);
    simulator.goDown();
    await expect(call(simulator, LIST)).rejects.toThrow(/ECONNREFUSED/);
    await simulator.comeUp();
    simulator.fault({ kind: 'clock-skew', skewMs: -3_600_000 });
    const { headers } = await call(simulator, LIST);
    expect(Date.now() - Date.parse(String(headers['date']))).toBeGreaterThan(3_500_000);
    simulator.restoreFromBackup(5);
    expect(Number((await get(simulator, 'one')).metadata.resourceVersion)).toBeLessThan(
      Number(metadata.resourceVersion),
    );
  });

  it('auto-sync heals a drift by itself', async () => {
    const simulator = await start();
    await create(simulator, 'auto', 'guestbook', {
      syncPolicy: { automated: { selfHeal: true }, syncOptions: ['CreateNamespace=true'] },
    });
    await eventually(
      () => get(simulator, 'auto'),
      (app) => app.status.sync.status === 'Synced' && app.status.health.status === 'Healthy',
    );
    simulator.mutate('auto', { isOutOfSync: true });
    const healed = await eventually(
      () => get(simulator, 'auto'),
      (app) => app.status.sync.status === 'Synced' && app.status.operationState.operation.sync.autoHealAttemptsCount,
    );
    // Healing syncs only what drifted, and a partial sync leaves no history.
    expect(healed.status.operationState.syncResult.resources).toHaveLength(1);
    expect(healed.status.history).toHaveLength(1);
    expect(simulator.operations().map((operation) => operation.kind)).toEqual(['automated', 'automated']);
  });
});
