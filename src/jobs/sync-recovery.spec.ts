import { request } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { rejection, ScriptedCredentials, testClient } from '../../test/support/argocd-client.js';
import { eventually } from '../../test/support/eventually.js';
import { ScriptedServer } from '../../test/support/scripted-server.js';
import { SyncBench, syncRecord } from '../../test/support/sync-bench.js';

describe('a sync job whose answers or processes are lost', () => {
  let bench: SyncBench;
  afterEach(() => bench.close());

  const one = (): void => {
    const own = bench.simulator.operations().filter(({ infos }) => infos.some(({ value }) => value === 'sync-0001'));
    expect(own).toHaveLength(1);
    expect(bench.simulator.operations()).toHaveLength(1);
  };

  it('finds the operation whose acceptance was not told', async () => {
    bench = await SyncBench.start();
    bench.simulator.fault({ kind: 'lost-answer', method: 'POST', path: '/sync', count: 1 });
    expect(await bench.run(syncRecord()).end).toMatchObject({ state: 'succeeded', outcome: { sync: 'Synced' } });
    one();
  });

  it('finds it without a stream, too', async () => {
    bench = await SyncBench.start('slowhook');
    bench.simulator.fault({ kind: 'hang', path: '/stream/' });
    bench.simulator.fault({ kind: 'lost-answer', method: 'POST', path: '/sync', count: 1 });
    const job = bench.run(syncRecord({}, { deadlineAt: new Date(Date.now() + 4_000).toISOString() }), {
      timing: { openMs: 200 },
    });
    expect(await job.end).toMatchObject({ state: 'failed', outcome: { code: 'deadline_exceeded' } });
    one();
  });

  it('finds an operation that a proxy let through long after the client gave up', async () => {
    bench = await SyncBench.start('guestbook');
    const proxy = await ScriptedServer.start((seen, response) => {
      const isSync = seen.method === 'POST';
      const forward = (): void => {
        const { method, headers, body } = seen;
        const { 'grpc-timeout': _, ...rest } = headers;
        const upstream = request(
          bench.simulator.url + seen.url,
          { method, headers: isSync ? rest : headers },
          (answer) => {
            response.writeHead(answer.statusCode ?? 502, answer.headers);
            answer.on('error', () => response.destroy()).pipe(response);
          },
        );
        upstream.on('error', () => response.destroy()).end(body);
        if (!isSync) response.on('close', () => upstream.destroy());
      };
      if (isSync) setTimeout(forward, 1_500);
      else forward();
    });
    bench.onClose(() => proxy.stop());
    await bench.goThrough(proxy.url, 500);
    const end = bench.run(syncRecord(), { timing: { evidenceMs: 5_000 } }).end;
    await eventually(() => proxy.requests.some(({ method }) => method === 'POST'));
    expect(await end).toMatchObject({ state: 'succeeded', outcome: { sync: 'Synced' } });
    one();
  });

  it('ends as outcome_unknown, and never asks twice, when no trace appears', async () => {
    bench = await SyncBench.start('guestbook', { timeoutMs: 400 });
    bench.simulator.fault({ kind: 'hang', method: 'POST', path: '/sync' });
    const end = await bench.run(syncRecord()).end;
    expect(end).toMatchObject({ state: 'failed', outcome: { code: 'outcome_unknown' } });
    expect(end.message).toContain('most probably it was not started');
    expect(
      bench.simulator.requests().filter(({ method, path }) => method === 'POST' && path.includes('/sync')),
    ).toHaveLength(1);
  });

  it('asks again, a bounded number of times, only when it surely was not heard', async () => {
    bench = await SyncBench.start();
    bench.simulator.goDown();
    const job = bench.run(syncRecord({}, { deadlineAt: new Date(Date.now() + 9_000).toISOString() }), {
      timing: { openMs: 100 },
    });
    await eventually(() => job.patches.some(({ postingAt }) => postingAt !== undefined));
    await bench.simulator.comeUp();
    expect(await job.end).toMatchObject({ state: 'succeeded' });
    one();
  });

  it('ends with nothing started when the cluster refuses connections throughout', async () => {
    bench = await SyncBench.start();
    bench.simulator.goDown();
    const end = await bench.run(syncRecord({}, { deadlineAt: new Date(Date.now() + 2_500).toISOString() }), {
      timing: { openMs: 100 },
    }).end;
    expect(end).toMatchObject({ state: 'failed', outcome: { code: 'sync_failed' } });
    expect(end.message).toContain('Nothing was started');
    await bench.simulator.comeUp();
    expect(bench.simulator.operations()).toHaveLength(0);
  });

  it('after a death between the note and the request asks once', async () => {
    bench = await SyncBench.start();
    const dying = bench.run(syncRecord(), {
      onPatch: ({ postingAt }) => {
        if (postingAt !== undefined) dying.abort.abort(new Error('the process died'));
      },
    });
    expect(await rejection(dying.end)).toEqual(new Error('the process died'));
    expect(bench.simulator.operations()).toHaveLength(0);
    expect(await bench.run(dying.record).end).toMatchObject({ state: 'succeeded', outcome: { sync: 'Synced' } });
    one();
  });

  it('after a death with the request under way adopts what it started', async () => {
    bench = await SyncBench.start('guestbook');
    bench.simulator.fault({ kind: 'hold', method: 'POST', path: '/sync', delayMs: 300, count: 1 });
    const dying = bench.run(syncRecord());
    await eventually(() =>
      bench.simulator.requests().some(({ method, path }) => method === 'POST' && path.includes('/sync')),
    );
    dying.abort.abort(new Error('the process died'));
    await rejection(dying.end);
    expect(dying.record).toMatchObject({ postingAt: expect.any(String) });
    expect(dying.record.acceptedVersion).toBeUndefined();
    expect(await bench.run(dying.record).end).toMatchObject({ state: 'succeeded' });
    one();
  });

  it('after a death right after the acceptance follows on, even when the operation is long over', async () => {
    bench = await SyncBench.start();
    const dying = bench.run(syncRecord(), {
      onPatch: ({ acceptedVersion }) => {
        if (acceptedVersion !== undefined) dying.abort.abort(new Error('the process died'));
      },
    });
    await rejection(dying.end);
    await eventually(() => bench.simulator.operations()[0]?.phase === 'Succeeded');
    expect(await bench.run(dying.record).end).toMatchObject({
      state: 'succeeded',
      phase: 'Succeeded',
      outcome: { sync: 'Synced' },
    });
    one();
  });

  it('[lesson 2] after a death finds its own success in the history, when another operation has overwritten the rest', async () => {
    bench = await SyncBench.start();
    const dying = bench.run(syncRecord(), {
      onPatch: ({ acceptedVersion }) => {
        if (acceptedVersion !== undefined) dying.abort.abort(new Error('the process died'));
      },
    });
    await rejection(dying.end);
    await eventually(() => bench.simulator.operations()[0]?.phase === 'Succeeded');
    await bench.client.sync({ name: 'web', project: 'default' }, { dryRun: true });
    const end = await bench.run(dying.record).end;
    expect(end).toMatchObject({
      state: 'succeeded',
      outcome: { resources: [], revision: bench.simulator.operations()[0]?.revision },
    });
    expect(end.message).toContain('history');
  });

  it('does not claim a success of somebody else', async () => {
    bench = await SyncBench.start();
    const postingAt = new Date().toISOString();
    const token = bench.simulator.createToken('somebody');
    bench.simulator.setRights('somebody', [{ resource: '*', action: '*', object: '*' } as never]);
    const other = testClient(bench.simulator.url, { credentials: new ScriptedCredentials([token]) });
    bench.onClose(() => other.close());
    await other.sync({ name: 'web', project: 'default' }, {});
    await eventually(() => bench.simulator.operations()[0]?.phase === 'Succeeded');
    const end = await bench.run(syncRecord({}, { postingAt })).end;
    expect(end).toMatchObject({ state: 'failed', outcome: { code: 'outcome_unknown' } });
    expect(bench.simulator.operations()).toHaveLength(1);
  });
});
