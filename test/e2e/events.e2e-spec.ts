import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { closeReaders, readEvents } from '../support/event-reader.js';
import { ReloadingFleet } from '../support/reloading-fleet.js';
import { runFleet, type RunningFleet } from '../support/running-fleet.js';

const hash = (key: string): string => `sha256:${createHash('sha256').update(key).digest('hex')}`;
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

/* The whole server over simulated clusters; the mechanics of the stream are in event-stream.e2e-spec.ts. */

describe('events of a fleet', () => {
  let fleet: RunningFleet | undefined;
  afterEach(async () => {
    await closeReaders();
    await fleet?.close();
    fleet = undefined;
  });

  it('an application is told as the list shows it, and the list shows it by then', async () => {
    fleet = await runFleet({ clusters: [{ name: 'eu' }] });
    const simulator = fleet.simulators['eu']!;
    const reader = await readEvents(fleet.url, { types: 'application' });
    for (const [i, name] of simulator.applications.entries()) {
      const message = `number ${i}`;
      simulator.mutate(name, { health: { status: 'Degraded', message } });
      const { data } = await reader.waitFor(({ data: told }) => told.application?.reason?.includes(message));
      const { body } = await fleet.get(`/api/v1/applications?name=${name}`);
      expect(body.applications).toEqual([data.application]);
    }
  });

  it('with a filter, what comes under it and what leaves it is told, and what is deleted', async () => {
    fleet = await runFleet({ clusters: [{ name: 'eu' }, { name: 'us' }] });
    const simulator = fleet.simulators['eu']!;
    const [one, two] = simulator.applications as [string, string];
    const reader = await readEvents(fleet.url, { cluster: 'eu', health: 'Degraded,Missing', name: one });
    const told = () => reader.of('application').map(({ data }) => [data.change, data.application.name]);
    fleet.simulators['us']!.mutate(one, { health: { status: 'Degraded' } });
    simulator.mutate(two, { health: { status: 'Degraded' } });
    simulator.mutate(one, { health: { status: 'Degraded' } });
    await reader.waitFor(({ data }) => data.change === 'changed');
    simulator.mutate(one, { health: { status: 'Healthy' } });
    await reader.waitFor(({ data }) => data.change === 'left');
    simulator.mutate(one, { health: { status: 'Missing' } });
    await reader.waitFor(({ data }) => data.application?.health === 'Missing');
    simulator.mutate(one, { isDeleted: true });
    const { data } = await reader.waitFor(({ data: each }) => each.change === 'removed');
    expect(data).toEqual({ change: 'removed', application: { cluster: 'eu', namespace: 'argocd', name: one } });
    const kinds = told().map(([change, name]) => (name === one ? change : name));
    // What is told twice in a row is only what the list shows otherwise in between: a change is two writes at most.
    expect(kinds.length).toBeLessThanOrEqual(8);
    expect(kinds.filter((kind, i) => kind !== kinds[i - 1])).toEqual(['changed', 'left', 'changed', 'removed']);
  });

  it('a cluster that goes down and comes back is told as list_clusters shows it', async () => {
    fleet = await runFleet({ clusters: [{ name: 'eu' }] });
    const reader = await readEvents(fleet.url, { types: 'cluster' });
    fleet.simulators['eu']!.goDown();
    const down = await reader.waitFor(({ data }) => ['down', 'stale'].includes(data.cluster?.feed.state));
    expect(down.data).toMatchObject({ change: 'changed', cluster: { cluster: 'eu', applications: 10 } });
    expect(down.data.cluster.feed.reason).toMatch(/./);
    const from = reader.events.length;
    await fleet.simulators['eu']!.comeUp();
    await reader.waitFor(({ data }) => data.cluster?.feed.state === 'live', { timeoutMs: 20_000, from });
  });

  it('a job is told as get_job shows it, from queued to its end', async () => {
    fleet = await runFleet({ clusters: [{ name: 'eu' }] });
    const name = fleet.simulators['eu']!.applications[0]!;
    const reader = await readEvents(fleet.url, { types: 'job' });
    const { body } = await fleet.post(`/api/v1/applications/${name}/sync`, { cluster: 'eu' });
    const { jobId } = body.job as { jobId: string };
    const ended = await reader.waitFor(({ data }) => data.job?.finishedAt !== undefined, { timeoutMs: 15_000 });
    expect(reader.of('job').every(({ data }) => data.job.jobId === jobId)).toBe(true);
    expect((await fleet.get(`/api/v1/jobs/${jobId}`)).body.job).toEqual(ended.data.job);
  });

  it('whatever happens, a caller who sees a part hears nothing of the rest', async () => {
    const apiKeys = [
      { name: 'all', role: 'admin', hash: hash('all') },
      { name: 'part', role: 'viewer', hash: hash('part'), clusters: 'eu', projects: ['storefront', 'payments'] },
    ];
    fleet = await runFleet({
      clusters: [{ name: 'eu' }, { name: 'dark' }],
      server: { apiKeys },
    });
    const { simulators, url } = fleet;
    const list = async (key: string) =>
      (await fleet!.get('/api/v1/applications?limit=200', bearer(key))).body.applications as {
        cluster: string;
        name: string;
        project: string;
      }[];
    const everything = await list('all');
    const visible = await list('part');
    const hiddenOfEu = everything.filter(
      ({ cluster, name }) => cluster === 'eu' && !visible.some((each) => each.name === name),
    );
    expect([visible.length > 0, hiddenOfEu.length > 0]).toEqual([true, true]);
    const forbidden = ['dark', ...hiddenOfEu.flatMap(({ name, project }) => [`"${name}"`, `"${project}"`])];

    const part = await readEvents(url, {}, bearer('part'));
    const all = await readEvents(url, {}, bearer('all'));
    const change = fc.record({
      cluster: fc.constantFrom('eu', 'dark'),
      index: fc.nat(9),
      health: fc.constantFrom('Degraded', 'Missing', 'Healthy', 'Suspended'),
      isSynced: fc.nat(5).map((number) => number === 0),
    });
    for (const { cluster, index, health, isSynced } of fc.sample(change, 60)) {
      const simulator = simulators[cluster]!;
      const name = simulator.applications[index]!;
      simulator.mutate(name, { health: { status: health }, labels: { round: String(index) } });
      if (isSynced) await fleet.post(`/api/v1/applications/${name}/sync`, { cluster }, bearer('all'));
    }
    simulators['dark']!.goDown();
    await all.waitFor(({ data }) => data.cluster?.cluster === 'dark');
    for (const { name } of visible) {
      simulators['eu']!.mutate(name, { health: { status: 'Degraded', message: `the end of ${name}` } });
    }
    for (const { name } of visible) {
      await part.waitFor(({ data }) => data.application?.reason?.includes(`the end of ${name}`), { timeoutMs: 15_000 });
    }
    for (const word of forbidden) expect(part.text()).not.toContain(word);
    expect(all.text()).toContain('dark');
  });

  it('clusters that are added and removed while the server runs are told, and an old id is then of no use', async () => {
    const running = await ReloadingFleet.start([{ name: 'eu' }]);
    try {
      const reader = await readEvents(running.server.url);
      running.simulators['eu']!.mutate(running.simulators['eu']!.applications[0]!, { health: { status: 'Degraded' } });
      const { id } = await reader.waitFor(({ event, id: place }) => event === 'application' && place !== undefined);
      await running.simulate('us');
      running.write([{ name: 'eu' }, { name: 'us' }]);
      await running.server.reload('signal');
      await reader.waitFor(({ data }) => data.change === 'changed' && data.cluster?.cluster === 'us');
      const name = running.simulators['us']!.applications[3]!;
      await reader.waitFor(({ data }) => data.application?.cluster === 'us' && data.application.name === name);
      const late = await readEvents(running.server.url, {}, { 'last-event-id': id! });
      expect(late.events[0]!.data.resumed).toBe(false);
      await late.waitFor(({ event }) => event === 'reset');
      running.write([{ name: 'us' }]);
      await running.server.reload('signal');
      const removed = await reader.waitFor(({ data }) => data.change === 'removed' && data.cluster?.cluster === 'eu');
      expect(removed.data).toEqual({ change: 'removed', cluster: { cluster: 'eu' } });
    } finally {
      await closeReaders();
      await running.close();
    }
  });
});
