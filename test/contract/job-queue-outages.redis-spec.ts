import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { pino } from 'pino';
import type { AppError } from '../../src/errors/app-error.js';
import { BullmqQueue } from '../../src/jobs/bullmq-queue.js';
import { childScript } from '../support/child-process.js';
import { eventually } from '../support/eventually.js';
import { Gate, succeeded, syncJob } from '../support/jobs.js';
import { describeOwnRedis, startRedis, type OwnRedis } from '../support/redis.js';

const log = pino({ level: 'silent' });
const quick = { lockMs: 1_000, stalledCheckMs: 1_000, sweepMs: 500, patienceMs: 30_000 };
const wait = { timeoutMs: 20_000 };

describeOwnRedis('job queue on Redis, when its Redis fails', () => {
  let redis: OwnRedis;
  let queue: BullmqQueue;
  beforeEach(async () => {
    redis = await startRedis({ appendonly: true });
    queue = new BullmqQueue({ url: redis.url, keyPrefix: 'p', log, times: quick });
  });
  afterEach(async () => {
    await queue.close({ graceMs: 0 });
    await redis.stop();
  });

  it('a queued job survives a Redis that is killed and started again', async () => {
    const { job } = await queue.add(syncJob());
    await redis.kill();
    await redis.restart();
    await queue.work(async () => succeeded, { concurrency: 1 });
    const ended = await eventually(() => queue.wait(job.jobId, wait), { timeoutMs: 20_000 });
    expect(ended).toMatchObject({ state: 'succeeded', jobId: job.jobId });
  });

  it('adding fails within 3 s while Redis is away, and says that nothing was started', async () => {
    await queue.add(syncJob({ application: 'other' }));
    await redis.kill();
    await eventually(async () => !(await queue.health()).ok);
    const started = performance.now();
    const error = await queue.add(syncJob()).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'unavailable' });
    expect((error as AppError).message).toContain('nothing was started');
    expect((error as AppError).details).toEqual({});
    expect(performance.now() - started).toBeLessThan(3_000);
    await redis.restart();
    expect(await eventually(() => queue.add(syncJob()), { timeoutMs: 20_000 })).toMatchObject({ joined: false });
  });

  it('adding to a Redis that hangs fails within 3 s, and says that the job may have been queued', async () => {
    await queue.add(syncJob({ application: 'other' }));
    redis.pause();
    const job = syncJob();
    const started = performance.now();
    await expect(queue.add(job)).rejects.toMatchObject({
      code: 'unavailable',
      details: { jobId: job.jobId, maybeStarted: true },
    });
    expect(performance.now() - started).toBeLessThan(3_000);
    redis.resume();
    // It was: and whoever calls again joins it.
    const again = await eventually(() => queue.add(syncJob()), { timeoutMs: 20_000 });
    expect(again).toMatchObject({ joined: true, job: { jobId: job.jobId } });
    await queue.work(async () => succeeded, { concurrency: 1 });
    expect(await queue.wait(job.jobId, wait)).toMatchObject({ state: 'succeeded' });
  });

  it('a handler goes on while Redis is away; what it notes and its end are written when Redis is back', async () => {
    const [begun, away, noted, back] = [new Gate(), new Gate(), new Gate(), new Gate()] as const;
    let runs = 0;
    await queue.work(
      async (_, { signal, update }) => {
        runs++;
        begun.open();
        await away.wait(signal);
        await update({ phase: 'Running', message: 'noted in the dark' });
        noted.open();
        await back.wait(signal);
        return { ...succeeded, message: undefined };
      },
      { concurrency: 1 },
    );
    const { job } = await queue.add(syncJob());
    await begun.opened;
    await redis.kill();
    away.open();
    await noted.opened;
    back.open();
    await redis.restart();
    const ended = await eventually(() => queue.wait(job.jobId, wait), { timeoutMs: 25_000 });
    expect(ended).toMatchObject({ state: 'succeeded', message: 'noted in the dark' });
    expect(runs).toBe(1);
    expect((await eventually(() => queue.add(syncJob()))).joined).toBe(false);
  });

  it('a note of postingAt resolves only when it is written', async () => {
    const [begun, away] = [new Gate(), new Gate()] as const;
    let isNoted = false;
    await queue.work(
      async (job, { signal, update }) => {
        if (job.postingAt) return succeeded;
        begun.open();
        await away.wait(signal);
        await update({ postingAt: '2026-11-24T07:00:00Z' });
        isNoted = true;
        return succeeded;
      },
      { concurrency: 1 },
    );
    const { job } = await queue.add(syncJob());
    await begun.opened;
    redis.pause();
    away.open();
    await expect(queue.health()).resolves.toMatchObject({ ok: false });
    await expect(queue.health()).resolves.toMatchObject({ ok: false });
    expect(isNoted).toBe(false);
    redis.resume();
    const ended = await eventually(() => queue.wait(job.jobId, wait), { timeoutMs: 25_000 });
    expect(ended).toMatchObject({ state: 'succeeded', postingAt: '2026-11-24T07:00:00Z' });
  });

  it('a waiter outlives a restart of Redis and sees the end', async () => {
    const [begun, gate] = [new Gate(), new Gate()] as const;
    await queue.work(
      async (_, { signal }) => {
        begun.open();
        await gate.wait(signal);
        return succeeded;
      },
      { concurrency: 1 },
    );
    const { job } = await queue.add(syncJob());
    await begun.opened;
    const ended = queue.wait(job.jobId, { timeoutMs: 25_000 });
    await queue.wait(job.jobId, { timeoutMs: 0 });
    await redis.kill();
    await redis.restart();
    gate.open();
    expect(await ended).toMatchObject({ state: 'succeeded' });
  });

  it('closing does not hang while Redis is away', async () => {
    await queue.work(async (_, { signal }) => new Gate().wait(signal).then(() => succeeded), { concurrency: 1 });
    const { job } = await queue.add(syncJob());
    await eventually(async () => (await queue.get(job.jobId))?.state === 'running');
    await redis.kill();
    const started = performance.now();
    await queue.close({ graceMs: 0 });
    expect(performance.now() - started).toBeLessThan(9_000);
  });

  it('a process that is told to stop while Redis is away ends by itself', async () => {
    const script = childScript('test/support/job-worker.ts', ['src/jobs', 'src/cache', 'src/errors', 'src/telemetry']);
    try {
      const worker = script.start({ JOB_REDIS: redis.url, JOB_PREFIX: 'p' });
      const { job } = await queue.add(syncJob());
      await eventually(() => worker.lines.includes(`posted ${job.jobId}`), { timeoutMs: 15_000 });
      await redis.kill();
      worker.kill('SIGTERM');
      // Killed by nobody: code 0, no signal.
      expect(await worker.exited).toEqual([0, null]);
      expect(worker.lines).toContain('closed');
    } finally {
      await script.remove();
    }
  });
});
