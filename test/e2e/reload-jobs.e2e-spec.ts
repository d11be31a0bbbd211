import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { ReloadingFleet } from '../support/reloading-fleet.js';

describe('jobs under a change of the configuration', () => {
  let fleet: ReloadingFleet;
  afterEach(() => fleet?.close());

  /** Starts a sync that Argo CD has accepted and does not begin before `letGo`. */
  async function startSync(cluster: string): Promise<{ jobId: string; letGo: () => void }> {
    const simulator = fleet.simulators[cluster]!;
    const id = simulator.fault({ kind: 'controller-down' });
    const job = await fleet.sync(simulator.applications[0] as string, cluster);
    await eventually(() => expect(postsOf(cluster)).toMatchObject([{ status: 200 }]));
    return { jobId: job.jobId as string, letGo: () => void simulator.clearFault(id) };
  }
  const postsOf = (cluster: string) =>
    fleet.simulators[cluster]!.requests().filter(({ method, path }) => method === 'POST' && path.endsWith('/sync'));
  const stateOf = async (jobId: string): Promise<any> => (await fleet.get(`/jobs/${jobId}`)).body.job;
  const succeeds = (jobId: string) =>
    eventually(async () => expect(await stateOf(jobId)).toMatchObject({ state: 'succeeded' }), { timeoutMs: 15_000 });

  it('a sync that runs ends as it would have, though its cluster got another token and other limits', async () => {
    fleet = await ReloadingFleet.start([{ name: 'eu' }]);
    const { jobId, letGo } = await startSync('eu');
    const simulator = fleet.simulators['eu']!;
    simulator.setRights('other', [{ resource: '*', action: '*', object: '*' }]);
    fleet.writeToken('other', simulator.createToken('other'));
    fleet.write([{ name: 'eu', token: { file: fleet.tokenFile('other') }, limits: { concurrentRequests: 2 } }]);
    await eventually(() => expect(fleet.reloads().at(-1)).toMatchObject({ result: 'applied' }));
    await eventually(() => expect(simulator.requests().at(-1)?.account).toBe('other'));
    expect(await stateOf(jobId)).toMatchObject({ state: 'running' });
    simulator.clearRequests();
    // So that both the job and the watcher have to connect again.
    simulator.fault({ kind: 'drop-streams', count: 2 });
    const accounts = (path: RegExp) =>
      new Set(simulator.requests().flatMap((request) => (path.test(request.path) ? request.account : [])));
    const name = simulator.applications[0]!;
    await eventually(() => expect(accounts(new RegExp(`[/=]${name}\\b`))).toEqual(new Set(['bot'])));
    await eventually(() => expect(accounts(/stream\/applications\?fields/)).toEqual(new Set(['other'])));
    letGo();
    await succeeds(jobId);
    expect(postsOf('eu')).toEqual([]);
  });

  it('a sync that runs ends as it would have, though its cluster is gone, and whoever waits for it hears of it', async () => {
    fleet = await ReloadingFleet.start([{ name: 'eu' }, { name: 'us' }]);
    const { jobId, letGo } = await startSync('eu');
    const waiting = fleet.get(`/jobs/${jobId}/wait?timeoutSeconds=20`);
    fleet.write([{ name: 'us' }]);
    await eventually(async () => expect(await fleet.names()).toEqual(['us']));
    expect((await fleet.get('/applications?cluster=eu')).body.code).toBe('unknown_cluster');
    expect(await stateOf(jobId)).toMatchObject({ state: 'running', cluster: 'eu' });
    letGo();
    await succeeds(jobId);
    expect((await waiting).body.job).toMatchObject({ jobId, state: 'succeeded' });
    // Then its client goes too.
    await eventually(async () => expect(await fleet.metrics()).not.toContain('cluster="eu"'));
    expect(fleet.simulators['eu']!.openStreams()).toBe(0);
  });

  it('the server stops in time, though a job still runs on a cluster that is gone', async () => {
    fleet = await ReloadingFleet.start([{ name: 'eu' }, { name: 'us' }]);
    await startSync('eu');
    fleet.write([{ name: 'us' }]);
    await eventually(async () => expect(await fleet.names()).toEqual(['us']));
    const startedAt = performance.now();
    await fleet.server.close();
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    await eventually(() => expect(fleet.simulators['eu']!.openStreams()).toBe(0));
  }, 30_000);
});
