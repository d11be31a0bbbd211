import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { jobKeys } from '../../src/cache/keys.js';
import type { AppError } from '../../src/errors/app-error.js';
import { BullmqQueue, type BullmqQueueOptions } from '../../src/jobs/bullmq-queue.js';
import { takeoversMax } from '../../src/jobs/bullmq-worker.js';
import type { JobQueue } from '../../src/jobs/job-queue.js';
import type { JobRecord } from '../../src/jobs/job.js';
import { childScript, type ChildScript } from '../support/child-process.js';
import { eventually } from '../support/eventually.js';
import { Gate, succeeded, syncJob } from '../support/jobs.js';
import { describeOwnRedis, describeRedis, startRedis, uniquePrefix, type OwnRedis } from '../support/redis.js';

const log = pino({ level: 'silent' });
const quick = { lockMs: 1_000, stalledCheckMs: 1_000, sweepMs: 500, patienceMs: 30_000 };
const wait = { timeoutMs: 20_000 };

describeRedis('job queue on Redis, several processes', (redis) => {
  let keyPrefix: string;
  let raw: Redis;
  const opened: JobQueue[] = [];
  const open = (change: Partial<BullmqQueueOptions> = {}): BullmqQueue => {
    const queue = new BullmqQueue({ url: redis.url, keyPrefix, log, times: quick, ...change });
    opened.push(queue);
    return queue;
  };
  let worker: ChildScript;
  const startWorker = (env: Record<string, string> = {}) =>
    worker.start({ JOB_REDIS: redis.url, JOB_PREFIX: keyPrefix, ...env });

  beforeAll(() => {
    worker = childScript('test/support/job-worker.ts', ['src/jobs', 'src/cache', 'src/errors', 'src/telemetry']);
  });
  afterAll(() => worker.remove());
  beforeEach(() => {
    keyPrefix = uniquePrefix();
    raw = new Redis(redis.url);
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((queue) => queue.close({ graceMs: 0 })));
    raw.disconnect();
  });

  it('two processes that add at the same time make one job', async () => {
    const queues = [open(), open()];
    for (let round = 0; round < 10; round++) {
      const application = `app-${round}`;
      const added = await Promise.all(queues.map((queue) => queue.add(syncJob({ application }))));
      expect(new Set(added.map(({ job }) => job.jobId)).size).toBe(1);
      expect(added.filter(({ joined }) => joined)).toHaveLength(1);
    }
  });

  it('a waiter in another process sees progress and end', async () => {
    const [api, working] = [open(), open()];
    const gate = new Gate();
    await working.work(
      async (_, { signal, update }) => {
        await gate.wait(signal);
        await update({ phase: 'Running', message: 'syncing' });
        return succeeded;
      },
      { concurrency: 1 },
    );
    const { job } = await api.add(syncJob());
    await eventually(async () => (await api.get(job.jobId))?.state === 'running');
    const seen: (string | undefined)[] = [];
    await api.wait(job.jobId, { timeoutMs: 0 });
    const ended = api.wait(job.jobId, { ...wait, onUpdate: ({ message }) => seen.push(message) });
    await api.wait(job.jobId, { timeoutMs: 0 });
    gate.open();
    expect(await ended).toMatchObject({ state: 'succeeded' });
    expect(seen).toEqual(['syncing', 'done']);
  });

  it('the job of a killed process is taken over, and its record, postingAt included, is kept', async () => {
    const api = open();
    const first = startWorker();
    const { job } = await api.add(syncJob());
    await eventually(() => first.lines.includes(`posted ${job.jobId}`), { timeoutMs: 15_000 });
    const before = await api.get(job.jobId);
    first.kill('SIGKILL');
    await first.exited;
    const second = startWorker();
    const ended = await api.wait(job.jobId, wait);
    expect(ended).toMatchObject({
      state: 'succeeded',
      postingAt: before!.postingAt,
      startedAt: before!.startedAt,
      message: expect.stringContaining('resumed'),
    });
    expect(second.lines).toContain(`run ${job.jobId} ${before!.postingAt}`);
    expect(second.lines.filter((line) => line.startsWith('run'))).toHaveLength(1);
  });

  it('a process that closes hands its running job to another at once, long before its lock runs out', async () => {
    const api = open();
    const first = startWorker({ JOB_LOCK_MS: '60000' });
    const { job } = await api.add(syncJob());
    await eventually(() => first.lines.includes(`posted ${job.jobId}`), { timeoutMs: 15_000 });
    const second = startWorker({ JOB_LOCK_MS: '60000' });
    await eventually(() => second.lines.includes('ready'), { timeoutMs: 15_000 });
    first.kill('SIGTERM');
    expect(await api.wait(job.jobId, wait)).toMatchObject({ state: 'succeeded' });
    await first.exited;
    expect(first.lines).toContain('closed');
    expect(await raw.hget(jobKeys(keyPrefix).record(job.jobId), 'lost')).toBe('0');
  });

  it('a worker that froze and comes back is told to let go, and its notes are refused', async () => {
    const api = open();
    const frozen = startWorker();
    const { job } = await api.add(syncJob());
    await eventually(() => frozen.lines.includes(`posted ${job.jobId}`), { timeoutMs: 15_000 });
    frozen.kill('SIGSTOP');
    const gate = new Gate();
    await open().work(
      async (_, { signal, update }) => {
        await update({ message: 'taken over' });
        await gate.wait(signal);
        return succeeded;
      },
      { concurrency: 1 },
    );
    await eventually(async () => (await api.get(job.jobId))?.message === 'taken over', { timeoutMs: 15_000 });
    frozen.kill('SIGCONT');
    gate.open();
    expect(await api.wait(job.jobId, wait)).toMatchObject({ state: 'succeeded', message: 'done' });
    frozen.kill('SIGTERM');
    await frozen.exited;
    expect(await api.get(job.jobId)).toMatchObject({ state: 'succeeded', message: 'done' });
  });

  it('a job whose record vanished or cannot be read is dropped; the worker and the application go on', async () => {
    const queue = open();
    const gone = (await queue.add(syncJob({ application: 'gone' }))).job;
    const garbage = (await queue.add(syncJob({ application: 'garbage' }))).job;
    const good = (await queue.add(syncJob({ application: 'good' }))).job;
    await raw.del(jobKeys(keyPrefix).record(gone.jobId));
    await raw.hset(jobKeys(keyPrefix).record(garbage.jobId), 'record', '{"jobId":');
    await queue.work(async () => succeeded, { concurrency: 1 });
    expect(await queue.wait(good.jobId, wait)).toMatchObject({ state: 'succeeded' });
    expect(await queue.get(garbage.jobId)).toBeUndefined();
    for (const application of ['gone', 'garbage']) {
      const again = await queue.add(syncJob({ application, parameters: { prune: true } }));
      expect(again.joined).toBe(false);
      expect(await queue.wait(again.job.jobId, wait)).toMatchObject({ state: 'succeeded' });
    }
    expect(await raw.hlen(jobKeys(keyPrefix).holders)).toBe(0);
    expect(await raw.zcard(jobKeys(keyPrefix).open)).toBe(0);
  });

  it('a lock whose job has ended or is gone does not block its application', async () => {
    const queue = open();
    const { job } = await queue.add(syncJob());
    await raw.del(jobKeys(keyPrefix).record(job.jobId));
    expect((await queue.add(syncJob({ parameters: { prune: true } }))).joined).toBe(false);
  });

  it('a job that BullMQ has lost is delivered again', async () => {
    const queue = open();
    const { job } = await queue.add(syncJob());
    const lost = await raw.keys(`${jobKeys(keyPrefix).bullPrefix}:*`);
    expect(lost.length).toBeGreaterThan(0);
    await raw.del(...lost);
    await queue.work(async () => succeeded, { concurrency: 1 });
    expect(await queue.wait(job.jobId, wait)).toMatchObject({ state: 'succeeded' });
  });

  it('a job that is delivered again after its end does not run again', async () => {
    const queue = open();
    const ran: string[] = [];
    await queue.work(
      async ({ jobId }) => {
        ran.push(jobId);
        return succeeded;
      },
      { concurrency: 1 },
    );
    const { job } = await queue.add(syncJob());
    await queue.wait(job.jobId, wait);
    // As after a crash between the end and BullMQ's hearing of it.
    await raw.zadd(jobKeys(keyPrefix).open, 0, job.jobId);
    await eventually(async () => (await raw.zcard(jobKeys(keyPrefix).open)) === 0, { timeoutMs: 10_000 });
    expect(ran).toEqual([job.jobId]);
    expect(await queue.get(job.jobId)).toMatchObject({ state: 'succeeded' });
  });

  it('a job over which process after process dies ends as outcome_unknown', async () => {
    const queue = open();
    const { job } = await queue.add(syncJob());
    await raw.hset(jobKeys(keyPrefix).record(job.jobId), { held: 1, lost: takeoversMax - 1 });
    const ran: JobRecord[] = [];
    await queue.work(
      async (record) => {
        ran.push(record);
        return succeeded;
      },
      { concurrency: 1 },
    );
    expect(await queue.wait(job.jobId, wait)).toMatchObject({ state: 'failed', outcome: { code: 'outcome_unknown' } });
    expect(ran).toEqual([]);
  });

  it('ended records expire, and no key of an ended job stays without an end', async () => {
    const queue = open();
    await queue.work(async () => succeeded, { concurrency: 1 });
    const { job } = await queue.add(syncJob());
    await queue.wait(job.jobId, wait);
    const days = (await raw.pttl(jobKeys(keyPrefix).record(job.jobId))) / 86_400_000;
    expect(days).toBeGreaterThan(6.9);
    expect(days).toBeLessThanOrEqual(7);
    await eventually(async () => {
      const ofJob = (await raw.keys(`*${keyPrefix}*`)).filter((key) => key.includes(job.jobId));
      expect(ofJob).toEqual([jobKeys(keyPrefix).record(job.jobId)]);
    });
  });
});

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
});
