import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { Simulator } from '../../src/simulator/simulator.js';
import { command, endCommands, type Command } from '../support/command.js';
import { eventually } from '../support/eventually.js';
import { describeRedis, uniquePrefix } from '../support/redis.js';

/* The whole program in processes of their own, as an operator runs it. */

describeRedis('jobs on Redis', (redis) => {
  let folder: string;
  let simulator: Simulator;
  afterEach(async () => {
    await endCommands();
    await simulator?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  async function setUp(): Promise<string> {
    folder = mkdtempSync(join(tmpdir(), 'fleet-durable-'));
    simulator = await Simulator.start({ name: 'eu', applications: 20, speed: 0.3 });
    const token = join(folder, 'token');
    writeFileSync(token, simulator.tokens.admin, { mode: 0o600 });
    const config = join(folder, 'fleet.yaml');
    const content = {
      server: { port: 0 },
      redis: { cache: redis.url, queue: redis.url, keyPrefix: uniquePrefix() },
      clusters: [{ name: 'eu', url: simulator.url, token: { file: token } }],
    };
    writeFileSync(config, stringify(content), { mode: 0o600 });
    return config;
  }

  const serve = (config: string, role: string): Command => command(['serve', '--config', config, '--role', role]);
  const urlOf = async (server: Command): Promise<string> => (await server.prints(/"url":"([^"]+)"/))[1] as string;
  const json = async (url: string, init?: RequestInit): Promise<any> => (await fetch(url, init)).json();

  async function outOfSync(url: string): Promise<string> {
    return eventually(async () => {
      const { applications } = await json(`${url}/api/v1/applications?sync=OutOfSync&health=Healthy&limit=1`);
      return applications[0].name as string;
    });
  }
  const startSync = async (url: string, name: string): Promise<any> =>
    (
      await json(`${url}/api/v1/applications/${name}/sync`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"cluster":"eu"}',
      })
    ).job;

  it('a job whose worker is killed is finished by another, with one operation in Argo CD', async () => {
    const config = await setUp();
    const api = serve(config, 'api');
    const first = serve(config, 'worker');
    const url = await urlOf(api);
    await urlOf(first);
    const name = await outOfSync(url);
    const job = await startSync(url, name);
    expect(job).toMatchObject({ durable: true, kind: 'sync' });
    await eventually(() => simulator.operations().length === 1, { timeoutMs: 20_000 });
    first.kill('SIGKILL');
    await first.ended;
    await urlOf(serve(config, 'worker'));
    const ended = await eventually(
      async () => {
        const answer = await json(`${url}/api/v1/jobs/${job.jobId}/wait?timeoutSeconds=20`);
        expect(answer.job.finishedAt).toBeDefined();
        return answer.job;
      },
      { timeoutMs: 80_000 },
    );
    expect(ended).toMatchObject({ state: 'succeeded', outcome: { sync: 'Synced' } });
    expect(simulator.operations()).toHaveLength(1);
  }, 120_000);

  it('a job added while no worker runs waits for one, also over a restart of the API', async () => {
    const config = await setUp();
    const api = serve(config, 'api');
    const url = await urlOf(api);
    const name = await outOfSync(url);
    const { jobId } = await startSync(url, name);
    api.kill('SIGTERM');
    expect(await api.ended).toBe(0);
    const all = await urlOf(serve(config, 'all'));
    const { job } = await json(`${all}/api/v1/jobs/${jobId}/wait?timeoutSeconds=30`);
    expect(job.state).toBe('succeeded');
    expect(simulator.operations()).toHaveLength(1);
  }, 60_000);

  it('a restarted server knows its applications although their cluster is gone, and says how old that is', async () => {
    const config = await setUp();
    const first = serve(config, 'all');
    const url = await urlOf(first);
    await eventually(async () => expect((await json(`${url}/api/v1/applications`)).total).toBe(20));
    first.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    simulator.goDown();
    const again = await urlOf(serve(config, 'all'));
    const answer = await eventually(
      async () => {
        const body = await json(`${again}/api/v1/applications?limit=200`);
        expect(body.total).toBe(20);
        return body;
      },
      { timeoutMs: 15_000 },
    );
    expect(answer.applications.every((row: { stale?: boolean }) => row.stale)).toBe(true);
    expect(answer.unavailable).toMatchObject([{ cluster: 'eu', staleRows: 20 }]);
    expect(Date.parse(answer.unavailable[0].lastSeenAt)).toBeLessThan(Date.now());
  }, 60_000);
});
