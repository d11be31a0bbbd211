import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { BullmqQueue } from '../../src/jobs/bullmq-queue.js';
import { EmbeddedQueue } from '../../src/jobs/embedded-queue.js';
import { eventually } from '../support/eventually.js';
import { Gate, succeeded, syncJob } from '../support/jobs.js';
import { jobQueueContract } from '../support/job-queue-contract.js';
import { describeRedis, uniquePrefix } from '../support/redis.js';

const log = pino({ level: 'silent' });

describe('embedded job queue', () => {
  jobQueueContract((moved) => new EmbeddedQueue({ log, moved }));

  it('is not durable and says so in each job', async () => {
    const queue = new EmbeddedQueue({ log });
    expect(queue.durable).toBe(false);
    expect((await queue.add(syncJob({ durable: true }))).job.durable).toBe(false);
    await queue.close({ graceMs: 0 });
  });

  it('when it closes, what had not begun is cancelled and what ran is unknown; nothing more is taken', async () => {
    const queue = new EmbeddedQueue({ log });
    await queue.work((_, { signal }) => new Gate().wait(signal).then(() => succeeded), { concurrency: 1 });
    const running = await queue.add(syncJob());
    const queued = await queue.add(syncJob({ application: 'other' }));
    await eventually(async () => (await queue.get(running.job.jobId))?.state === 'running');
    await queue.close({ graceMs: 0 });
    expect(await queue.get(running.job.jobId)).toMatchObject({ state: 'failed', outcome: { code: 'outcome_unknown' } });
    expect(await queue.get(queued.job.jobId)).toMatchObject({ state: 'cancelled' });
    await expect(queue.add(syncJob())).rejects.toMatchObject({ code: 'unavailable' });
    expect(await queue.health()).toMatchObject({ ok: false });
  });

  it('keeps a bounded number of ended jobs, the newest', async () => {
    const queue = new EmbeddedQueue({ log, endedKept: 2 });
    await queue.work(async () => succeeded, { concurrency: 1 });
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) {
      const { job } = await queue.add(syncJob());
      await queue.wait(job.jobId, { timeoutMs: 5_000 });
      ids.push(job.jobId);
    }
    expect(await Promise.all(ids.map(async (id) => (await queue.get(id))?.state))).toEqual([
      undefined,
      'succeeded',
      'succeeded',
    ]);
    await queue.close({ graceMs: 0 });
  });
});

describeRedis('job queue on Redis', (redis) => {
  jobQueueContract((moved) => new BullmqQueue({ url: redis.url, keyPrefix: uniquePrefix(), log, moved }));
});
