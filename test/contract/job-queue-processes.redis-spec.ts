import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { jobKeys } from '../../src/cache/keys.js';
import { BullmqQueue, type BullmqQueueOptions } from '../../src/jobs/bullmq-queue.js';
import { takeoversMax } from '../../src/jobs/bullmq-worker.js';
import type { JobQueue } from '../../src/jobs/job-queue.js';
import type { JobRecord } from '../../src/jobs/job.js';
import { childScript, type ChildScript } from '../support/child-process.js';
import { eventually } from '../support/eventually.js';
import { Gate, succeeded, syncJob } from '../support/jobs.js';
import { describeRedis, uniquePrefix } from '../support/redis.js';

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

  it('a worker that froze and comes back changes nothing of what its successor wrote', async () => {
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

  it('a run whose job another has taken is told to let go, and what it notes is refused; its honest end counts', async () => {
    const queue = open();
    const taken = new Gate();
    const outcome: unknown[] = [];
    await queue.work(
      async (_, { signal, update }) => {
        await taken.opened;
        outcome.push(await update({ postingAt: '2026-11-24T07:00:00Z' }).catch((error: unknown) => error));
        outcome.push(signal.aborted);
        return succeeded;
      },
      { concurrency: 1 },
    );
    const { job } = await queue.add(syncJob());
    await eventually(async () => (await queue.get(job.jobId))?.state === 'running');
    await raw.hincrby(jobKeys(keyPrefix).record(job.jobId), 'run', 1);
    taken.open();
    expect(await queue.wait(job.jobId, wait)).toMatchObject({ state: 'succeeded' });
    expect(outcome).toEqual([expect.objectContaining({ code: 'unavailable' }), true]);
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
