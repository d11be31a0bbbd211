import { request } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { ArgoCdClient } from '../argocd/client.js';
import { AppError } from '../errors/app-error.js';
import { Simulator, type SimulatorOptions } from '../simulator/simulator.js';
import { rejection, ScriptedCredentials, testClient } from '../../test/support/argocd-client.js';
import { eventually } from '../../test/support/eventually.js';
import { ScriptedServer } from '../../test/support/scripted-server.js';
import type { JobEnd, JobPatch } from './job-queue.js';
import type { JobRecord, SyncParameters } from './job.js';
import { createSyncHandler } from './sync-job.js';
import type { SyncTiming } from './sync-timing.js';

const timing: SyncTiming = {
  openMs: 1_000,
  pollMs: 150,
  reconnectMs: 50,
  evidenceMs: 1_500,
  settleMs: 500,
  progressMs: 20,
};

interface Run {
  record: JobRecord;
  patches: JobPatch[];
  abort: AbortController;
  end: Promise<JobEnd>;
}

describe('a sync job', () => {
  const closing: (() => Promise<void>)[] = [];
  let simulator: Simulator;
  let client: ArgoCdClient;

  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  async function start(
    path = 'guestbook',
    options: SimulatorOptions & { spec?: object; timeoutMs?: number } = {},
  ): Promise<void> {
    const { spec, timeoutMs = 1_000, ...rest } = options;
    simulator = await Simulator.start({ world: 'empty', reconcileMs: 0, ...rest });
    closing.push(() => simulator.close());
    client = testClient(simulator.url, {
      credentials: new ScriptedCredentials([simulator.tokens.admin]),
      limits: { timeoutMs },
    });
    closing.push(() => client.close());
    await create('web', path, spec);
  }

  async function create(name: string, path: string, spec: object = {}): Promise<void> {
    const source = { repoURL: 'https://git.example.com/platform/apps', path, targetRevision: 'main' };
    const destination = { server: 'https://kubernetes.default.svc', namespace: name };
    const syncPolicy = { syncOptions: ['CreateNamespace=true'] };
    const response = await fetch(`${simulator.url}/api/v1/applications`, {
      method: 'POST',
      headers: { authorization: `Bearer ${simulator.tokens.admin}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        metadata: { name },
        spec: { project: 'default', source, destination, syncPolicy, ...spec },
      }),
    });
    expect(response.status).toBe(200);
    await eventually(async () => (await client.get({ name })).status?.sync?.status === 'OutOfSync');
  }

  const recordOf = (parameters: SyncParameters = {}, more: Partial<JobRecord> = {}): JobRecord => ({
    jobId: 'sync-0001',
    kind: 'sync',
    cluster: 'eu',
    namespace: 'argocd',
    project: 'default',
    application: 'web',
    state: 'running',
    durable: true,
    caller: 'test',
    createdAt: new Date().toISOString(),
    deadlineAt: new Date(Date.now() + 15_000).toISOString(),
    parameters,
    ...more,
  });

  /** Runs the handler as a queue would; `onPatch` may throw, as a process that dies at this moment. */
  function run(
    record: JobRecord,
    options: { timing?: Partial<SyncTiming>; onPatch?: (patch: JobPatch) => void } = {},
  ): Run {
    const abort = new AbortController();
    const patches: JobPatch[] = [];
    const context = {
      signal: abort.signal,
      update: (patch: JobPatch): Promise<void> => {
        abort.signal.throwIfAborted();
        patches.push(patch);
        Object.assign(record, patch);
        options.onPatch?.(patch);
        abort.signal.throwIfAborted();
        return Promise.resolve();
      },
    };
    const handler = createSyncHandler({ cluster: () => ({ api: client }), timing: { ...timing, ...options.timing } });
    const end = handler(record, context);
    end.catch(() => undefined);
    return { record, patches, abort, end };
  }

  const messagesOf = ({ patches }: Run): string[] => patches.flatMap(({ message }) => message ?? []);

  it.each(['2.14', '3.1', '3.5', '3.6'] as const)(
    '[lesson 1] ends with the state after the operation, on Argo CD %s',
    async (version) => {
      await start('guestbook', { version });
      const job = run(recordOf());
      const end = await job.end;
      expect(end).toMatchObject({
        state: 'succeeded',
        phase: 'Succeeded',
        outcome: {
          sync: 'Synced',
          settled: true,
          resourcesOmitted: 0,
          revision: expect.stringMatching(/^[0-9a-f]{40}$/),
        },
      });
      expect(end.outcome?.code).toBeUndefined();
      expect(end.outcome?.resources.map(({ kind }) => kind).sort()).toEqual(['Deployment', 'Namespace', 'Service']);
      expect(end.outcome?.durationMs).toBeGreaterThan(0);
      expect(simulator.operations()).toHaveLength(1);
      expect(simulator.operations()[0]?.infos).toEqual([{ name: 'argocd-fleet-mcp/job', value: 'sync-0001' }]);
      expect(job.patches.findIndex(({ postingAt }) => postingAt)).toBeLessThan(
        job.patches.findIndex(({ acceptedVersion }) => acceptedVersion),
      );
      expect(messagesOf(job).join('\n')).toContain('waiting for healthy state');
      await eventually(() => simulator.openStreams() === 0);
    },
  );

  it('opens its stream before it asks', async () => {
    await start();
    await run(recordOf()).end;
    const paths = simulator.requests().map(({ method, path }) => `${method} ${path}`);
    const stream = paths.findIndex((path) => path.includes('/stream/applications'));
    expect(stream).toBeGreaterThan(-1);
    expect(stream).toBeLessThan(paths.findIndex((path) => path.startsWith('POST') && path.includes('/sync')));
  });

  it('says what a dry run would do, and waits for no comparison', async () => {
    await start();
    const end = await run(recordOf({ dryRun: true })).end;
    expect(end).toMatchObject({ state: 'succeeded', outcome: { sync: 'OutOfSync', settled: true } });
    expect(end.message).toContain('nothing was changed');
    expect(simulator.operations()[0]?.isDryRun).toBe(true);
  });

  it('of an application that was in sync already also ends settled', async () => {
    await start();
    await run(recordOf()).end;
    const end = await run(recordOf({}, { jobId: 'sync-0002' })).end;
    expect(end).toMatchObject({ state: 'succeeded', outcome: { sync: 'Synced', settled: true } });
  });

  it('[lesson 4] ends as sync_failed with the failing resource first', async () => {
    await start('broken');
    const end = await run(recordOf()).end;
    expect(end).toMatchObject({
      state: 'failed',
      phase: 'Failed',
      outcome: { code: 'sync_failed', sync: 'OutOfSync', settled: true },
    });
    expect(end.outcome?.resources[0]).toMatchObject({ kind: 'Deployment', name: 'bad', status: 'SyncFailed' });
    expect(end.outcome?.upstreamMessage).toContain('one or more objects failed to apply');
  });

  it('[lesson 4] ends as sync_failed when the manifests cannot be read', async () => {
    await start();
    simulator.mutate('web', { comparisonError: 'failed to generate manifest for source 1 of 1: boom' });
    const end = await run(recordOf()).end;
    expect(end).toMatchObject({ state: 'failed', phase: 'Error', outcome: { code: 'sync_failed' } });
    expect(end.outcome?.upstreamMessage).toContain('ComparisonError');
  });

  it('[lesson 5] goes on through retries, reports them and ends as retries_exhausted', async () => {
    const retry = { limit: 2, backoff: { duration: '200ms', factor: 1, maxDuration: '1s' } };
    await start('config', { spec: { syncPolicy: { retry } } });
    simulator.mutate('web', { applyErrors: { ConfigMap: 'admission webhook denied the request' } });
    const job = run(recordOf());
    const end = await job.end;
    expect(end).toMatchObject({ state: 'failed', phase: 'Failed', outcome: { code: 'retries_exhausted' } });
    expect(end.message).toContain('2 retries');
    expect(messagesOf(job).join('\n')).toMatch(/waiting for retry 1[\s\S]*waiting for retry 2/);
    expect(simulator.operations()).toHaveLength(1);
  });

  it('says that resources require pruning, and succeeds', async () => {
    await start('waves');
    await run(recordOf()).end;
    simulator.commit('https://git.example.com/platform/apps', { removes: ['wave-2'] });
    simulator.reconcileAll();
    const end = await run(recordOf({}, { jobId: 'sync-0002' })).end;
    expect(end).toMatchObject({ state: 'succeeded', outcome: { code: 'prune_skipped', sync: 'OutOfSync' } });
    expect(end.message).toContain('1 resource requires pruning');
  });

  it('ends as terminated when somebody else ends the operation', async () => {
    await start('slowhook');
    const job = run(recordOf());
    await eventually(() => messagesOf(job).some((message) => message.includes('waiting for completion of hook')));
    await client.terminate({ name: 'web', project: 'default' });
    expect(await job.end).toMatchObject({ state: 'failed', phase: 'Failed', outcome: { code: 'terminated' } });
  });

  it('ends as conflict when another operation is under way, which it leaves alone', async () => {
    await start('slowhook');
    await client.sync({ name: 'web', project: 'default' }, {});
    const end = await run(recordOf()).end;
    expect(end).toMatchObject({ state: 'failed', outcome: { code: 'conflict' } });
    expect(simulator.operations()).toHaveLength(1);
    expect((await client.get({ name: 'web', project: 'default' })).operation).toBeDefined();
  });

  it.each([
    [
      'sync_window_blocked',
      async () => create('frozen', 'guestbook', { project: 'payments' }),
      { application: 'frozen', project: 'payments' },
    ],
    ['application_deleting', async () => simulator.mutate('web', { isDeleted: true }), {}],
    [
      'permission_denied',
      async () => simulator.setRights('bot', [{ resource: 'applications', action: 'get', object: '*/*' } as never]),
      {},
    ],
  ] as const)('ends as %s when Argo CD refuses', async (code, prepare, record) => {
    await start();
    await prepare();
    const end = await run(recordOf({}, record)).end;
    expect(end).toMatchObject({ state: 'failed', outcome: { code } });
    expect(end.message).toContain('Nothing was started');
    expect(simulator.operations()).toHaveLength(0);
  });

  it('ends as sync_failed, with the reason, when the revision cannot be resolved', async () => {
    await start();
    const end = await run(recordOf({ revision: 'no-such-branch' })).end;
    expect(end).toMatchObject({ state: 'failed', outcome: { code: 'sync_failed' } });
    expect(end.message).toContain('cannot resolve the revision');
    expect(end.outcome?.upstreamMessage).toContain('no-such-branch');
  });

  describe('when answers and processes are lost', () => {
    const one = (): void => {
      const own = simulator.operations().filter(({ infos }) => infos.some(({ value }) => value === 'sync-0001'));
      expect(own).toHaveLength(1);
      expect(simulator.operations()).toHaveLength(1);
    };

    it('finds the operation whose acceptance was not told', async () => {
      await start();
      simulator.fault({ kind: 'lost-answer', method: 'POST', path: '/sync', count: 1 });
      expect(await run(recordOf()).end).toMatchObject({ state: 'succeeded', outcome: { sync: 'Synced' } });
      one();
    });

    it('finds it without a stream, too', async () => {
      await start('slowhook');
      simulator.fault({ kind: 'hang', path: '/stream/' });
      simulator.fault({ kind: 'lost-answer', method: 'POST', path: '/sync', count: 1 });
      const job = run(recordOf({}, { deadlineAt: new Date(Date.now() + 4_000).toISOString() }), {
        timing: { openMs: 200 },
      });
      expect(await job.end).toMatchObject({ state: 'failed', outcome: { code: 'deadline_exceeded' } });
      one();
    });

    it('finds an operation that a proxy let through long after the client gave up', async () => {
      await start('guestbook');
      const proxy = await ScriptedServer.start((seen, response) => {
        const isSync = seen.method === 'POST';
        const forward = (): void => {
          const { method, headers, body } = seen;
          const { 'grpc-timeout': _, ...rest } = headers;
          const upstream = request(simulator.url + seen.url, { method, headers: isSync ? rest : headers }, (answer) => {
            response.writeHead(answer.statusCode ?? 502, answer.headers);
            answer.on('error', () => response.destroy()).pipe(response);
          });
          upstream.on('error', () => response.destroy()).end(body);
          if (!isSync) response.on('close', () => upstream.destroy());
        };
        if (isSync) setTimeout(forward, 1_500);
        else forward();
      });
      closing.push(() => proxy.stop());
      await client.close();
      client = testClient(proxy.url, {
        credentials: new ScriptedCredentials([simulator.tokens.admin]),
        limits: { timeoutMs: 500 },
      });
      const end = run(recordOf(), { timing: { evidenceMs: 5_000 } }).end;
      await eventually(() => proxy.requests.some(({ method }) => method === 'POST'));
      expect(await end).toMatchObject({ state: 'succeeded', outcome: { sync: 'Synced' } });
      one();
    });

    it('ends as outcome_unknown, and never asks twice, when no trace appears', async () => {
      await start('guestbook', { timeoutMs: 400 });
      simulator.fault({ kind: 'hang', method: 'POST', path: '/sync' });
      const end = await run(recordOf()).end;
      expect(end).toMatchObject({ state: 'failed', outcome: { code: 'outcome_unknown' } });
      expect(end.message).toContain('most probably it was not started');
      expect(
        simulator.requests().filter(({ method, path }) => method === 'POST' && path.includes('/sync')),
      ).toHaveLength(1);
    });

    it('asks again, a bounded number of times, only when it surely was not heard', async () => {
      await start();
      simulator.goDown();
      const job = run(recordOf({}, { deadlineAt: new Date(Date.now() + 9_000).toISOString() }), {
        timing: { openMs: 100 },
      });
      await eventually(() => job.patches.some(({ postingAt }) => postingAt !== undefined));
      await simulator.comeUp();
      expect(await job.end).toMatchObject({ state: 'succeeded' });
      one();
    });

    it('ends with nothing started when the cluster refuses connections throughout', async () => {
      await start();
      simulator.goDown();
      const end = await run(recordOf({}, { deadlineAt: new Date(Date.now() + 2_500).toISOString() }), {
        timing: { openMs: 100 },
      }).end;
      expect(end).toMatchObject({ state: 'failed', outcome: { code: 'sync_failed' } });
      expect(end.message).toContain('Nothing was started');
      await simulator.comeUp();
      expect(simulator.operations()).toHaveLength(0);
    });

    it('after a death between the note and the request asks once', async () => {
      await start();
      const dying = run(recordOf(), {
        onPatch: ({ postingAt }) => {
          if (postingAt !== undefined) dying.abort.abort(new Error('the process died'));
        },
      });
      expect(await rejection(dying.end)).toEqual(new Error('the process died'));
      expect(simulator.operations()).toHaveLength(0);
      expect(await run(dying.record).end).toMatchObject({ state: 'succeeded', outcome: { sync: 'Synced' } });
      one();
    });

    it('after a death with the request under way adopts what it started', async () => {
      await start('guestbook');
      simulator.fault({ kind: 'hold', method: 'POST', path: '/sync', delayMs: 300, count: 1 });
      const dying = run(recordOf());
      await eventually(() =>
        simulator.requests().some(({ method, path }) => method === 'POST' && path.includes('/sync')),
      );
      dying.abort.abort(new Error('the process died'));
      await rejection(dying.end);
      expect(dying.record).toMatchObject({ postingAt: expect.any(String) });
      expect(dying.record.acceptedVersion).toBeUndefined();
      expect(await run(dying.record).end).toMatchObject({ state: 'succeeded' });
      one();
    });

    it('after a death right after the acceptance follows on, even when the operation is long over', async () => {
      await start();
      const dying = run(recordOf(), {
        onPatch: ({ acceptedVersion }) => {
          if (acceptedVersion !== undefined) dying.abort.abort(new Error('the process died'));
        },
      });
      await rejection(dying.end);
      await eventually(() => simulator.operations()[0]?.phase === 'Succeeded');
      expect(await run(dying.record).end).toMatchObject({
        state: 'succeeded',
        phase: 'Succeeded',
        outcome: { sync: 'Synced' },
      });
      one();
    });

    it('[lesson 2] after a death finds its own success in the history, when another operation has overwritten the rest', async () => {
      await start();
      const dying = run(recordOf(), {
        onPatch: ({ acceptedVersion }) => {
          if (acceptedVersion !== undefined) dying.abort.abort(new Error('the process died'));
        },
      });
      await rejection(dying.end);
      await eventually(() => simulator.operations()[0]?.phase === 'Succeeded');
      await client.sync({ name: 'web', project: 'default' }, { dryRun: true });
      const end = await run(dying.record).end;
      expect(end).toMatchObject({
        state: 'succeeded',
        outcome: { resources: [], revision: simulator.operations()[0]?.revision },
      });
      expect(end.message).toContain('history');
    });

    it('does not claim a success of somebody else', async () => {
      await start();
      const postingAt = new Date().toISOString();
      const token = simulator.createToken('somebody');
      simulator.setRights('somebody', [{ resource: '*', action: '*', object: '*' } as never]);
      const other = testClient(simulator.url, { credentials: new ScriptedCredentials([token]) });
      closing.push(() => other.close());
      await other.sync({ name: 'web', project: 'default' }, {});
      await eventually(() => simulator.operations()[0]?.phase === 'Succeeded');
      const end = await run(recordOf({}, { postingAt })).end;
      expect(end).toMatchObject({ state: 'failed', outcome: { code: 'outcome_unknown' } });
      expect(simulator.operations()).toHaveLength(1);
    });
  });

  it('[lesson 6] does not mind that streams break, again and again', async () => {
    await start('hooks');
    const job = run(recordOf());
    const breaking = setInterval(() => simulator.fault({ kind: 'drop-streams' }), 60);
    try {
      expect(await job.end).toMatchObject({ state: 'succeeded', outcome: { sync: 'Synced' } });
    } finally {
      clearInterval(breaking);
    }
  });

  it('follows by asking when streams give no header', async () => {
    await start();
    simulator.fault({ kind: 'hang', path: '/stream/' });
    const end = await run(recordOf(), { timing: { openMs: 200 } }).end;
    expect(end).toMatchObject({ state: 'succeeded', outcome: { sync: 'Synced', settled: true } });
  });

  it('[lesson 10] ends as deadline_exceeded with the controller down, and says that the operation may still run', async () => {
    await start();
    simulator.fault({ kind: 'controller-down' });
    const end = await run(recordOf({}, { deadlineAt: new Date(Date.now() + 1_500).toISOString() })).end;
    expect(end).toMatchObject({ state: 'failed', outcome: { code: 'deadline_exceeded', settled: false } });
    expect(end.message).toContain('had not begun');
  });

  it('says settled: false when the comparison after the operation cannot be had', async () => {
    await start('guestbook', { timeoutMs: 600 });
    const job = run(recordOf(), {
      onPatch: ({ message }) => {
        if (message?.includes('has ended')) simulator.fault({ kind: 'controller-down' });
      },
      timing: { progressMs: 0 },
    });
    expect(await job.end).toMatchObject({ state: 'succeeded', outcome: { settled: false, sync: 'OutOfSync' } });
  });

  it('[lesson 2] keeps its own result when the next operation begins 20 ms later', async () => {
    await start();
    simulator.mutate('web', { isRolling: true });
    const end = await run(recordOf()).end;
    await eventually(() => simulator.operations().length > 1);
    expect(end).toMatchObject({ state: 'succeeded', phase: 'Succeeded' });
    expect(end.outcome?.resources.map(({ kind }) => kind)).toContain('Deployment');
    expect(simulator.operations()[0]?.kind).toBe('sync');
  });

  it('[lesson 2] finds its success in the history when it could only poll', async () => {
    await start();
    simulator.mutate('web', { isRolling: true });
    simulator.fault({ kind: 'hang', path: '/stream/' });
    const end = await run(recordOf(), { timing: { openMs: 100, pollMs: 1_500 } }).end;
    expect(end).toMatchObject({ state: 'succeeded', outcome: { revision: simulator.operations()[0]?.revision } });
  });

  it('lets go at the signal: throws its reason, notes nothing more and leaves no request', async () => {
    await start('slowhook');
    const job = run(recordOf());
    await eventually(() => messagesOf(job).some((message) => message.includes('hook')));
    const reason = new AppError('unavailable', 'let go');
    job.abort.abort(reason);
    expect(await rejection(job.end)).toBe(reason);
    const noted = job.patches.length;
    await eventually(() => simulator.openStreams() === 0);
    const asked = simulator.requests().length;
    await new Promise((resolve) => setTimeout(resolve, 2 * timing.pollMs));
    expect(job.patches).toHaveLength(noted);
    expect(simulator.requests()).toHaveLength(asked);
    expect((await client.get({ name: 'web', project: 'default' })).operation).toBeDefined();
  });

  it('of a cluster that the fleet no longer has ends, and starts nothing', async () => {
    const handler = createSyncHandler({ cluster: () => undefined });
    const context = { signal: new AbortController().signal, update: () => Promise.resolve() };
    expect(await handler(recordOf(), context)).toMatchObject({ state: 'failed', outcome: { code: 'sync_failed' } });
    const asked = recordOf({}, { postingAt: new Date().toISOString() });
    expect(await handler(asked, context)).toMatchObject({ state: 'failed', outcome: { code: 'outcome_unknown' } });
  });
});
