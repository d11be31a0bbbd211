import { afterEach, describe, expect, it } from '@jest/globals';
import { EventFleet, inClusters, inProjects, type Taken } from '../../../test/support/event-fleet.js';

const fleets: EventFleet[] = [];
function aFleet(...options: ConstructorParameters<typeof EventFleet>): EventFleet {
  const fleet = new EventFleet(...options);
  fleets.push(fleet);
  return fleet;
}
afterEach(() => {
  for (const { events } of fleets.splice(0)) events.onModuleDestroy();
});

/** `changed cart`, `reset`, `job j1`, `cluster eu`: what was told, in short. */
const told = (events: Taken[]): string[] =>
  events.map(({ type, data }) => {
    if (type === 'application') return `${data.change} ${data.application.name}`;
    if (type === 'cluster') return `${data.change} cluster ${data.cluster.cluster}`;
    return type === 'job' ? `job ${data.job.jobId} ${data.job.state}` : type;
  });

describe('fleet events', () => {
  it('a change of a row is told as lists show it, once the log has it, with an id', async () => {
    const fleet = aFleet();
    const reading = await fleet.open();
    fleet.putUnlogged({ name: 'cart', health: 'Degraded' });
    expect(reading.take()).toEqual([]);
    fleet.put({ name: 'cart', health: 'Degraded' });
    const [event] = reading.take();
    expect(event).toMatchObject({
      type: 'application',
      id: expect.stringMatching(/^\d+-\d+-[\w-]{8}$/),
      data: {
        change: 'changed',
        application: { cluster: 'eu', namespace: 'argocd', name: 'cart', health: 'Degraded' },
      },
    });
  });

  it('what lists do not show is no event', async () => {
    const fleet = aFleet();
    fleet.put({ name: 'cart' });
    const reading = await fleet.open();
    fleet.put({ name: 'cart', images: ['nginx:2'] });
    fleet.put({ name: 'cart' });
    expect(reading.take()).toEqual([]);
  });

  it('a deleted application is told as removed, by name alone', async () => {
    const fleet = aFleet();
    fleet.put({ name: 'cart' });
    const reading = await fleet.open();
    fleet.remove('eu', 'cart');
    expect(reading.take()[0]).toMatchObject({
      data: { change: 'removed', application: { cluster: 'eu', namespace: 'argocd', name: 'cart' } },
    });
  });

  it('of an application only the newest state waits, however often it changes', async () => {
    const fleet = aFleet();
    const reading = await fleet.open();
    for (const health of ['Missing', 'Progressing', 'Degraded']) fleet.put({ name: 'cart', health });
    fleet.put({ name: 'web' });
    fleet.put({ name: 'cart', health: 'Healthy' });
    const events = reading.take();
    expect(told(events)).toEqual(['changed cart', 'changed web']);
    expect(events[0]!.data.application.health).toBe('Healthy');
  });

  it('an application that comes and goes before it was told is told as removed: a list may have shown it', async () => {
    const fleet = aFleet();
    const reading = await fleet.open();
    fleet.put({ name: 'cart' });
    fleet.remove('eu', 'cart');
    expect(told(reading.take())).toEqual(['removed cart']);
  });

  describe('with a filter', () => {
    it('tells what matches, and once that something no longer does', async () => {
      const fleet = aFleet();
      fleet.put({ name: 'cart', health: 'Healthy' });
      const reading = await fleet.open({ health: ['Degraded'] });
      fleet.put({ name: 'cart', health: 'Missing' });
      expect(reading.take()).toEqual([]);
      fleet.put({ name: 'cart', health: 'Degraded' });
      expect(told(reading.take())).toEqual(['changed cart']);
      fleet.put({ name: 'cart', health: 'Healthy' });
      const [left] = reading.take();
      expect(left!.data).toMatchObject({ change: 'left', application: { name: 'cart', health: 'Healthy' } });
      fleet.put({ name: 'cart', health: 'Missing' });
      expect(reading.take()).toEqual([]);
    });

    it('an application that matched and was deleted is removed; one that never matched is not', async () => {
      const fleet = aFleet();
      fleet.put({ name: 'cart', health: 'Degraded' });
      fleet.put({ name: 'web' });
      const reading = await fleet.open({ health: ['Degraded'] });
      fleet.remove('eu', 'cart');
      fleet.remove('eu', 'web');
      expect(told(reading.take())).toEqual(['removed cart']);
    });

    it('a label that lists do not show decides too', async () => {
      const fleet = aFleet();
      fleet.put({ name: 'cart', labels: { team: 'web' } });
      const reading = await fleet.open({ labels: 'team=web' });
      fleet.put({ name: 'cart', labels: { team: 'api' } });
      expect(told(reading.take())).toEqual(['left cart']);
      fleet.put({ name: 'cart', labels: { team: 'web' } });
      expect(told(reading.take())).toEqual(['changed cart']);
    });

    it('by cluster holds for applications, clusters and jobs; a cluster that nobody can see is unknown', async () => {
      const fleet = aFleet();
      fleet.add('us');
      const reading = await fleet.open({ cluster: 'us' });
      for (const cluster of ['eu', 'us']) {
        fleet.put({ cluster, name: cluster });
        fleet.job(cluster, 'default', { jobId: cluster, state: 'queued' });
        fleet.cluster(cluster).feed.move('down', 'it does not answer');
      }
      expect(told(reading.take())).toEqual(['changed us', 'job us queued', 'changed cluster us']);
      await expect(fleet.open({ cluster: 'ue' })).rejects.toMatchObject({ code: 'unknown_cluster' });
      const blind = fleet.open({ cluster: 'us' }, { scope: inClusters('eu') });
      await expect(blind).rejects.toMatchObject({ code: 'unknown_cluster', details: {} });
    });

    it('jobs are told by the filters that say which application they are about', async () => {
      const fleet = aFleet();
      const reading = await fleet.open({ name: 'pay*', health: ['Degraded'], project: 'shop' });
      const job = (jobId: string, application: string) => ({
        jobId,
        application,
        namespace: 'argocd',
        state: 'queued',
      });
      fleet.job('eu', 'shop', job('one', 'payments'));
      fleet.job('eu', 'shop', job('two', 'cart'));
      fleet.job('eu', 'other', job('three', 'payments'));
      expect(told(reading.take())).toEqual(['job one queued']);
    });
  });

  describe('for a caller who sees a part', () => {
    it('an application that moves to a hidden project is removed, word for word as a deleted one', async () => {
      const fleet = aFleet();
      fleet.put({ name: 'moved', project: 'shop' });
      fleet.put({ name: 'gone', project: 'shop' });
      const reading = await fleet.open({}, { scope: inProjects('shop') });
      fleet.put({ name: 'moved', project: 'secret' });
      fleet.remove('eu', 'gone');
      const [moved, gone] = reading.take();
      expect(moved!.data).toEqual({
        change: 'removed',
        application: { cluster: 'eu', namespace: 'argocd', name: 'moved' },
      });
      expect(gone!.data).toEqual({
        change: 'removed',
        application: { cluster: 'eu', namespace: 'argocd', name: 'gone' },
      });
      fleet.put({ name: 'moved', project: 'secret', health: 'Degraded' });
      expect(reading.take()).toEqual([]);
      fleet.put({ name: 'moved', project: 'shop' });
      expect(told(reading.take())).toEqual(['changed moved']);
    });

    it('hidden jobs, clusters and bursts leave no trace, not even a reset', async () => {
      const fleet = aFleet();
      fleet.add('hidden');
      const reading = await fleet.open({}, { scope: inClusters('eu'), max: 10 });
      for (let i = 0; i < 100; i++) fleet.put({ cluster: 'hidden', name: `app-${i}` });
      fleet.job('hidden', 'default', { jobId: 'j', state: 'queued' });
      fleet.cluster('hidden').feed.move('down', 'gone');
      fleet.gap('hidden');
      expect(reading.take()).toEqual([]);
      fleet.gap('eu');
      expect(told(reading.take())).toEqual(['reset']);
    });
  });

  describe('clusters', () => {
    it('are told when they come, go, or are shown otherwise, and not at every sign of life', async () => {
      const fleet = aFleet();
      const eu = fleet.cluster('eu');
      const reading = await fleet.open();
      eu.feed.touch();
      expect(reading.take()).toEqual([]);
      eu.feed.move('stale', 'no byte for 45 s');
      expect(reading.take()[0]!.data).toMatchObject({
        change: 'changed',
        cluster: { cluster: 'eu', feed: { state: 'stale', reason: 'no byte for 45 s' } },
      });
      // Who watches is nobody's concern, unless it is this process for itself.
      eu.feed.setSource('follower');
      eu.feed.setSource('leader');
      expect(reading.take()).toEqual([]);
      eu.feed.setSource('local');
      expect(reading.take()[0]!.data.cluster.feed).toMatchObject({ state: 'stale', source: 'local' });
      eu.feed.setSource('leader');
      expect(reading.take()[0]!.data.cluster.feed).toMatchObject({ state: 'stale', source: 'leader' });
      eu.facts.version = 'v3.6.0';
      eu.feed.touch();
      expect(reading.take()[0]!.data.cluster.version).toBe('v3.6.0');
      fleet.add('us');
      expect(told(reading.take())).toEqual(['changed cluster us']);
      fleet.leave('eu');
      expect(told(reading.take())).toEqual(['removed cluster eu']);
    });

    it('a cluster that becomes visible or hidden by its labels is told as a reset, and hidden from then on', async () => {
      const fleet = aFleet();
      fleet.add('us', { env: 'dev' });
      const scope = {
        cluster: ({ labels }: { labels: Record<string, string> }) => labels['env'] !== 'prod',
        project: () => true,
        key: 'dev',
      };
      const reading = await fleet.open({}, { scope });
      const all = await fleet.open();
      fleet.relabel('us', { env: 'test' });
      expect(told(reading.take())).toEqual(['changed cluster us']);
      fleet.relabel('us', { env: 'prod' });
      expect(told(reading.take())).toEqual(['reset']);
      fleet.put({ cluster: 'us', name: 'cart' });
      expect(reading.take()).toEqual([]);
      expect(told(all.take())).toEqual(['changed cluster us', 'changed cart']);
      fleet.relabel('us', {});
      expect(told(reading.take())).toEqual(['reset', 'changed cluster us']);
    });

    it('another instance under the same name is told as a reset', async () => {
      const fleet = aFleet();
      const reading = await fleet.open();
      fleet.add('eu');
      expect(told(reading.take())).toEqual(['reset', 'changed cluster eu']);
    });

    it('who hears of applications alone is told to read anew when a cluster leaves with its applications', async () => {
      const fleet = aFleet();
      fleet.add('us');
      fleet.put({ cluster: 'us', name: 'cart' });
      const all = await fleet.open({ types: ['application'] });
      const part = await fleet.open({ types: ['application'] }, { scope: inClusters('eu') });
      const jobs = await fleet.open({ types: ['job'] });
      fleet.leave('us');
      fleet.put({ name: 'web' });
      expect(told(all.take())).toEqual(['reset', 'changed web']);
      expect(told(part.take())).toEqual(['changed web']);
      expect(jobs.take()).toEqual([]);
    });

    it('one that leaves while a reset waits is told after it; one that left before is in no list any more', async () => {
      const fleet = aFleet();
      for (const name of ['us', 'ap']) fleet.add(name);
      const reading = await fleet.open({}, { max: 3 });
      fleet.leave('us');
      for (const name of ['a', 'b', 'c']) fleet.put({ name });
      fleet.leave('ap');
      expect(told(reading.take())).toEqual(['reset', 'removed cluster ap']);
      expect(fleet.fleet.clusters().map(({ name }) => name)).toEqual(['eu']);
    });

    it('a job that ends on a cluster that has left is told to those who could see it', async () => {
      const fleet = aFleet();
      fleet.add('us');
      fleet.leave('us');
      const all = await fleet.open();
      const part = await fleet.open({}, { scope: inClusters('eu') });
      fleet.job('us', 'default', { jobId: 'j', state: 'succeeded' });
      fleet.job('never', 'default', { jobId: 'k', state: 'succeeded' });
      expect(told(all.take())).toEqual(['job j succeeded']);
      expect(part.take()).toEqual([]);
    });
  });

  describe('ids', () => {
    it('a reader that comes back gets what it missed, each thing once, and nothing that it has', async () => {
      const fleet = aFleet();
      fleet.put({ name: 'first' });
      const before = await fleet.open();
      fleet.put({ name: 'cart' });
      const [event] = before.take();
      before.close();
      fleet.put({ name: 'web', health: 'Degraded' });
      fleet.put({ name: 'web', health: 'Missing' });
      fleet.remove('eu', 'first');
      const after = await fleet.open({}, { after: event!.id! });
      expect(after.resumed).toBe(true);
      const missed = after.take();
      expect(told(missed)).toEqual(['changed web', 'removed first', 'changed cluster eu']);
      expect(missed[0]!.data.application.health).toBe('Missing');
    });

    it('an id is given with the last row of a change only: who leaves in the middle misses nothing', async () => {
      const fleet = aFleet();
      fleet.put({ name: 'first' });
      const reading = await fleet.open();
      const start = reading.place();
      fleet.write([{ name: 'a' }, { name: 'b' }, { name: 'c' }]);
      const ids = reading.take().map(({ id }) => id);
      expect(ids).toEqual([undefined, undefined, expect.any(String)]);
      const again = await fleet.open({}, { after: start! });
      expect(told(again.take())).toEqual(['changed a', 'changed b', 'changed c', 'changed cluster eu']);
      const rest = await fleet.open({}, { after: ids[2]! });
      expect(told(rest.take())).toEqual(['changed cluster eu']);
    });

    it('what this process has forgotten comes from the log; what may have matched before is told as left', async () => {
      const fleet = aFleet({ historyMax: 3 });
      fleet.put({ name: 'old', health: 'Degraded' });
      fleet.put({ name: 'hidden', project: 'secret' });
      const before = await fleet.open({ health: ['Degraded'] }, { scope: inProjects('default') });
      const start = before.place()!;
      fleet.put({ name: 'old', health: 'Healthy' });
      fleet.put({ name: 'hidden', project: 'secret', health: 'Degraded' });
      for (let i = 0; i < 20; i++) fleet.put({ name: `new-${i}`, health: 'Degraded' });
      fleet.remove('eu', 'new-0');
      const after = await fleet.open({ health: ['Degraded'] }, { scope: inProjects('default'), after: start });
      expect(after.resumed).toBe(true);
      const events = told(after.take());
      expect(events[0]).toBe('left old');
      expect(events).toContain('removed new-0');
      expect(events.filter((event) => event.startsWith('changed new'))).toHaveLength(19);
      expect(events.join()).not.toContain('hidden');
    });

    it.each([
      ['of nobody', 'hello'],
      ['of another log', '1-0-abcdefgh'],
      ['of the future', '99999999999999-0-abcdefgh'],
    ])('an id %s is told as a reset', async (_, after) => {
      const fleet = aFleet();
      fleet.put({ name: 'cart' });
      const reading = await fleet.open({}, { after });
      expect(reading.resumed).toBe(false);
      expect(told(reading.take())).toEqual(['reset']);
    });

    it('an id is worth nothing for another filter, another scope or other clusters', async () => {
      const fleet = aFleet();
      fleet.put({ name: 'cart' });
      const id = (await fleet.open()).place()!;
      expect((await fleet.open({}, { after: id })).resumed).toBe(true);
      expect((await fleet.open({ health: ['Degraded'] }, { after: id })).resumed).toBe(false);
      expect((await fleet.open({}, { after: id, scope: inProjects('default') })).resumed).toBe(false);
      fleet.add('us');
      expect((await fleet.open({}, { after: id })).resumed).toBe(false);
    });

    it('a reader to whom nothing happens can still go on later, if nothing is hidden from it', async () => {
      const fleet = aFleet();
      fleet.put({ name: 'cart' });
      const all = await fleet.open({ health: ['Missing'] });
      const part = await fleet.open({ health: ['Missing'] }, { scope: inProjects('shop') });
      const [begin, hidden] = [all.place(), part.place()];
      fleet.put({ name: 'cart', health: 'Degraded' });
      expect(all.place()).not.toBe(begin);
      expect(part.place()).toBe(hidden);
    });

    it('what happens while the log is read is told too, and no older state after it', async () => {
      const fleet = aFleet({ historyMax: 1 });
      fleet.put({ name: 'first' });
      const start = (await fleet.open()).place()!;
      for (const name of ['a', 'b', 'c']) fleet.put({ name });
      const opening = fleet.open({}, { after: start });
      fleet.put({ name: 'b', health: 'Degraded' });
      const events = (await opening).take();
      expect(told(events)).toEqual(['changed a', 'changed b', 'changed c', 'changed cluster eu']);
      expect(events[1]!.data.application.health).toBe('Degraded');
    });
  });

  describe('without the log', () => {
    it('rows go on without ids after a moment, and a gap is told as a reset that can be gone on from', async () => {
      let now = 1_000;
      const fleet = aFleet({ now: () => now });
      fleet.put({ name: 'cart' });
      const reading = await fleet.open();
      fleet.putUnlogged({ name: 'cart', health: 'Degraded' });
      now += 300;
      await new Promise((resolve) => setTimeout(resolve, 150));
      const [unplaced] = reading.take();
      expect(unplaced).toMatchObject({ data: { application: { health: 'Degraded' } } });
      expect(unplaced).not.toHaveProperty('id');
      fleet.gap();
      fleet.put({ name: 'web' });
      const [reset, next] = reading.take();
      expect(reset).toMatchObject({ type: 'reset', id: expect.any(String), data: { reason: expect.any(String) } });
      expect(reset!.data.reason).not.toContain('operators');
      expect(told([next!])).toEqual(['changed web']);
      expect(told((await fleet.open({}, { after: reset!.id! })).take())).toEqual(['changed web', 'changed cluster eu']);
    });

    it('a reset takes the place of everything that waited before it', async () => {
      const fleet = aFleet();
      const reading = await fleet.open({}, { max: 5 });
      for (let i = 0; i < 6; i++) fleet.put({ name: `app-${i}` });
      fleet.put({ name: 'last' });
      expect(told(reading.take())).toEqual(['reset', 'changed last']);
    });
  });
});
