import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { countTokens } from 'gpt-tokenizer';
import { hashKey, newKey } from '../../src/auth/api-key.js';
import type { Simulator } from '../../src/simulator/simulator.js';
import { eventually } from '../support/eventually.js';
import { connectHttp } from '../support/mcp-clients.js';
import { runFleet, type RunningFleet } from '../support/running-fleet.js';

const repoURL = 'https://git.example.com/shop/deploy';
const git = (targetRevision: string, rest: object = {}) => ({
  repoURL,
  path: 'services/shop',
  targetRevision,
  ...rest,
});
const chart = (targetRevision: string, name = 'nginx') => ({
  repoURL: 'https://charts.example.com',
  chart: name,
  targetRevision,
});

/** Makes an application of an Argo CD and lets it be synced. */
async function deploy(
  simulator: Simulator,
  name: string,
  sources: object[],
  options: { labels?: Record<string, string>; project?: string; sync?: boolean } = {},
): Promise<void> {
  const ask = async (path: string, body: object) => {
    const answer = await fetch(`${simulator.url}/api/v1/applications${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${simulator.tokens.admin}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect([answer.status, await answer.text()]).toEqual([200, expect.any(String)]);
  };
  const source = sources.length > 1 ? { sources } : { source: sources[0] };
  await ask('', {
    metadata: { name, namespace: 'argocd', labels: options.labels ?? {} },
    spec: {
      project: options.project ?? 'default',
      destination: { server: 'https://kubernetes.default.svc', namespace: name },
      ...source,
    },
  });
  if (options.sync ?? true) await ask(`/${name}/sync`, {});
}

const empty = { world: 'empty' as const, speed: 10 };
const compare = async (fleet: RunningFleet, query: string, headers?: Record<string, string>) =>
  fleet.get(`/api/v1/compare?${query}`, headers);
const settled = async (fleet: RunningFleet, count: number) =>
  eventually(async () => {
    const { body } = await fleet.get('/api/v1/applications?limit=200&sync=Synced&health=Healthy');
    expect(body.total).toBe(count);
  });
/** What a comparison asked of all Argo CDs. */
const asked = (fleet: RunningFleet) =>
  Object.values(fleet.simulators)
    .flatMap((simulator) => simulator.requests())
    .map(({ path }) => path)
    .filter((path) => /^\/api\/v1\/applications\/[^/?]+(\?|\/revisions\/)/.test(path));

describe('one application on many clusters', () => {
  let fleet: RunningFleet;
  beforeAll(async () => {
    fleet = await runFleet({
      clusters: ['ap', 'eu', 'us'].map((name) => ({ name, labels: { env: 'prod' }, simulator: empty })),
    });
    const { ap, eu, us } = fleet.simulators as Record<'ap' | 'eu' | 'us', Simulator>;
    const helm = (tag: string, password: string) => ({
      helm: {
        parameters: [
          { name: 'image.tag', value: tag },
          { name: 'db.password', value: password },
          { name: 'db.user', value: 'shop' },
        ],
      },
    });
    await Promise.all([
      deploy(ap, 'shop', [git('main', helm('v2', 'hunter2'))]),
      deploy(eu, 'shop', [git('main', helm('v2', 'hunter2'))]),
      deploy(us, 'shop', [git('v1.0.0', helm('v1', 'correct-horse'))]),
      deploy(ap, 'nginx', [chart('4.9.0')]),
      deploy(eu, 'nginx', [chart('4.13.3')]),
      deploy(us, 'nginx', [chart('4.10.0')]),
      deploy(eu, 'pay-eu', [git('main')], { labels: { component: 'pay' } }),
      deploy(us, 'pay-us', [{ ...git('main'), repoURL: 'https://git.example.com/other/deploy' }], {
        labels: { component: 'pay' },
      }),
      deploy(ap, 'both', [chart('1.0.0'), { ...git('main'), repoURL: 'https://git.example.com/both/deploy' }]),
      deploy(eu, 'both', [chart('2.0.0'), { ...git('v1.0.0'), repoURL: 'https://git.example.com/both/deploy' }]),
    ]);
    await settled(fleet, 10);
  });
  afterAll(() => fleet?.close());

  it('shows what differs, what is equal, and who lags by the date of the commit', async () => {
    const { status, body } = await compare(fleet, 'application=shop');
    expect(status).toBe(200);
    expect(body.total).toBe(3);
    expect(body.equal).toMatchObject({
      name: 'shop',
      health: 'Healthy',
      sync: 'Synced',
      repository: repoURL,
      parameters: 1,
    });
    expect(body.differs).toEqual(['targetRevision', 'revision', 'deployed', 'parameters']);
    expect(body.lag).toHaveLength(1);
    const [{ rule, newest, behind }] = body.lag;
    expect(rule).toBe('commit_date');
    expect(newest.on).toEqual(['ap', 'eu']);
    // The simulator's first two commits are 19 days apart.
    expect(behind).toMatchObject([{ on: ['us'], by: '19 d' }]);
    expect(body.summary).toBe(
      `3 instances on 3 clusters, 3 Synced and Healthy. 1 behind ${newest.revision} by commit_date, the furthest us by 19 d. ` +
        'Differs: targetRevision, revision, deployed, parameters.',
    );
    expect(countTokens(JSON.stringify(body))).toBeLessThan(700);
  });

  it('shows parameters that are versions, and of what could be a secret only whether it is the same', async () => {
    const { body } = await compare(fleet, 'application=shop');
    expect(body.instances.map(({ cluster, parameters }: any) => [cluster, parameters])).toEqual([
      ['ap', { 'db.password': '(hidden A)', 'image.tag': 'v2' }],
      ['eu', { 'db.password': '(hidden A)', 'image.tag': 'v2' }],
      ['us', { 'db.password': '(hidden B)', 'image.tag': 'v1' }],
    ]);
    expect(JSON.stringify(body)).not.toMatch(/hunter2|correct-horse/);
  });

  it('the second time it asks Argo CD nothing', async () => {
    await compare(fleet, 'application=shop');
    for (const simulator of Object.values(fleet.simulators)) simulator.clearRequests();
    const { body } = await compare(fleet, 'application=shop');
    expect(body.lag[0].rule).toBe('commit_date');
    expect(asked(fleet)).toEqual([]);
    // What it read serves get_application as well.
    expect((await fleet.get('/api/v1/applications/shop?cluster=eu')).body.cached).toBe(true);
  });

  it('orders charts by their versions', async () => {
    const { body } = await compare(fleet, 'application=nginx');
    expect(body.lag).toEqual([
      {
        rule: 'chart_version',
        newest: { revision: '4.13.3', on: ['eu'] },
        behind: [
          { revision: '4.9.0', by: 'a minor version', on: ['ap'] },
          { revision: '4.10.0', by: 'a minor version', on: ['us'] },
        ],
      },
    ]);
  });

  it('finds instances of other names by their labels, and orders nothing over different repositories', async () => {
    const { body } = await compare(fleet, 'labels=component%3Dpay');
    expect(body.instances.map(({ cluster, name }: any) => [cluster, name])).toEqual([
      ['eu', 'pay-eu'],
      ['us', 'pay-us'],
    ]);
    expect(body.lag).toEqual([{ rule: 'differs', reason: 'they come from different repositories' }]);
    expect(body.differs).toContain('repository');
    expect((await compare(fleet, 'application=pay-*')).body.total).toBe(2);
  });

  it('judges every source of an application with several', async () => {
    const { body } = await compare(fleet, 'application=both');
    expect(body.lag).toMatchObject([
      { source: 1, rule: 'chart_version', behind: [{ on: ['ap'], by: 'a major version' }] },
      { source: 2, rule: 'commit_date', behind: [{ on: ['eu'], by: '19 d' }] },
    ]);
    expect(asked(fleet).some((path) => path.includes('sourceIndex=1'))).toBe(true);
  });

  it('wants a name or labels, and suggests names', async () => {
    expect((await compare(fleet, 'cluster=eu')).body).toMatchObject({ code: 'invalid_input', status: 400 });
    expect((await compare(fleet, 'application=shopp')).body).toMatchObject({
      code: 'not_found',
      details: { suggestions: ['shop'] },
    });
    expect((await compare(fleet, 'labels=no%3Dsuch')).body.code).toBe('not_found');
  });

  it('is the same over MCP', async () => {
    const client = await connectHttp('legacy', new URL('/mcp', fleet.url));
    try {
      const { structuredContent } = await client.call('compare_application', { application: 'shop' });
      const { asOf: _, ...overRest } = (await compare(fleet, 'application=shop')).body;
      expect(structuredContent).toMatchObject(overRest);
    } finally {
      await client.close();
    }
  });
});

describe('a comparison that cannot know everything', () => {
  let fleet: RunningFleet;
  afterEach(() => fleet?.close());

  async function start(setup: { us?: string } = {}): Promise<Record<'eu' | 'us', Simulator>> {
    fleet = await runFleet({
      clusters: ['eu', 'us'].map((name) => ({ name, simulator: empty, limits: { timeoutMs: 1_500 } })),
    });
    const { eu, us } = fleet.simulators as Record<'eu' | 'us', Simulator>;
    await deploy(eu, 'shop', [git('main')]);
    await deploy(us, 'shop', [git(setup.us ?? 'v1.0.0')]);
    await settled(fleet, 2);
    return { eu, us };
  }

  it('orders nothing when the dates of commits cannot be had, says so, and asks again the next time', async () => {
    const { eu, us } = await start();
    const faults = [eu, us].map((simulator) =>
      simulator.fault({ kind: 'status', path: '*/metadata', status: 500, body: '{}' }),
    );
    expect((await compare(fleet, 'application=shop')).body.lag).toEqual([
      { rule: 'differs', reason: 'the dates of the commits are not known' },
    ]);
    [eu, us].forEach((simulator, i) => simulator.clearFault(faults[i] as string));
    expect((await compare(fleet, 'application=shop')).body.lag[0].rule).toBe('commit_date');
  });

  it('another Argo CD that runs the commit is asked when the first cannot tell', async () => {
    const { eu } = await start({ us: 'main' });
    await deploy(eu, 'shop-old', [git('v1.0.0')]);
    await settled(fleet, 3);
    eu.fault({ kind: 'status', path: '*/shop/revisions/*', status: 500, body: '{}' });
    const { body } = await compare(fleet, 'application=shop*');
    expect(body.lag[0]).toMatchObject({ rule: 'commit_date', behind: [{ on: ['eu/shop-old'] }] });
  });

  it('a cluster that is down is shown as last seen, is not asked, and is not taken for equal', async () => {
    const { us } = await start();
    us.goDown();
    const body = await eventually(async () => {
      const answer = (await compare(fleet, 'application=shop')).body;
      expect(answer.unavailable).toMatchObject([{ cluster: 'us' }]);
      return answer;
    });
    const [, down] = body.instances;
    expect(down).toMatchObject({ cluster: 'us', stale: true, notRead: 'cluster_unreachable' });
    expect(down.parameters).toBeUndefined();
    expect(body.equal.parameters).toBeUndefined();
    expect(body.summary).toMatch(/^2 instances on 2 clusters, .*\. Not known now: us; as last seen, where seen\. /);
    // It was Synced when it was last seen: what it runs is known, and when that was committed another may know.
    expect(['commit_date', 'differs']).toContain(body.lag[0].rule);
  });

  it('a cluster that hangs costs the others nothing but the deadline', async () => {
    const { us } = await start();
    us.fault({ kind: 'hang', path: '*/api/v1/applications/shop*' });
    const startedAt = performance.now();
    const { status, body } = await compare(fleet, 'application=shop');
    expect(performance.now() - startedAt).toBeLessThan(7_500);
    expect(status).toBe(200);
    expect(body.instances[1]).toMatchObject({ cluster: 'us', notRead: 'cluster_timeout' });
    expect(body.instances[0].notRead).toBeUndefined();
  });

  it('compares at most 25 instances, counts the rest, and stays small', async () => {
    fleet = await runFleet({ clusters: [{ name: 'eu', simulator: empty }] });
    fleet.simulators['eu']?.addApplications(40, 'copy');
    await eventually(async () => {
      expect((await fleet.get('/api/v1/applications?limit=1')).body.total).toBe(40);
    });
    const { body } = await compare(fleet, 'application=copy-*');
    expect([body.total, body.instances.length, body.instancesOmitted]).toEqual([40, 25, 15]);
    expect(JSON.stringify(body).length).toBeLessThan(20_000);
  });

  it('a key compares only what it may see', async () => {
    const keys = { admin: newKey(), payments: newKey() };
    fleet = await runFleet({
      clusters: ['eu-zulu', 'us-kilo'].map((name) => ({ name, labels: { name }, simulator: empty })),
      server: {
        apiKeys: [
          { name: 'admin', hash: hashKey(keys.admin), role: 'admin' },
          { name: 'payments', hash: hashKey(keys.payments), role: 'viewer', projects: ['payments'] },
        ],
      },
    });
    const as = (key: string) => ({ authorization: `Bearer ${key}` });
    await deploy(fleet.simulators['eu-zulu']!, 'shop', [git('main')], { project: 'payments' });
    await deploy(fleet.simulators['us-kilo']!, 'shop', [git('v1.0.0')], { project: 'default' });
    await eventually(async () => {
      expect((await compare(fleet, 'application=shop', as(keys.admin))).body.lag?.[0]?.rule).toBe('commit_date');
    });
    const { body } = await compare(fleet, 'application=shop', as(keys.payments));
    expect(body).toMatchObject({ total: 1, lag: [{ rule: 'equal' }] });
    expect(JSON.stringify(body)).not.toContain('us-kilo');
    fleet.simulators['us-kilo']?.addApplications(1, 'hidden');
    const { body: hidden } = await compare(fleet, 'application=hidden-*', as(keys.payments));
    expect(hidden.code).toBe('not_found');
    expect(JSON.stringify(hidden)).not.toContain('hidden-1');
  });
});
