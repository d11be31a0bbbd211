import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { command, endCommands, type Command } from '../support/command.js';
import { eventually } from '../support/eventually.js';
import { describeOwnRedis, startRedis, type OwnRedis } from '../support/redis.js';
import { Deployment } from '../support/replicas.js';

/* The built program in processes of their own, which are killed and stopped as machines do it. */

describeOwnRedis('replicas in processes of their own', () => {
  let redis: OwnRedis;
  let deployment: Deployment;
  let raw: Redis;
  beforeEach(async () => {
    redis = await startRedis();
    raw = new Redis(redis.url);
    deployment = await Deployment.over(redis.url, { eu: {} }, { keyPrefix: 'p' });
  });
  afterEach(async () => {
    await endCommands();
    raw.disconnect();
    await deployment.close();
    await redis.stop();
  });

  const serve = (env = {}): Command =>
    command(['serve', '--config', deployment.configFile, '--port', '0', '--role', 'api'], env);
  const urlOf = async (server: Command): Promise<string> => (await server.prints(/"url":"([^"]+)"/, 60_000))[1]!;
  const json = async (url: string): Promise<any> => (await fetch(url, { signal: AbortSignal.timeout(5_000) })).json();
  const feedOf = async (url: string) => (await json(`${url}/api/v1/clusters`)).clusters[0].feed;
  const namesOf = async (url: string): Promise<string[]> =>
    (await json(`${url}/api/v1/applications?limit=200`)).applications.map((row: any) => row.name).sort();
  const becomes = (url: string, source: string) =>
    eventually(async () => expect(await feedOf(url)).toMatchObject({ source, state: 'live' }), { timeoutMs: 60_000 });

  /** The first to start leads. */
  async function pair(env = {}): Promise<{ leader: Command; url: string; followerUrl: string }> {
    const leader = serve(env);
    const url = await urlOf(leader);
    await becomes(url, 'leader');
    const followerUrl = await urlOf(serve());
    await becomes(followerUrl, 'follower');
    return { leader, url, followerUrl };
  }

  it('a leader that is killed is followed by another within seconds, and no row is missing for a moment', async () => {
    const { leader, followerUrl } = await pair();
    const names = await namesOf(followerUrl);
    leader.kill('SIGKILL');
    await eventually(
      async () => {
        expect(await namesOf(followerUrl)).toEqual(names);
        expect(await feedOf(followerUrl)).toMatchObject({ source: 'leader', state: 'live' });
      },
      { timeoutMs: 30_000 },
    );
    const [added] = deployment.simulators['eu']!.addApplications(1, 'later');
    await eventually(async () => expect(await namesOf(followerUrl)).toContain(added));
  }, 180_000);

  it('a leader that is stopped past its lease and goes on overwrites nothing, and follows its successor', async () => {
    const { leader, url, followerUrl } = await pair();
    const eu = deployment.simulators['eu']!;
    const name = eu.applications[0]!;
    const row = async (): Promise<any> => {
      const [key] = await raw.keys('{p:fleet}:rows:*');
      return JSON.parse((await raw.hget(key!, `argocd/${name}`)) ?? 'null');
    };
    // What the old leader has on its way when it is stopped.
    eu.mutate(name, { health: { status: 'Missing', message: 'old' } });
    leader.kill('SIGSTOP');
    await becomes(followerUrl, 'leader');
    eu.mutate(name, { health: { status: 'Degraded', message: 'new' } });
    await eventually(async () => expect(await row()).toMatchObject({ healthMessage: 'new' }), { timeoutMs: 20_000 });
    leader.kill('SIGCONT');
    const overwritten: unknown[] = [];
    const until = performance.now() + 4_000;
    while (performance.now() < until) {
      const { healthMessage } = await row();
      if (healthMessage !== 'new') overwritten.push(healthMessage);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(overwritten).toEqual([]);
    await becomes(url, 'follower');
    await eventually(() => expect(deployment.watchers('eu')).toBe(1), { timeoutMs: 20_000 });
    expect(await namesOf(url)).toEqual(await namesOf(followerUrl));
  }, 180_000);

  it('clocks that differ by an hour change nothing about who leads, and nothing is known in the future', async () => {
    const ahead = `const D = Date;
      globalThis.Date = class extends D {
        constructor(...args) { if (args.length) super(...args); else super(D.now() + 3600000); }
        static now() { return D.now() + 3600000; }
      };`;
    const script = `data:text/javascript;base64,${Buffer.from(ahead).toString('base64')}`;
    const { leader, url, followerUrl } = await pair({ NODE_OPTIONS: `--import ${script}` });
    expect(Date.parse((await feedOf(url)).asOf)).toBeGreaterThan(Date.now() + 3_000_000);
    expect(Date.parse((await feedOf(followerUrl)).asOf)).toBeLessThan(Date.now() + 2_000);
    for (let i = 0; i < 10; i++) {
      expect((await feedOf(followerUrl)).source).toBe('follower');
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    leader.kill('SIGKILL');
    await becomes(followerUrl, 'leader');
  }, 180_000);
});
