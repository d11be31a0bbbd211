import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { Simulator } from '../../src/simulator/simulator.js';
import { command, endCommands, type Command } from '../support/command.js';
import { eventually } from '../support/eventually.js';

/* The built program, as an operator runs it. */

describe('the running program takes its configuration over again', () => {
  let folder: string;
  let [eu, us]: Simulator[] = [];
  beforeAll(async () => {
    eu = await Simulator.start({ name: 'eu', applications: 5 });
    us = await Simulator.start({ name: 'us', applications: 5 });
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fleet-sources-'));
  });
  afterEach(async () => {
    await endCommands();
    rmSync(folder, { recursive: true, force: true });
  });
  afterAll(async () => {
    await eu?.close();
    await us?.close();
  });

  const put = (path: string, text: string): void => writeFileSync(join(folder, path), text, { mode: 0o600 });
  const cluster = (simulator: Simulator, token: object, more: object = {}) => ({
    ...{ name: simulator.name, url: simulator.url, token },
    ...more,
  });
  const text = (...clusters: object[]): string => stringify({ server: { port: 0 }, clusters });
  const serve = (...args: string[]): Command => command(['serve', '--config', ...args]);
  const urlOf = async (server: Command): Promise<string> => (await server.prints(/"url":"([^"]+)"/))[1] as string;
  const clustersOf = async (url: string): Promise<any> => (await fetch(`${url}/api/v1/clusters`)).json();
  const namesAre = (url: string, ...names: string[]) =>
    eventually(async () => {
      const { clusters } = await clustersOf(url);
      expect(clusters.map((one: { cluster: string }) => one.cluster)).toEqual(names);
    });
  const stops = async (server: Command): Promise<void> => {
    server.kill('SIGTERM');
    expect(await server.ended).toBe(0);
  };

  it('at SIGHUP, which does not end it, and says so even when nothing has changed', async () => {
    put('token', eu!.tokens.admin);
    put('fleet.yaml', text(cluster(eu!, { file: 'token' })));
    const server = serve(join(folder, 'fleet.yaml'));
    const url = await urlOf(server);
    server.kill('SIGHUP');
    await server.prints(/"because":"signal","result":"unchanged".*configuration is unchanged/);
    put('fleet.yaml', text(cluster(eu!, { file: 'token' }), cluster(us!, { env: 'US_TOKEN_NOT_SET' })));
    server.kill('SIGHUP');
    await server.prints(/"result":"refused".*US_TOKEN_NOT_SET/);
    await namesAre(url, 'eu');
    put('us-token', us!.tokens.admin);
    put('fleet.yaml', text(cluster(eu!, { file: 'token' }), cluster(us!, { file: 'us-token' })));
    server.kill('SIGHUP');
    await namesAre(url, 'eu', 'us');
    await stops(server);
    expect(server.stderr()).not.toContain(us!.tokens.admin.slice(0, 40));
  });

  it('when Kubernetes swaps ..data under a mounted configuration and its tokens', async () => {
    us!.setRights('next', [{ resource: '*', action: '*', object: '*' }]);
    us!.setRights('first', [{ resource: '*', action: '*', object: '*' }]);
    let usToken = us!.createToken('first');
    const mount = (version: string, ...clusters: object[]): void => {
      mkdirSync(join(folder, version));
      put(join(version, 'fleet.yaml'), text(...clusters));
      put(join(version, 'eu-token'), eu!.tokens.admin);
      put(join(version, 'us-token'), usToken);
      symlinkSync(version, join(folder, '..data_tmp'));
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    };
    mount('..one', cluster(eu!, { file: 'eu-token' }));
    for (const file of ['fleet.yaml', 'eu-token', 'us-token']) symlinkSync(join('..data', file), join(folder, file));
    const server = serve(join(folder, 'fleet.yaml'));
    const url = await urlOf(server);
    mount('..two', cluster(eu!, { file: 'eu-token' }), cluster(us!, { file: 'us-token' }));
    await namesAre(url, 'eu', 'us');
    rmSync(join(folder, '..one'), { recursive: true });
    mount('..three', cluster(us!, { file: 'us-token' }));
    await namesAre(url, 'us');

    // Nothing but the token is another one.
    usToken = us!.createToken('next');
    mount('..four', cluster(us!, { file: 'us-token' }));
    await server.prints(/"result":"applied".*"changed":\["us: token"\]/);
    us!.clearRequests();
    us!.expireTokens('first');
    const fresh = await fetch(`${url}/api/v1/applications/${us!.applications[0]}?cluster=us&fresh=true`);
    expect(fresh.status).toBe(200);
    us!.addApplications(1, 'after');
    await eventually(async () => {
      const { total, unavailable } = (await (await fetch(`${url}/api/v1/applications`)).json()) as any;
      expect([total, unavailable]).toEqual([us!.applications.length, []]);
    });
    expect(us!.requests().filter(({ status }) => status === 401)).toEqual([]);
    await stops(server);
  });

  it('when a file that it names comes only after it', async () => {
    put('token', eu!.tokens.admin);
    put('fleet.yaml', text(cluster(eu!, { file: 'token' })));
    const server = serve(join(folder, 'fleet.yaml'));
    const url = await urlOf(server);
    put('fleet.yaml', text(cluster(eu!, { file: 'token' }), cluster(us!, { file: 'later/token' })));
    await server.prints(/"result":"refused".*clusters\[1\]\.token/);
    mkdirSync(join(folder, 'later'));
    put(join('later', 'token'), us!.tokens.admin);
    await eventually(() => namesAre(url, 'eu', 'us'), { timeoutMs: 20_000 });
    // Said once, however often it was tried.
    expect(server.stderr().match(/"result":"refused"/g)).toHaveLength(1);
    await stops(server);
  }, 40_000);

  it('a cluster that is renamed is one that goes and one that comes', async () => {
    put('token', eu!.tokens.admin);
    put('fleet.yaml', text(cluster(eu!, { file: 'token' })));
    const server = serve(join(folder, 'fleet.yaml'));
    const url = await urlOf(server);
    put('fleet.yaml', text(cluster(eu!, { file: 'token' }, { name: 'europe' })));
    await server.prints(/"added":\["europe"\],"removed":\["eu"\]/);
    await namesAre(url, 'europe');
    await eventually(async () => {
      const answer = await fetch(`${url}/api/v1/applications`);
      const { total, applications } = (await answer.json()) as any;
      expect(total).toBe(5);
      for (const row of applications) expect(row.cluster).toBe('europe');
    });
    await stops(server);
  });

  it('when the token registry of the official server changes', async () => {
    const entry = ({ url, tokens }: Simulator) => ({ baseUrl: url, token: tokens.admin });
    put('registry.json', JSON.stringify([entry(eu!)]));
    const server = command(['serve', '--port', '0'], { ARGOCD_TOKEN_REGISTRY_PATH: join(folder, 'registry.json') });
    const url = await urlOf(server);
    expect((await clustersOf(url)).total).toBe(1);
    put('registry.json', JSON.stringify([entry(eu!), entry(us!)]));
    await eventually(async () => expect((await clustersOf(url)).total).toBe(2));
    await stops(server);
  });
});
