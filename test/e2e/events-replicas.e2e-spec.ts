import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { closeReaders, readEvents, type EventReader } from '../support/event-reader.js';
import { eventually } from '../support/eventually.js';
import { describeOwnRedis, startRedis, type OwnRedis } from '../support/redis.js';
import { Deployment, type Replica } from '../support/replicas.js';

/* One stream of events over several servers, with one Redis in common. */

describeOwnRedis('events of several replicas', () => {
  let redis: OwnRedis;
  let deployment: Deployment;
  beforeEach(async () => {
    redis = await startRedis();
  });
  afterEach(async () => {
    await closeReaders();
    await deployment.close();
    await redis.stop();
  });

  const slow = { timeoutMs: 20_000 };

  /** Two replicas that are live, the one that watches first. */
  async function twoReplicas(cluster: string): Promise<[Replica, Replica]> {
    const all = await Promise.all([deployment.replica(), deployment.replica()]);
    await eventually(() => {
      for (const each of all) expect(each.feed(cluster).state).toBe('live');
      expect(all.map((each) => each.feed(cluster).source).sort()).toEqual(['follower', 'leader']);
    }, slow);
    return all[0].feed(cluster).source === 'leader' ? [all[0], all[1]] : [all[1], all[0]];
  }

  const mutate = (cluster: string, index: number, message: string): string => {
    const simulator = deployment.simulators[cluster]!;
    const name = simulator.applications[index]!;
    simulator.mutate(name, { health: { status: 'Degraded', message } });
    return name;
  };

  const heard = (reader: EventReader, message: string, options = slow) =>
    reader.waitFor(({ data }) => data.application?.reason?.includes(message), options);

  it('a replica that only follows tells an application when its own list shows it', async () => {
    deployment = await Deployment.over(redis.url, { eu: {} });
    const [, follower] = await twoReplicas('eu');
    const reader = await readEvents(follower.server.url, { types: 'application' });
    for (let i = 0; i < 10; i++) {
      const name = mutate('eu', i, `number ${i}`);
      const { data, id } = await heard(reader, `number ${i}`);
      const { applications } = await follower.get(`/api/v1/applications?name=${name}`);
      expect(applications).toEqual([data.application]);
      expect(id).toMatch(/./);
    }
  });

  it('a reader goes on at another replica: it gets what it missed and not what it has', async () => {
    deployment = await Deployment.over(redis.url, { eu: {}, us: {} });
    const [leader, follower] = await twoReplicas('eu');
    const before = await readEvents(leader.server.url);
    mutate('eu', 0, 'first');
    await heard(before, 'first');
    await before.waitFor(() => before.of('application').at(-1)?.id !== undefined);
    const id = before.lastId()!;
    await before.close();
    mutate('eu', 1, 'missed');
    mutate('us', 1, 'missed too');
    await eventually(async () => {
      const { applications } = await follower.get('/api/v1/applications?health=Degraded&limit=50');
      const reasons = (applications as { reason?: string }[]).map(({ reason }) => reason);
      expect(reasons).toEqual(expect.arrayContaining(['missed', 'missed too']));
    }, slow);
    const after = await readEvents(follower.server.url, {}, { 'last-event-id': id });
    expect(after.events[0]).toMatchObject({ data: { resumed: true } });
    await heard(after, 'missed too');
    await after.waitFor(({ data }) => data.application?.cluster === 'eu' && data.application.reason === 'missed');
    expect(after.text()).not.toContain('"first"');
    expect(after.of('reset')).toEqual([]);
    mutate('eu', 2, 'live');
    await heard(after, 'live');
  });

  it('a replica that was started meanwhile goes on from the common history', async () => {
    deployment = await Deployment.over(redis.url, { eu: {} });
    const [leader] = await twoReplicas('eu');
    const before = await readEvents(leader.server.url);
    mutate('eu', 0, 'first');
    await heard(before, 'first');
    await before.waitFor(() => before.of('application').at(-1)?.id !== undefined);
    const id = before.lastId()!;
    await before.close();
    const name = mutate('eu', 1, 'missed');
    await eventually(async () => {
      const { applications } = await leader.get(`/api/v1/applications?name=${name}`);
      expect(applications[0].reason).toBe('missed');
    }, slow);
    const young = await deployment.replica();
    await eventually(() => young.feed('eu').state === 'live', slow);
    const after = await readEvents(young.server.url, {}, { 'last-event-id': id });
    expect(after.events[0]).toMatchObject({ data: { resumed: true } });
    await heard(after, 'missed');
  });

  it('a job is told by replicas that do not work on it, as get_job shows it there', async () => {
    deployment = await Deployment.over(redis.url, { eu: {} }, { queue: true });
    const [leader, follower] = await twoReplicas('eu');
    await deployment.replica('worker');
    const readers = await Promise.all([leader, follower].map(({ server }) => readEvents(server.url, { types: 'job' })));
    const name = deployment.simulators['eu']!.applications[0]!;
    const answer = await fetch(`${leader.server.url}/api/v1/applications/${name}/sync`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ cluster: 'eu' }),
    });
    const { job } = (await answer.json()) as { job: { jobId: string } };
    for (const [i, reader] of readers.entries()) {
      const ended = await reader.waitFor(({ data }) => data.job?.finishedAt !== undefined, slow);
      expect(reader.of('job')[0]!.data.job).toMatchObject({ jobId: job.jobId });
      const shown = await [leader, follower][i]!.get(`/api/v1/jobs/${job.jobId}`);
      expect(ended.data.job).toEqual(shown.job);
    }
  });

  it('without Redis events go on where the cluster is watched, without ids; when it is back, emptied, all read anew', async () => {
    deployment = await Deployment.over(redis.url, { eu: {} });
    const [leader, follower] = await twoReplicas('eu');
    const readers = await Promise.all([leader, follower].map(({ server }) => readEvents(server.url)));
    mutate('eu', 0, 'before');
    for (const reader of readers) await heard(reader, 'before');
    const id = readers[0]!.lastId()!;
    await redis.kill();
    mutate('eu', 1, 'while it is away');
    const unplaced = await heard(readers[0]!, 'while it is away');
    expect(unplaced.id).toBeUndefined();
    await redis.restart();
    for (const [i, reader] of readers.entries()) {
      await reader.waitFor(({ event }) => event === 'reset', slow);
      const place = [leader, follower][i]!;
      // Whoever reads anew then sees it, or hears of it.
      await eventually(async () => {
        const { applications } = await place.get('/api/v1/applications?health=Degraded&limit=50');
        expect(JSON.stringify(applications)).toContain('while it is away');
      }, slow);
    }
    const late = await readEvents(follower.server.url, {}, { 'last-event-id': id });
    const isTold = late.events[0]!.data.resumed === false || (await late.waitFor(({ event }) => event === 'reset'));
    expect(isTold).toBeTruthy();
    mutate('eu', 2, 'after');
    for (const reader of readers) expect((await heard(reader, 'after')).id ?? reader.lastId()).toMatch(/./);
  });
});
