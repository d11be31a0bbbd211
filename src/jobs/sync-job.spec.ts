import { afterEach, describe, expect, it } from '@jest/globals';
import { AppError } from '../errors/app-error.js';
import { rejection } from '../../test/support/argocd-client.js';
import { eventually } from '../../test/support/eventually.js';
import { messagesOf, SyncBench, syncRecord, syncTestTiming } from '../../test/support/sync-bench.js';
import { createSyncHandler } from './sync-job.js';

describe('a sync job', () => {
  let bench: SyncBench;
  afterEach(() => bench.close());

  it.each(['2.14', '3.1', '3.5', '3.6'] as const)(
    '[lesson 1] ends with the state after the operation, on Argo CD %s',
    async (version) => {
      bench = await SyncBench.start('guestbook', { version });
      const job = bench.run(syncRecord());
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
      expect(bench.simulator.operations()).toHaveLength(1);
      expect(bench.simulator.operations()[0]?.infos).toEqual([{ name: 'argocd-fleet-mcp/job', value: 'sync-0001' }]);
      expect(job.patches.findIndex(({ postingAt }) => postingAt)).toBeLessThan(
        job.patches.findIndex(({ acceptedVersion }) => acceptedVersion),
      );
      expect(messagesOf(job).join('\n')).toContain('waiting for healthy state');
      await eventually(() => bench.simulator.openStreams() === 0);
    },
  );

  it('opens its stream before it asks', async () => {
    bench = await SyncBench.start();
    await bench.run(syncRecord()).end;
    const paths = bench.simulator.requests().map(({ method, path }) => `${method} ${path}`);
    const stream = paths.findIndex((path) => path.includes('/stream/applications'));
    expect(stream).toBeGreaterThan(-1);
    expect(stream).toBeLessThan(paths.findIndex((path) => path.startsWith('POST') && path.includes('/sync')));
  });

  it('says what a dry run would do, and waits for no comparison', async () => {
    bench = await SyncBench.start();
    const end = await bench.run(syncRecord({ dryRun: true })).end;
    expect(end).toMatchObject({ state: 'succeeded', outcome: { sync: 'OutOfSync', settled: true } });
    expect(end.message).toContain('nothing was changed');
    expect(bench.simulator.operations()[0]?.isDryRun).toBe(true);
  });

  it('of an application that was in sync already also ends settled', async () => {
    bench = await SyncBench.start();
    await bench.run(syncRecord()).end;
    const end = await bench.run(syncRecord({}, { jobId: 'sync-0002' })).end;
    expect(end).toMatchObject({ state: 'succeeded', outcome: { sync: 'Synced', settled: true } });
  });

  it('[lesson 4] ends as sync_failed with the failing resource first', async () => {
    bench = await SyncBench.start('broken');
    const end = await bench.run(syncRecord()).end;
    expect(end).toMatchObject({
      state: 'failed',
      phase: 'Failed',
      outcome: { code: 'sync_failed', sync: 'OutOfSync', settled: true },
    });
    expect(end.outcome?.resources[0]).toMatchObject({ kind: 'Deployment', name: 'bad', status: 'SyncFailed' });
    expect(end.outcome?.upstreamMessage).toContain('one or more objects failed to apply');
  });

  it('[lesson 4] ends as sync_failed when the manifests cannot be read', async () => {
    bench = await SyncBench.start();
    bench.simulator.mutate('web', { comparisonError: 'failed to generate manifest for source 1 of 1: boom' });
    const end = await bench.run(syncRecord()).end;
    expect(end).toMatchObject({ state: 'failed', phase: 'Error', outcome: { code: 'sync_failed' } });
    expect(end.outcome?.upstreamMessage).toContain('ComparisonError');
  });

  it('[lesson 5] goes on through retries, reports them and ends as retries_exhausted', async () => {
    const retry = { limit: 2, backoff: { duration: '200ms', factor: 1, maxDuration: '1s' } };
    bench = await SyncBench.start('config', { spec: { syncPolicy: { retry } } });
    bench.simulator.mutate('web', { applyErrors: { ConfigMap: 'admission webhook denied the request' } });
    const job = bench.run(syncRecord());
    const end = await job.end;
    expect(end).toMatchObject({ state: 'failed', phase: 'Failed', outcome: { code: 'retries_exhausted' } });
    expect(end.message).toContain('2 retries');
    expect(messagesOf(job).join('\n')).toMatch(/waiting for retry 1[\s\S]*waiting for retry 2/);
    expect(bench.simulator.operations()).toHaveLength(1);
  });

  it('says that resources require pruning, and succeeds', async () => {
    bench = await SyncBench.start('waves');
    await bench.run(syncRecord()).end;
    bench.simulator.commit('https://git.example.com/platform/apps', { removes: ['wave-2'] });
    bench.simulator.reconcileAll();
    const end = await bench.run(syncRecord({}, { jobId: 'sync-0002' })).end;
    expect(end).toMatchObject({ state: 'succeeded', outcome: { code: 'prune_skipped', sync: 'OutOfSync' } });
    expect(end.message).toContain('1 resource requires pruning');
  });

  it('ends as terminated when somebody else ends the operation', async () => {
    bench = await SyncBench.start('slowhook');
    const job = bench.run(syncRecord());
    await eventually(() => messagesOf(job).some((message) => message.includes('waiting for completion of hook')));
    await bench.client.terminate({ name: 'web', project: 'default' });
    expect(await job.end).toMatchObject({ state: 'failed', phase: 'Failed', outcome: { code: 'terminated' } });
  });

  it('ends as conflict when another operation is under way, which it leaves alone', async () => {
    bench = await SyncBench.start('slowhook');
    await bench.client.sync({ name: 'web', project: 'default' }, {});
    const end = await bench.run(syncRecord()).end;
    expect(end).toMatchObject({ state: 'failed', outcome: { code: 'conflict' } });
    expect(bench.simulator.operations()).toHaveLength(1);
    expect((await bench.client.get({ name: 'web', project: 'default' })).operation).toBeDefined();
  });

  it.each([
    [
      'sync_window_blocked',
      async () => bench.create('frozen', 'guestbook', { project: 'payments' }),
      { application: 'frozen', project: 'payments' },
    ],
    ['application_deleting', async () => bench.simulator.mutate('web', { isDeleted: true }), {}],
    [
      'permission_denied',
      async () =>
        bench.simulator.setRights('bot', [{ resource: 'applications', action: 'get', object: '*/*' } as never]),
      {},
    ],
  ] as const)('ends as %s when Argo CD refuses', async (code, prepare, record) => {
    bench = await SyncBench.start();
    await prepare();
    const end = await bench.run(syncRecord({}, record)).end;
    expect(end).toMatchObject({ state: 'failed', outcome: { code } });
    expect(end.message).toContain('Nothing was started');
    expect(bench.simulator.operations()).toHaveLength(0);
  });

  it('ends as sync_failed, with the reason, when the revision cannot be resolved', async () => {
    bench = await SyncBench.start();
    const end = await bench.run(syncRecord({ revision: 'no-such-branch' })).end;
    expect(end).toMatchObject({ state: 'failed', outcome: { code: 'sync_failed' } });
    expect(end.message).toContain('cannot resolve the revision');
    expect(end.outcome?.upstreamMessage).toContain('no-such-branch');
  });

  it('[lesson 6] does not mind that streams break, again and again', async () => {
    bench = await SyncBench.start('hooks');
    const job = bench.run(syncRecord());
    const breaking = setInterval(() => bench.simulator.fault({ kind: 'drop-streams' }), 60);
    try {
      expect(await job.end).toMatchObject({ state: 'succeeded', outcome: { sync: 'Synced' } });
    } finally {
      clearInterval(breaking);
    }
  });

  it('follows by asking when streams give no header', async () => {
    bench = await SyncBench.start();
    bench.simulator.fault({ kind: 'hang', path: '/stream/' });
    const end = await bench.run(syncRecord(), { timing: { openMs: 200 } }).end;
    expect(end).toMatchObject({ state: 'succeeded', outcome: { sync: 'Synced', settled: true } });
  });

  it('[lesson 10] ends as deadline_exceeded with the controller down, and says that the operation may still run', async () => {
    bench = await SyncBench.start();
    bench.simulator.fault({ kind: 'controller-down' });
    const end = await bench.run(syncRecord({}, { deadlineAt: new Date(Date.now() + 1_500).toISOString() })).end;
    expect(end).toMatchObject({ state: 'failed', outcome: { code: 'deadline_exceeded', settled: false } });
    expect(end.message).toContain('had not begun');
  });

  it('says settled: false when the comparison after the operation cannot be had', async () => {
    bench = await SyncBench.start('guestbook', { timeoutMs: 600 });
    const job = bench.run(syncRecord(), {
      onPatch: ({ message }) => {
        if (message?.includes('has ended')) bench.simulator.fault({ kind: 'controller-down' });
      },
      timing: { progressMs: 0 },
    });
    expect(await job.end).toMatchObject({ state: 'succeeded', outcome: { settled: false, sync: 'OutOfSync' } });
  });

  it('[lesson 2] keeps its own result when the next operation begins 20 ms later', async () => {
    bench = await SyncBench.start();
    bench.simulator.mutate('web', { isRolling: true });
    const end = await bench.run(syncRecord()).end;
    await eventually(() => bench.simulator.operations().length > 1);
    expect(end).toMatchObject({ state: 'succeeded', phase: 'Succeeded' });
    expect(end.outcome?.resources.map(({ kind }) => kind)).toContain('Deployment');
    expect(bench.simulator.operations()[0]?.kind).toBe('sync');
  });

  it('[lesson 2] finds its success in the history when it could only poll', async () => {
    bench = await SyncBench.start();
    bench.simulator.mutate('web', { isRolling: true });
    bench.simulator.fault({ kind: 'hang', path: '/stream/' });
    const end = await bench.run(syncRecord(), { timing: { openMs: 100, pollMs: 1_500 } }).end;
    expect(end).toMatchObject({ state: 'succeeded', outcome: { revision: bench.simulator.operations()[0]?.revision } });
  });

  it('lets go at the signal: throws its reason, notes nothing more and leaves no request', async () => {
    bench = await SyncBench.start('slowhook');
    const job = bench.run(syncRecord());
    await eventually(() => messagesOf(job).some((message) => message.includes('hook')));
    const reason = new AppError('unavailable', 'let go');
    job.abort.abort(reason);
    expect(await rejection(job.end)).toBe(reason);
    const noted = job.patches.length;
    await eventually(() => bench.simulator.openStreams() === 0);
    const asked = bench.simulator.requests().length;
    await new Promise((resolve) => setTimeout(resolve, 2 * syncTestTiming.pollMs));
    expect(job.patches).toHaveLength(noted);
    expect(bench.simulator.requests()).toHaveLength(asked);
    expect((await bench.client.get({ name: 'web', project: 'default' })).operation).toBeDefined();
  });

  it('of a cluster that the fleet no longer has ends, and starts nothing', async () => {
    const handler = createSyncHandler({ cluster: () => undefined });
    const context = { signal: new AbortController().signal, update: () => Promise.resolve() };
    expect(await handler(syncRecord(), context)).toMatchObject({ state: 'failed', outcome: { code: 'sync_failed' } });
    const asked = syncRecord({}, { postingAt: new Date().toISOString() });
    expect(await handler(asked, context)).toMatchObject({ state: 'failed', outcome: { code: 'outcome_unknown' } });
  });
});
