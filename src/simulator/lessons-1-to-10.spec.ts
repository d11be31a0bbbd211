import { afterEach, describe, expect, it } from '@jest/globals';
import { REPO, call, closeAll, create, eventually, follow, get, start, sync } from './spec-client.js';

afterEach(closeAll);
const NOWHERE = { destination: { server: 'https://kubernetes.default.svc', namespace: 'nowhere' }, syncPolicy: {} };

describe('what running Argo CD taught', () => {
  it('lesson 1: the event that tells Succeeded still shows the old state, and a later one the new', async () => {
    const simulator = await start();
    await create(simulator, 'one');
    const stream = follow(simulator, '/api/v1/stream/applications?name=one');
    await eventually(
      () => stream.frames().length,
      (count) => count === 1,
    );
    await sync(simulator, 'one');
    const frames = await eventually(
      () => stream.frames().map((frame) => frame.result.application),
      (apps) => apps.at(-1).status.sync.status === 'Synced',
    );
    const told = frames.find((app) => app.status.operationState?.phase === 'Succeeded');
    expect([told.status.sync.status, told.status.health.status]).toEqual(['OutOfSync', 'Missing']);
  });

  it('lesson 2: with RollingSync the next operation begins at once and replaces operationState; history keeps ours', async () => {
    const simulator = await start();
    await create(simulator, 'one');
    simulator.mutate('one', { isRolling: true });
    await call(simulator, 'POST /api/v1/applications/one/sync', { infos: [{ name: 'job', value: '1' }] });
    const after = await eventually(
      () => get(simulator, 'one'),
      (app) => app.status.history?.length === 2 && app.operation === undefined,
    );
    expect(after.status.operationState.operation).toMatchObject({
      initiatedBy: { username: 'applicationset-controller', automated: true },
      info: [{ name: 'Reason', value: expect.stringContaining('RollingSync') }],
    });
    expect(after.status.history[0].initiatedBy).toEqual({ username: 'bot' });
    expect(simulator.operations().map((operation) => operation.kind)).toEqual(['sync', 'rolling-sync']);
  });

  it('lesson 3: a crash-looping Deployment is Progressing, only its pods are Degraded', async () => {
    const simulator = await start();
    await create(simulator, 'crashing', 'crashing');
    await sync(simulator, 'crashing');
    const app = await eventually(
      () => get(simulator, 'crashing'),
      (found) =>
        found.status.health.message?.includes('Caused by') &&
        found.status.resources[0].health.message.includes('1 of 2'),
    );
    expect(app.status.health).toMatchObject({
      status: 'Progressing',
      message: 'Caused by apps/Deployment:crashing/crashing',
    });
    const { nodes } = (await call(simulator, 'GET /api/v1/applications/crashing/resource-tree')).json;
    const pod = nodes.find((node: { kind: string }) => node.kind === 'Pod');
    expect(pod.health.status).toBe('Degraded');
    expect(pod.info).toContainEqual({ name: 'Status Reason', value: 'CrashLoopBackOff' });
  });

  it('lesson 4: a broken source is accepted and ends in Error; failed applies end in Failed; a refused sync leaves no trace', async () => {
    const simulator = await start();
    await create(simulator, 'one');
    await create(simulator, 'broken', 'broken');
    simulator.commit(REPO, { paths: ['config'], breaks: 'Failed to unmarshal "cm.yaml"' });
    const ended = await sync(simulator, 'one');
    expect(ended.status.operationState).toMatchObject({
      phase: 'Error',
      message: expect.stringMatching(/^ComparisonError: Failed to load target state/),
    });
    const unknown = await eventually(
      () => get(simulator, 'one'),
      (app) => app.status.sync.status === 'Unknown',
    );
    expect(unknown.status.conditions[0].type).toBe('ComparisonError');
    const failed = (await sync(simulator, 'broken')).status.operationState;
    expect(failed).toMatchObject({
      phase: 'Failed',
      message: expect.stringMatching(/^one or more objects failed to apply, reason: Deployment/),
    });
    expect(failed.syncResult.resources.at(-1)).toMatchObject({ status: 'SyncFailed', hookPhase: 'Failed' });
    const before = (await get(simulator, 'one')).metadata.resourceVersion;
    expect((await call(simulator, 'POST /api/v1/applications/one/sync', { revision: 'no-such-branch' })).status).toBe(
      400,
    );
    expect((await get(simulator, 'one')).metadata.resourceVersion).toBe(before);
  });

  it('lesson 5: retries are told as recorded, and the end counts them', async () => {
    const simulator = await start({ speed: 10 });
    await create(simulator, 'lost', 'missing-ns', NOWHERE);
    const stream = follow(simulator, '/api/v1/stream/applications?name=lost');
    await eventually(
      () => stream.frames().length,
      (count) => count === 1,
    );
    const retryStrategy = { limit: 2, backoff: { duration: '500ms', factor: 1 } };
    await call(simulator, 'POST /api/v1/applications/lost/sync', { retryStrategy });
    const states = await eventually(
      () => stream.frames().flatMap((frame) => frame.result.application.status.operationState ?? []),
      (all) => all.at(-1)?.phase === 'Failed',
    );
    const messages = [...new Set(states.map((state) => state.message?.replace(/at \d+:\d\d[AP]M/, 'at 3:28AM')))];
    const why = 'one or more objects failed to apply, reason: namespaces "nowhere" not found';
    expect(messages).toEqual([
      undefined,
      `${why}. Retrying attempt #1 at 3:28AM.`,
      'Retrying operation. Attempt #1',
      `${why}. Retrying attempt #2 at 3:28AM.`,
      'Retrying operation. Attempt #2',
      `${why} (retried 2 times).`,
    ]);
    expect((await call(simulator, 'GET /api/v1/applications/lost')).json.status.operationState.retryCount).toBe(2);
  });

  it('lesson 6: after SIGTERM new connections are refused while open streams go on, and are reset in the end', async () => {
    const simulator = await start({ speed: 60 });
    await create(simulator, 'one');
    const stream = follow(simulator, '/api/v1/stream/applications');
    await eventually(
      () => stream.frames().length,
      (count) => count === 1,
    );
    simulator.goDown({ isGraceful: true });
    await expect(call(simulator, 'GET /api/version')).rejects.toThrow(/ECONNREFUSED/);
    simulator.mutate('one', { labels: { a: '1' } });
    await eventually(
      () => stream.frames().length,
      (count) => count === 2,
    );
    await eventually(() => stream.isOver());
    await simulator.comeUp();
    expect((await call(simulator, 'GET /api/version')).status).toBe(200);
  });

  it('lesson 7: an open stream outlives its token; the next request is refused', async () => {
    const simulator = await start();
    await create(simulator, 'one');
    const authorization = `Bearer ${simulator.createToken('bot', { id: 'short' })}`;
    const stream = follow(simulator, '/api/v1/stream/applications', { accept: 'text/event-stream', authorization });
    await eventually(
      () => stream.frames().length,
      (count) => count === 1,
    );
    simulator.revokeTokens('bot', 'short');
    const refused = await call(simulator, 'GET /api/v1/applications', undefined, { authorization });
    expect([refused.status, refused.json.message]).toEqual([
      401,
      'invalid session: account bot does not have token with id short',
    ]);
    simulator.mutate('one', { labels: { a: '1' } });
    await eventually(
      () => stream.frames().length,
      (count) => count === 2,
    );
    const expired = simulator.createToken('bot', { expiresInSeconds: -1 });
    const late = await call(simulator, 'GET /api/v1/applications', undefined, { authorization: `Bearer ${expired}` });
    expect(late.json.message).toBe('invalid session: token has invalid claims: token is expired');
    const forged = await call(simulator, 'GET /api/v1/applications', undefined, {
      authorization: `${authorization.slice(0, -4)}AAAA`,
    });
    expect(forged.json.message).toBe('invalid session: token signature is invalid: signature is invalid');
  });

  it('lesson 8: the last newline of an SSE frame is a write of its own', async () => {
    const simulator = await start();
    await create(simulator, 'one');
    const stream = follow(simulator, '/api/v1/stream/applications?fields=result.type');
    expect(await eventually(() => stream.text())).toMatch(/^data: \{"result":\{"type":"ADDED"\}\} \n\n/);
    await eventually(() => stream.text().endsWith('} \n\n\n'));
  });

  it('lesson 9: list items of 3.6 stand on lines of their own, those of 3.1 do not', async () => {
    for (const [version, separator] of [
      ['3.6', '}\n,{'],
      ['3.1', '},{'],
    ] as const) {
      const simulator = await start({ version });
      await create(simulator, 'one');
      await create(simulator, 'two');
      expect((await call(simulator, 'GET /api/v1/applications?fields=items.metadata.name')).text).toContain(separator);
    }
  });

  it('lesson 10: with the controller down a sync waits without state; with the repo server down it was never accepted', async () => {
    const simulator = await start();
    await create(simulator, 'one');
    const repo = simulator.fault({ kind: 'repo-server-down' });
    const hung = await call(simulator, 'POST /api/v1/applications/one/sync', {}, { 'grpc-timeout': '150m' });
    expect([hung.status, hung.json.message]).toEqual([504, 'context deadline exceeded']);
    simulator.clearFault(repo);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(simulator.operations()).toEqual([]);
    const controller = simulator.fault({ kind: 'controller-down' });
    expect((await call(simulator, 'POST /api/v1/applications/one/sync', {})).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 150));
    const waiting = await get(simulator, 'one');
    expect([waiting.operation !== undefined, waiting.status.operationState]).toEqual([true, undefined]);
    simulator.clearFault(controller);
    await eventually(
      () => get(simulator, 'one'),
      (app) => app.status.operationState?.phase === 'Succeeded',
    );
  });
});
