import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { JobContext, JobEnd, JobMoved, JobQueue } from '../../src/jobs/job-queue.js';
import { newJobId } from '../../src/jobs/job-record.js';
import type { JobRecord } from '../../src/jobs/job.js';
import { eventually } from './eventually.js';
import { Gate, succeeded, syncJob } from './jobs.js';

/** What callers may rely on, whichever queue it is. */
export function jobQueueContract(open: (moved: JobMoved) => JobQueue): void {
  let queue: JobQueue;
  let moves: JobRecord[];
  beforeEach(() => {
    moves = [];
    queue = open((job) => void moves.push(job));
  });
  afterEach(() => queue.close({ graceMs: 0 }));

  it('a job that nobody works on stays queued, whole as it was added', async () => {
    const job = syncJob({ parameters: { revision: 'main', prune: true } });
    const added = await queue.add(job);
    expect(added).toEqual({ job: { ...job, durable: queue.durable }, joined: false });
    expect(await queue.get(job.jobId)).toEqual(added.job);
    expect(await queue.wait(job.jobId, { timeoutMs: 50 })).toEqual(added.job);
  });

  it('there is no job that was never added', async () => {
    expect(await queue.get(newJobId('sync'))).toBeUndefined();
    expect(await queue.wait(newJobId('sync'), { timeoutMs: 5_000 })).toBeUndefined();
  });

  it('a job runs once, and its record tells how it ended', async () => {
    const runs: JobRecord[] = [];
    await queue.work(
      async (record) => {
        runs.push(record);
        return succeeded;
      },
      { concurrency: 2 },
    );
    const { job } = await queue.add(syncJob());
    const ended = await queue.wait(job.jobId, { timeoutMs: 10_000 });
    expect(ended).toMatchObject({ ...succeeded, jobId: job.jobId, createdAt: job.createdAt });
    expect(ended!.outcome).toEqual(succeeded.outcome);
    expect(Date.parse(ended!.startedAt!)).toBeLessThanOrEqual(Date.parse(ended!.finishedAt!));
    expect(runs).toHaveLength(1);
    expect(runs[0]).toMatchObject({ jobId: job.jobId, state: 'running', startedAt: ended!.startedAt });
    expect(await queue.get(job.jobId)).toEqual(ended);
  });

  it('every move of a job is told once it is written: added, begun, further, ended; a joined one moves nothing', async () => {
    const gate = new Gate();
    await queue.work(
      async (_, { signal, update }) => {
        await update({ phase: 'Running', message: 'half done' });
        await gate.wait(signal);
        return succeeded;
      },
      { concurrency: 1 },
    );
    const job = syncJob();
    await queue.add(job);
    await eventually(() => moves.length === 3);
    expect(await queue.get(job.jobId)).toEqual(moves[2]);
    expect((await queue.add({ ...job, jobId: newJobId('sync') })).joined).toBe(true);
    gate.open();
    await queue.wait(job.jobId, { timeoutMs: 10_000 });
    await eventually(() => moves.length === 4);
    expect(moves.map(({ jobId, state, message }) => [jobId === job.jobId, state, message])).toEqual([
      [true, 'queued', undefined],
      [true, 'running', undefined],
      [true, 'running', 'half done'],
      [true, 'succeeded', 'done'],
    ]);
    expect(await queue.get(job.jobId)).toEqual(moves[3]);
  });

  it('a job that was added before anybody worked is done', async () => {
    const { job } = await queue.add(syncJob());
    await queue.work(async () => succeeded, { concurrency: 1 });
    expect(await queue.wait(job.jobId, { timeoutMs: 10_000 })).toMatchObject({ state: 'succeeded' });
  });

  it('an equal job of the same application is joined, queued or running, however its parameters are written', async () => {
    const gate = new Gate();
    const first = await queue.add(syncJob({ parameters: { prune: true, revision: 'main' } }));
    const same = syncJob({ parameters: { revision: 'main', prune: true, force: undefined }, caller: 'other' });
    expect(await queue.add(same)).toEqual({ job: first.job, joined: true });
    await queue.work(
      async (_, { signal }) => {
        await gate.wait(signal);
        return succeeded;
      },
      { concurrency: 1 },
    );
    await eventually(async () => (await queue.get(first.job.jobId))?.state === 'running');
    const joined = await queue.add({ ...same, jobId: newJobId('sync') });
    expect(joined).toMatchObject({ joined: true, job: { jobId: first.job.jobId, state: 'running' } });
    expect(await queue.get(same.jobId)).toBeUndefined();
    gate.open();
  });

  it('a different job of the same application is refused with the id of the one under way', async () => {
    const { job } = await queue.add(syncJob({ parameters: { prune: false } }));
    await expect(queue.add(syncJob({ parameters: { prune: true } }))).rejects.toMatchObject({
      code: 'operation_in_progress',
      details: { jobId: job.jobId },
    });
  });

  it('other applications, namespaces and clusters go on, whatever their names hold', async () => {
    const { job } = await queue.add(syncJob({ namespace: 'a/b', application: 'c' }));
    const others = [
      syncJob({ namespace: 'a', application: 'b/c' }),
      syncJob({ namespace: 'a/b', application: 'd' }),
      syncJob({ namespace: 'a/b', application: 'c', cluster: 'us-prod' }),
    ];
    for (const other of others) expect(await queue.add(other)).toMatchObject({ joined: false });
    expect(job.jobId).not.toBe(others[0]!.jobId);
  });

  it('once a job has ended, the next of its application is a new one', async () => {
    await queue.work(async () => succeeded, { concurrency: 1 });
    const first = await queue.add(syncJob());
    await queue.wait(first.job.jobId, { timeoutMs: 10_000 });
    const second = await queue.add(syncJob({ parameters: { prune: true } }));
    expect(second.joined).toBe(false);
    expect(await queue.wait(second.job.jobId, { timeoutMs: 10_000 })).toMatchObject({ state: 'succeeded' });
  });

  it('twenty calls at once for one application make one job', async () => {
    const added = await Promise.all(Array.from({ length: 20 }, () => queue.add(syncJob())));
    expect(new Set(added.map(({ job }) => job.jobId)).size).toBe(1);
    expect(added.filter(({ joined }) => !joined)).toHaveLength(1);
  });

  it('no more jobs run at once than told', async () => {
    let running = 0;
    let most = 0;
    await queue.work(
      async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        return succeeded;
      },
      { concurrency: 2 },
    );
    const added = await Promise.all(
      Array.from({ length: 8 }, (_, i) => queue.add(syncJob({ application: `app-${i}` }))),
    );
    for (const { job } of added) {
      expect(await queue.wait(job.jobId, { timeoutMs: 10_000 })).toMatchObject({ state: 'succeeded' });
    }
    expect(most).toBeLessThanOrEqual(2);
  });

  it('a waiter sees every note of progress in order, each once, and the end', async () => {
    const gate = new Gate();
    await queue.work(
      async (_, context) => {
        await gate.wait(context.signal);
        for (const message of ['one', 'two', 'three']) await context.update({ phase: 'Running', message });
        await context.update({ postingAt: '2026-11-24T07:00:00Z', acceptedVersion: '42', message: undefined });
        return succeeded;
      },
      { concurrency: 1 },
    );
    const { job } = await queue.add(syncJob());
    await eventually(async () => (await queue.get(job.jobId))?.state === 'running');
    const seen: JobRecord[] = [];
    await queue.wait(job.jobId, { timeoutMs: 0 });
    const ended = queue.wait(job.jobId, { timeoutMs: 10_000, onUpdate: (record) => seen.push(record) });
    // Answered after what the waiter asks first.
    await queue.wait(job.jobId, { timeoutMs: 0 });
    gate.open();
    expect(await ended).toMatchObject({ state: 'succeeded', postingAt: '2026-11-24T07:00:00Z', acceptedVersion: '42' });
    expect(seen.map(({ message }) => message)).toEqual(['one', 'two', 'three', 'three', 'done']);
  });

  it('a waiter that goes away is let go at once, with the job as it stands', async () => {
    const { job } = await queue.add(syncJob());
    const controller = new AbortController();
    const waiting = queue.wait(job.jobId, { timeoutMs: 60_000, signal: controller.signal });
    controller.abort();
    expect(await waiting).toMatchObject({ state: 'queued' });
    expect(await queue.wait(job.jobId, { timeoutMs: 60_000, signal: AbortSignal.abort() })).toMatchObject({
      state: 'queued',
    });
  });

  it('what a handler throws ends its job as outcome_unknown, and its words reach nobody', async () => {
    await queue.work(
      async () => {
        throw new Error('redis://user:secret@10.0.0.1 broke');
      },
      { concurrency: 1 },
    );
    const { job } = await queue.add(syncJob());
    const ended = await queue.wait(job.jobId, { timeoutMs: 10_000 });
    expect(ended).toMatchObject({ state: 'failed', outcome: { code: 'outcome_unknown' } });
    expect(JSON.stringify(ended)).not.toMatch(/secret|10\.0\.0\.1/);
    expect(await queue.add(syncJob())).toMatchObject({ joined: false });
  });

  it('an end keeps what was noted before, and replaces what it names', async () => {
    const end: JobEnd = { state: 'failed', outcome: { code: 'sync_failed', resources: [], resourcesOmitted: 3 } };
    await queue.work(
      async (_, { update }) => {
        await update({ phase: 'Failed', message: 'noted' });
        return end;
      },
      { concurrency: 1 },
    );
    const { job } = await queue.add(syncJob());
    expect(await queue.wait(job.jobId, { timeoutMs: 10_000 })).toMatchObject({
      ...end,
      phase: 'Failed',
      message: 'noted',
    });
  });

  it('nothing can be noted about a job after its end', async () => {
    let late: JobContext | undefined;
    await queue.work(
      async (_, context) => {
        late = context;
        return succeeded;
      },
      { concurrency: 1 },
    );
    const { job } = await queue.add(syncJob());
    await queue.wait(job.jobId, { timeoutMs: 10_000 });
    await expect(late!.update({ message: 'late' })).rejects.toThrow();
    expect(await queue.get(job.jobId)).toMatchObject({ state: 'succeeded', message: 'done' });
  });

  it('closing lets a running job finish within the grace', async () => {
    const gate = new Gate();
    await queue.work(
      async (_, { signal }) => {
        await gate.wait(signal);
        return succeeded;
      },
      { concurrency: 1 },
    );
    const { job } = await queue.add(syncJob());
    await eventually(async () => (await queue.get(job.jobId))?.state === 'running');
    const ended = queue.wait(job.jobId, { timeoutMs: 10_000 });
    const closing = queue.close({ graceMs: 10_000 });
    gate.open();
    expect(await ended).toMatchObject({ state: 'succeeded' });
    await closing;
  });

  it('closing tells handlers to let go after the grace, and does not wait for one that does not listen', async () => {
    const signals: AbortSignal[] = [];
    await queue.work(
      (_, { signal }) => {
        signals.push(signal);
        return new Promise<JobEnd>(() => undefined);
      },
      { concurrency: 1 },
    );
    await queue.add(syncJob());
    await eventually(() => signals.length === 1);
    const started = performance.now();
    await queue.close({ graceMs: 100 });
    expect(performance.now() - started).toBeLessThan(8_000);
    expect(signals[0]!.aborted).toBe(true);
  });

  it('says that it is well', async () => {
    expect(await queue.health()).toEqual({ ok: true });
  });
}
