import { afterEach, describe, expect, it } from '@jest/globals';
import { hashKey } from '../../src/auth/api-key.js';
import { eventually } from '../support/eventually.js';
import {
  closeSubscribers,
  subscribeOnStdio,
  subscribeOverHttp,
  subscribeThroughBridge,
  type Subscriber,
} from '../support/mcp-subscribers.js';
import { answerOf, postLegacy, postModern } from '../support/mcp-requests.js';
import { ReloadingFleet } from '../support/reloading-fleet.js';

const uriOf = (cluster: string, name: string) => `fleet://clusters/${cluster}/applications/argocd/${name}`;

describe('subscriptions to resources', () => {
  let fleet: ReloadingFleet;
  afterEach(async () => {
    await closeSubscribers();
    await fleet.close();
  });

  const ways: [string, () => Promise<Subscriber>][] = [
    ['2026-07-28 over HTTP', () => subscribeOverHttp(fleet.server.url)],
    ['2026-07-28 on stdio', () => subscribeOnStdio('modern', fleet.file)],
    ['2026-07-28 through the bridge', () => subscribeThroughBridge(fleet.server.url)],
    ['2025 on stdio', () => subscribeOnStdio('legacy', fleet.file)],
  ];

  describe.each(ways)('in %s', (_way, connect) => {
    it('an application that becomes Degraded is told, no other is, and it is read as such', async () => {
      fleet = await ReloadingFleet.start([{ name: 'eu' }, { name: 'us' }]);
      const simulator = fleet.simulators['eu']!;
      const [one, two] = simulator.applications as [string, string];
      const subscriber = await connect();
      expect(subscriber.capabilities()).toMatchObject({ resources: { subscribe: true, listChanged: true } });
      await subscriber.subscribe([uriOf('eu', one)]);
      await eventually(async () => {
        expect((await subscriber.read(uriOf('eu', one))).application.name).toBe(one);
      });
      await fleet.allLive();
      await eventually(async () => {
        expect(await subscriber.read('fleet://clusters/eu')).toMatchObject({ feed: { state: 'live' } });
      });
      await settled(subscriber);
      const before = subscriber.updated.length;

      simulator.mutate(two, { health: { status: 'Degraded' } });
      simulator.mutate(one, { health: { status: 'Degraded', message: 'out of memory' } });
      await eventually(() => subscriber.updated.length > before);
      expect((await subscriber.read(uriOf('eu', one))).application).toMatchObject({ health: 'Degraded' });
      await settled(subscriber);
      expect(new Set(subscriber.updated.slice(before))).toEqual(new Set([uriOf('eu', one)]));
      // The simulator writes twice, its cause and its effect; a slow machine may tell of each.
      expect(subscriber.updated.length - before).toBeLessThanOrEqual(2);

      await subscriber.unsubscribe();
      const told = subscriber.updated.length;
      simulator.mutate(one, { health: { status: 'Healthy' } });
      await settled(subscriber);
      expect(subscriber.updated).toHaveLength(told);
    });

    it('a cluster that goes down is told, with the applications on it', async () => {
      fleet = await ReloadingFleet.start([{ name: 'eu' }, { name: 'us' }]);
      const [one] = fleet.simulators['eu']!.applications as [string];
      const subscriber = await connect();
      await subscriber.subscribe(['fleet://clusters/eu', 'fleet://status', uriOf('eu', one), 'fleet://clusters/us']);
      await eventually(async () => {
        expect(await subscriber.read('fleet://clusters/eu')).toMatchObject({ feed: { state: 'live' } });
      });
      await settled(subscriber);
      const before = subscriber.updated.length;
      fleet.simulators['eu']!.goDown();
      await eventually(
        () => {
          const told = new Set(subscriber.updated.slice(before));
          expect(told).toEqual(new Set(['fleet://clusters/eu', 'fleet://status', uriOf('eu', one)]));
        },
        { timeoutMs: 20_000 },
      );
      expect((await subscriber.read('fleet://clusters/eu')).feed.state).not.toBe('live');
    });
  });

  it('clusters that come and go change the list, and tell what was on them', async () => {
    fleet = await ReloadingFleet.start([{ name: 'eu' }]);
    await fleet.simulate('us');
    const [one] = fleet.simulators['us']!.applications as [string];
    const subscriber = await subscribeOverHttp(fleet.server.url);
    await subscriber.subscribe(['fleet://clusters/us', uriOf('us', one)]);
    fleet.write([{ name: 'eu' }, { name: 'us' }]);
    await fleet.server.reload('signal');
    await eventually(() => subscriber.listChanges() > 0 && subscriber.updated.includes('fleet://clusters/us'));
    await fleet.allLive();
    await settled(subscriber);
    const [lists, updates] = [subscriber.listChanges(), subscriber.updated.length];
    fleet.write([{ name: 'eu' }]);
    await fleet.server.reload('signal');
    await eventually(() => subscriber.listChanges() > lists);
    await eventually(() => subscriber.updated.slice(updates).includes(uriOf('us', one)));
    await expect(subscriber.read('fleet://clusters/us')).rejects.toMatchObject({ code: -32602 });
  });

  it('a job is told as it moves, at most once a second', async () => {
    fleet = await ReloadingFleet.start([{ name: 'eu' }]);
    const [one] = fleet.simulators['eu']!.applications as [string];
    const { jobId } = await fleet.sync(one, 'eu');
    const subscriber = await subscribeOverHttp(fleet.server.url);
    await subscriber.subscribe([`fleet://jobs/${jobId}`]);
    const ended = async () => {
      const { job } = await subscriber.read(`fleet://jobs/${jobId}`);
      return ['succeeded', 'failed'].includes(job.state);
    };
    await eventually(async () => (await ended()) && subscriber.updated.length > 0, { timeoutMs: 20_000 });
    expect(new Set(subscriber.updated)).toEqual(new Set([`fleet://jobs/${jobId}`]));
  });

  describe('with keys', () => {
    const key = (name: string, more: object = {}) => ({ name, role: 'viewer', hash: hashKey(name), ...more });
    const start = async (apiKeys: object[]) => {
      fleet = await ReloadingFleet.start([{ name: 'eu' }, { name: 'us' }], { server: { apiKeys } });
      await fleet.allLive();
    };

    it('a caller hears nothing of what it may not see', async () => {
      await start([key('all'), key('us', { clusters: 'us' }), key('jobs', { tools: ['get_job'] })]);
      const simulator = fleet.simulators['eu']!;
      const [one] = simulator.applications as [string];
      const uris = [uriOf('eu', one), 'fleet://clusters/eu', 'fleet://status'];
      const [all, us, jobs] = await Promise.all(
        ['all', 'us', 'jobs'].map((k) => subscribeOverHttp(fleet.server.url, k)),
      );
      for (const subscriber of [all, us, jobs]) await subscriber!.subscribe(uris);
      simulator.mutate(one, { health: { status: 'Degraded' } });
      await eventually(() => expect(new Set(all!.updated)).toEqual(new Set([uriOf('eu', one), 'fleet://status'])));
      simulator.goDown();
      await eventually(() => all!.updated.includes('fleet://clusters/eu'), { timeoutMs: 20_000 });
      await settled(us!);
      expect([us!.updated, jobs!.updated]).toEqual([[], []]);
    });

    it('a subscription whose key was taken away or shows other things ends at once; the others go on', async () => {
      const more = { server: { apiKeys: [key('kept'), key('gone'), key('less')] } };
      await start(more.server.apiKeys);
      const [kept, gone, less] = await Promise.all(
        ['kept', 'gone', 'less'].map((k) => subscribeOverHttp(fleet.server.url, k)),
      );
      for (const subscriber of [kept, gone, less]) await subscriber!.subscribe(['fleet://status']);
      const apiKeys = [key('kept'), key('less', { clusters: 'us' })];
      fleet.write([{ name: 'eu' }, { name: 'us' }], { server: { apiKeys } });
      await fleet.server.reload('signal');
      expect(await gone!.ended()).toBe('graceful');
      expect(await less!.ended()).toBe('graceful');
      const simulator = fleet.simulators['eu']!;
      simulator.mutate(simulator.applications[0]!, { health: { status: 'Missing' } });
      await eventually(() => kept!.updated.includes('fleet://status'));
    });

    it('one key may have so many subscriptions and no more, and learns why', async () => {
      await start([key('a'), key('b')]);
      const subscriber = await subscribeOverHttp(fleet.server.url, 'a');
      for (let i = 0; i < 20; i++) await subscriber.subscribe(['fleet://status']);
      await expect(subscriber.subscribe(['fleet://status'])).rejects.toThrow('20 subscriptions open already');
      await (await subscribeOverHttp(fleet.server.url, 'b')).subscribe(['fleet://status']);
      await subscriber.unsubscribe();
      await eventually(() => subscriber.subscribe(['fleet://status']));
    });
  });

  it('what names no resource, or too many, is refused in each way', async () => {
    fleet = await ReloadingFleet.start([{ name: 'eu' }]);
    const many = Array.from({ length: 101 }, (_, i) => `fleet://clusters/c${i}`);
    for (const [, connect] of ways) {
      const subscriber = await connect();
      await expect(subscriber.subscribe(['file:///etc/passwd'])).rejects.toMatchObject({ code: -32602 });
    }
    const modern = [await subscribeOverHttp(fleet.server.url), await subscribeOnStdio('modern', fleet.file)];
    for (const subscriber of modern) await expect(subscriber.subscribe(many)).rejects.toMatchObject({ code: -32602 });
    const legacy = await subscribeOnStdio('legacy', fleet.file);
    await expect(legacy.subscribe(['fleet://clusters/nowhere'])).rejects.toMatchObject({ code: -32602 });
  });

  it('over HTTP the era before cannot subscribe, and is not told that it could', async () => {
    fleet = await ReloadingFleet.start([{ name: 'eu' }]);
    const url = new URL('/mcp', fleet.server.url);
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } };
    const { result } = await answerOf(postLegacy(url, { method: 'initialize', params }));
    expect(result?.['capabilities']).toEqual({ tools: {}, resources: {} });
    const refused = await answerOf(
      postLegacy(url, { method: 'resources/subscribe', params: { uri: 'fleet://status' } }),
    );
    expect(refused.error?.code).toBe(-32601);
  });

  it('an end of the server is told, at once, and without a wait for readers', async () => {
    fleet = await ReloadingFleet.start([{ name: 'eu' }]);
    const subscriber = await subscribeOverHttp(fleet.server.url);
    await subscriber.subscribe(['fleet://status']);
    const began = performance.now();
    await fleet.server.close();
    expect(await subscriber.ended()).toBe('graceful');
    expect(performance.now() - began).toBeLessThan(4_000);
  });

  it('a reader that goes leaves nothing behind', async () => {
    fleet = await ReloadingFleet.start([{ name: 'eu' }]);
    const going = new AbortController();
    const notifications = { resourceSubscriptions: ['fleet://status'] };
    const request = { method: 'subscriptions/listen', params: { notifications }, signal: going.signal };
    const response = await postModern(new URL('/mcp', fleet.server.url), request);
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    await response.body?.getReader().read();
    going.abort();
    await eventually(() =>
      fleet.lines.some(({ msg, ending }) => msg === 'MCP subscription ended' && ending === 'gone'),
    );
  });
});

/** Resolves when nothing was told for longer than it may take to be told again. */
async function settled(subscriber: Subscriber): Promise<void> {
  let [count, since] = [-1, 0];
  await eventually(
    () => {
      if (subscriber.updated.length !== count) [count, since] = [subscriber.updated.length, performance.now()];
      return performance.now() - since > 1_500;
    },
    { timeoutMs: 20_000, everyMs: 50 },
  );
}
