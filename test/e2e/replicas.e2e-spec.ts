import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { eventually } from '../support/eventually.js';
import { describeOwnRedis, startRedis, type OwnRedis } from '../support/redis.js';
import { Deployment, truthOf, wordsOf, type Replica } from '../support/replicas.js';

/* Several servers over the same clusters, with one Redis in common. */

describeOwnRedis('replicas', () => {
  let redis: OwnRedis;
  let deployment: Deployment;
  beforeEach(async () => {
    redis = await startRedis();
  });
  afterEach(async () => {
    await deployment?.close();
    await redis.stop();
  });

  const start = async (...args: Parameters<typeof Deployment.over> extends [string, ...infer Rest] ? Rest : never) =>
    (deployment = await Deployment.over(redis.url, ...args));
  const replicas = (count: number): Promise<Replica[]> =>
    Promise.all(Array.from({ length: count }, () => deployment.replica()));
  const sources = (all: readonly Replica[], cluster: string) => all.map((each) => each.feed(cluster).source).sort();
  const slow = { timeoutMs: 25_000 };

  /** Every replica is live and has the rows of the cluster itself; one of them watches. */
  const settled = (all: readonly Replica[], cluster: string) =>
    eventually(async () => {
      const truth = await truthOf(deployment.simulators[cluster]!);
      for (const each of all) {
        expect(each.feed(cluster).state).toBe('live');
        expect(wordsOf(each.rows(cluster))).toEqual(truth);
      }
      expect(sources(all, cluster)).toEqual([...all.slice(1).map(() => 'follower'), 'leader']);
      expect(deployment.watchers(cluster)).toBe(1);
    }, slow);

  it('one of them watches each cluster, the others know the same', async () => {
    await start({ eu: {}, us: {}, ap: {} });
    const all = await replicas(3);
    for (const cluster of ['eu', 'us', 'ap']) await settled(all, cluster);
    const { simulators } = deployment;
    simulators['eu']!.addApplications(1, 'new');
    simulators['eu']!.mutate(simulators['eu']!.applications[0]!, { isDeleted: true });
    simulators['eu']!.mutate(simulators['eu']!.applications[1]!, { health: { status: 'Degraded', message: 'x' } });
    await settled(all, 'eu');
  });

  it.each(['urgency', 'name', 'changed'])('a list by %s that is begun at one goes on at the others', async (sort) => {
    await start({ eu: {}, us: {} });
    const all = await replicas(3);
    for (const cluster of ['eu', 'us']) await settled(all, cluster);
    const path = `/api/v1/applications?sort=${sort}&limit=7`;
    const seen: string[] = [];
    let next = '';
    for (let page = 0; page === 0 || next; page++) {
      const replica = all[page % all.length]!;
      const body = await replica.get(path + (next && `&cursor=${encodeURIComponent(next)}`));
      seen.push(...body.applications.map((row: any) => `${row.cluster}/${row.name}`));
      next = body.nextCursor ?? '';
    }
    const { simulators } = deployment;
    const every = ['eu', 'us'].flatMap((name) => simulators[name]!.applications.map((each) => `${name}/${each}`));
    expect(seen.sort()).toEqual(every.sort());
  });

  it('the leader goes: another takes over within seconds, and no row is lost', async () => {
    await start({ eu: {} });
    const all = await replicas(3);
    await settled(all, 'eu');
    const leader = all.find((each) => each.feed('eu').source === 'leader')!;
    const rest = all.filter((each) => each !== leader);
    const known = rest.map((each) => each.rows('eu').length);
    await leader.close();
    deployment.simulators['eu']!.addApplications(1, 'while-nobody-leads');
    const fewest = rest.map(() => Infinity);
    await eventually(() => {
      for (const [i, each] of rest.entries()) fewest[i] = Math.min(fewest[i]!, each.rows('eu').length);
      expect(sources(rest, 'eu')).toEqual(['follower', 'leader']);
    }, slow);
    await settled(rest, 'eu');
    for (const [i, count] of fewest.entries()) expect(count).toBeGreaterThanOrEqual(known[i]!);
  });

  it('a new replica starts warm: it has all rows although the cluster is gone, and says how old they are', async () => {
    await start({ eu: {} });
    const [first] = await replicas(1);
    await settled([first!], 'eu');
    const known = wordsOf(first!.rows('eu'));
    await first!.close();
    deployment.simulators['eu']!.goDown();
    const [next] = await replicas(1);
    await eventually(async () => {
      expect(wordsOf(next!.rows('eu'))).toEqual(known);
      const { unavailable } = await next!.get('/api/v1/applications');
      expect(unavailable).toMatchObject([{ cluster: 'eu', staleRows: known.length, lastSeenAt: expect.any(String) }]);
    }, slow);
  });

  it('Redis is killed and comes back empty: everything comes back, with one watcher per cluster', async () => {
    await start({ eu: {}, us: {} });
    const all = await replicas(3);
    for (const cluster of ['eu', 'us']) await settled(all, cluster);
    await redis.kill();
    deployment.simulators['eu']!.addApplications(1, 'meanwhile');
    deployment.simulators['us']!.mutate(deployment.simulators['us']!.applications[0]!, { isDeleted: true });
    // Reads go on, from every replica.
    for (const each of all) expect((await each.get('/api/v1/applications?limit=200')).total).toBeGreaterThan(30);
    await redis.restart();
    for (const cluster of ['eu', 'us']) await settled(all, cluster);
    // What the store holds is whole again: a new replica learns it from there.
    const [late] = await replicas(1);
    for (const cluster of ['eu', 'us']) await settled([...all, late!], cluster);
  });

  it('an outage of Redis: followers watch for themselves and say so; afterwards there is one watcher again', async () => {
    await start({ eu: {} });
    const all = await replicas(3);
    await settled(all, 'eu');
    const startedAtMs = Date.now();
    await redis.kill();
    await eventually(() => {
      expect(sources(all, 'eu')).toEqual(['local', 'local', 'local']);
      expect(deployment.watchers('eu')).toBe(3);
      for (const each of all) expect(each.feed('eu').state).toBe('live');
    }, slow);
    deployment.simulators['eu']!.mutate(deployment.simulators['eu']!.applications[0]!, {
      health: { status: 'Missing' },
    });
    const truth = await truthOf(deployment.simulators['eu']!);
    await eventually(() => all.forEach((each) => expect(wordsOf(each.rows('eu'))).toEqual(truth)), slow);
    const { clusters } = await all[0]!.get('/api/v1/clusters');
    expect(clusters).toMatchObject([{ feed: { state: 'live', source: 'local' } }]);
    const list = () => all[0]!.get('/api/v1/applications?limit=1');
    const local = { cluster: 'eu', state: 'live', source: 'local', reason: expect.stringMatching(/^Redis is away/) };
    const { caveats } = await list();
    expect(caveats).toMatchObject([local]);
    expect(Date.parse(caveats[0].since)).toBeGreaterThan(startedAtMs);
    await redis.restart();
    await settled(all, 'eu');
    expect((await list()).caveats).toBeUndefined();
  });

  it('a process that starts without Redis does not wait for it, and follows when it is there', async () => {
    await start({ eu: {} });
    await redis.kill();
    const all = await replicas(2);
    await eventually(() => {
      expect(sources(all, 'eu')).toEqual(['local', 'local']);
      for (const each of all) expect(each.feed('eu').state).toBe('live');
    }, slow);
    await redis.restart();
    await settled(all, 'eu');
  });

  it('a Redis that answers nothing for a while holds up no read', async () => {
    await start({ eu: {} });
    const all = await replicas(2);
    await settled(all, 'eu');
    redis.pause();
    const until = performance.now() + 4_000;
    while (performance.now() < until) {
      for (const each of all) {
        const startedAt = performance.now();
        expect((await each.get('/api/v1/applications')).total).toBe(20);
        expect(performance.now() - startedAt).toBeLessThan(1_000);
      }
    }
    redis.resume();
    await settled(all, 'eu');
  });

  it('after everything is closed, no stream and no lease is left', async () => {
    await start({ eu: {}, us: {} }, { keyPrefix: 'closed' });
    const all = await replicas(2);
    for (const cluster of ['eu', 'us']) await settled(all, cluster);
    for (const each of all) await each.close();
    await eventually(() => deployment.watchers('eu') + deployment.watchers('us') === 0);
    const raw = new Redis(redis.url);
    expect(await raw.keys('{closed:fleet}:lease:*')).toEqual([]);
    raw.disconnect();
  });

  it('a follower that fell behind the trimmed history reads all rows anew, and says so', async () => {
    await start({ eu: {} }, { keyPrefix: 'behind' });
    const all = await replicas(2);
    await settled(all, 'eu');
    const follower = all.find((each) => each.feed('eu').source === 'follower')!;
    const raw = new Redis(redis.url);
    // No follower ever hears of these: each is taken out of the history in the step that cuts its readers off.
    const eu = deployment.simulators['eu']!;
    for (const name of eu.applications.slice(0, 3)) {
      eu.mutate(name, { health: { status: 'Degraded', message: 'unheard' } });
      await raw.multi().call('CLIENT', 'KILL', 'TYPE', 'NORMAL', 'SKIPME', 'yes').del('{behind:fleet}:changes').exec();
    }
    await settled(all, 'eu');
    await eventually(() => expect(follower.log()).toContain('all rows were read anew from the store'), slow);
    expect(await (await fetch(`${follower.server.url}/metrics`)).text()).toMatch(
      /feed_reloads_total{cluster="eu"} [1-9]/,
    );
    raw.disconnect();
  });

  it('what a leader is not certain of is not shown as certain by its followers', async () => {
    await start({ eu: {} }, { limits: { relistMs: 1_000 } });
    const all = await replicas(2);
    await settled(all, 'eu');
    deployment.simulators['eu']!.setRights('bot', [{ resource: 'applications', action: 'get', object: 'default/*' }]);
    await eventually(async () => {
      const [one, two] = await Promise.all(all.map((each) => each.get('/api/v1/applications?limit=200')));
      const doubtful = (page: any): string[] =>
        page.applications.filter((row: any) => row.stale).map((row: any) => row.name);
      expect(doubtful(one).length).toBeGreaterThan(0);
      expect(doubtful(two).sort()).toEqual(doubtful(one).sort());
      expect(two.unavailable).toMatchObject([{ cluster: 'eu', code: 'cluster_refused' }]);
      expect(all.map((each) => each.feed('eu').state)).toEqual(['access_reduced', 'access_reduced']);
    }, slow);
  });

  it('rights that were withdrawn are not forgotten when the leader goes, nor when all are started anew', async () => {
    await start({ eu: {} }, { limits: { relistMs: 1_000 } });
    const [one, two] = (await replicas(2)) as [Replica, Replica];
    await settled([one, two], 'eu');
    const eu = deployment.simulators['eu']!;
    const right = (object: string) => ({ resource: 'applications', action: 'get', object });
    const clusterOf = ({ server }: Replica) => server.fleet.clusters()[0]!;
    /** Somebody's request fails: that makes whoever watches ask what the account may do. */
    const asksForRights = async (replica: Replica): Promise<void> => {
      const [name] = eu.applications;
      eu.clearRequests();
      const fault = eu.fault({ kind: 'status', path: `/api/v1/applications/${name}` });
      await replica.get(`/api/v1/applications/${name}?cluster=eu&fresh=true`);
      eu.clearFault(fault);
      await eventually(() => expect(eu.requests().some(({ path }) => path.includes('/can-i/'))).toBe(true), slow);
    };
    const isReduced = (replica: Replica) =>
      eventually(() => {
        expect(replica.feed('eu').state).toBe('access_reduced');
        expect(replica.feed('eu').reason).toMatch(/no longer read the applications of every project/);
      }, slow);
    const leader = one.feed('eu').source === 'leader' ? one : two;
    const next = leader === one ? two : one;
    await asksForRights(leader);

    // So few that nothing but the question for rights tells more than that some are in doubt.
    const projects = one.rows('eu').map(({ project }) => project);
    const sizeOf = (project: string): number => projects.filter((each) => each === project).length;
    const [smallest, ...rest] = [...new Set(projects)].sort((a, b) => sizeOf(a) - sizeOf(b));
    expect(sizeOf(smallest!)).toBeLessThanOrEqual(10);
    eu.setRights(
      'bot',
      rest.map((project) => right(`${project}/*`)),
    );
    await asksForRights(leader);
    for (const each of [leader, next]) await isReduced(each);

    const states: string[] = [];
    clusterOf(next).feed.onChange(({ state }) => states.push(state));
    await leader.close();
    await eventually(() => expect(next.feed('eu').source).toBe('leader'), slow);
    await asksForRights(next);
    await isReduced(next);
    expect(states).not.toContain('live');

    await next.close();
    const [last] = (await replicas(1)) as [Replica];
    clusterOf(last).feed.onChange(({ state }) => states.push(state));
    await isReduced(last);
    expect(states).not.toContain('live');
    eu.setRights('bot', [{ resource: '*', action: '*', object: '*' }]);
    await asksForRights(last);
    await settled([last], 'eu');
    expect((await last.get('/api/v1/applications')).unavailable).toEqual([]);
  }, 120_000);

  it('three replicas under 500 events a second agree with the clusters row for row at the end', async () => {
    await start({ eu: { applications: 100 }, us: { applications: 100 } }, { timings: { ttlMs: 5_000, tickMs: 1_000 } });
    const all = await replicas(3);
    for (const cluster of ['eu', 'us']) await settled(all, cluster);
    const healths = ['Degraded', 'Healthy', 'Missing', 'Progressing'];
    const startedAt = performance.now();
    for (let sent = 0; sent < 2_500;) {
      const due = Math.min(2_500, ((performance.now() - startedAt) / 1_000) * 500);
      for (; sent < due; sent++) {
        const simulator = deployment.simulators[sent % 2 ? 'eu' : 'us']!;
        const name = simulator.applications[(sent * 7) % simulator.applications.length]!;
        if (sent % 97 === 0) simulator.addApplications(1, `storm-${sent}`);
        else if (sent % 101 === 0) simulator.mutate(name, { isDeleted: true });
        else simulator.mutate(name, { health: { status: healths[sent % 4]!, message: String(sent) } });
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    for (const cluster of ['eu', 'us']) await settled(all, cluster);
  });
});
