import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { everything, type Scope } from '../fleet/scope.js';
import { EmbeddedQueue } from './embedded-queue.js';
import { isJobId, newJobId } from './job-record.js';
import { Jobs, type StartSync } from './jobs.js';

const request: StartSync = {
  cluster: 'eu-prod',
  namespace: 'argocd',
  project: 'shop',
  application: 'checkout',
  parameters: { revision: 'main' },
  caller: 'alice',
  deadlineMs: 60_000,
};
const clusterOf = (name: string) => (name === 'eu-prod' ? { name, labels: { env: 'prod' } } : undefined);
const onlyProject = (project: string): Scope => ({
  cluster: () => true,
  project: (name) => name === project,
  key: project,
});
const noProd: Scope = { cluster: ({ labels }) => labels['env'] !== 'prod', project: () => true, key: 'no-prod' };

describe('Jobs', () => {
  let queue: EmbeddedQueue;
  beforeEach(() => {
    queue = new EmbeddedQueue({ log: pino({ level: 'silent' }) });
  });
  afterEach(() => queue.close({ graceMs: 0 }));

  it('shows the fields of the contract and nothing that is kept beside them', async () => {
    const { job, joined } = await new Jobs(queue, everything, clusterOf).startSync(request);
    expect(joined).toBe(false);
    expect(job).toEqual({
      jobId: expect.stringMatching(/^sync-[0-9a-z]{26}$/),
      kind: 'sync',
      cluster: 'eu-prod',
      namespace: 'argocd',
      application: 'checkout',
      state: 'queued',
      createdAt: expect.any(String),
      durable: false,
      pollAfterMs: 1_000,
    });
  });

  it('an ended job names no time to ask again', async () => {
    const jobs = new Jobs(queue, everything, clusterOf);
    await queue.work(async () => ({ state: 'succeeded' }), { concurrency: 1 });
    const { job } = await jobs.startSync(request);
    const ended = await jobs.wait(job.jobId, { timeoutMs: 5_000 });
    expect(ended).toMatchObject({ state: 'succeeded' });
    expect(ended).not.toHaveProperty('pollAfterMs');
  });

  it('the deadline lies the asked time after the start', async () => {
    const { job } = await new Jobs(queue, everything, clusterOf).startSync(request);
    const record = await queue.get(job.jobId);
    expect(Date.parse(record!.deadlineAt) - Date.parse(record!.createdAt)).toBe(60_000);
  });

  it.each([
    ['another project', onlyProject('bank'), clusterOf],
    ['a hidden cluster', noProd, clusterOf],
    ['a cluster that the fleet no longer has', everything, () => undefined],
  ])('a job of %s does not exist, and none can be started there', async (_, scope, find) => {
    const { job } = await new Jobs(queue, everything, clusterOf).startSync(request);
    const jobs = new Jobs(queue, scope, find);
    expect(await jobs.get(job.jobId)).toBeUndefined();
    const seen: unknown[] = [];
    expect(await jobs.wait(job.jobId, { timeoutMs: 5_000, onUpdate: (job) => seen.push(job) })).toBeUndefined();
    expect(seen).toEqual([]);
    await expect(jobs.startSync(request)).rejects.toMatchObject({ code: 'not_found' });
  });

  it.each(['', 'sync-', '../../etc', 'sync-*', `sync-${'a'.repeat(27)}`, 'sync-AAAAAAAAAAAAAAAAAAAAAAAAAA'])(
    'there is no job %p, and nobody is asked for it',
    async (jobId) => {
      const asked: string[] = [];
      const counting = Object.assign(Object.create(queue) as EmbeddedQueue, {
        get: async (id: string) => void asked.push(id),
      });
      expect(await new Jobs(counting, everything, clusterOf).get(jobId)).toBeUndefined();
      expect(asked).toEqual([]);
    },
  );

  it('ids are unlike one another and fit to be asked for', () => {
    const ids = new Set(Array.from({ length: 1_000 }, () => newJobId('sync')));
    expect(ids.size).toBe(1_000);
    for (const id of ids) expect(isJobId(id)).toBe(true);
  });
});
