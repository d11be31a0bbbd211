import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { connectHttp, type TestClient } from '../support/mcp-clients.js';
import { eventually } from '../support/eventually.js';
import { runFleet, type RunningFleet } from '../support/running-fleet.js';

const query = (parameters: Record<string, unknown>): string =>
  new URLSearchParams(
    Object.entries(parameters).map(([key, value]): [string, string] => [key, String(value)]),
  ).toString();

/** An application as Argo CD itself tells it. */
interface Upstream {
  cluster: string;
  metadata: { name: string; namespace: string; labels?: Record<string, string> };
  spec: {
    project: string;
    destination: { server?: string; namespace?: string };
    source?: UpstreamSource;
    sources?: UpstreamSource[];
    sourceHydrator?: { drySource: UpstreamSource; syncSource: { path: string; targetBranch: string } };
    syncPolicy?: { automated?: object };
  };
  status: {
    health: { status: string; message?: string };
    sync: { status: string; revision?: string; revisions?: string[] };
    operationState?: { phase: string; message?: string; finishedAt?: string };
    summary?: { images?: string[] };
    conditions?: { type: string; message: string }[];
  };
}
interface UpstreamSource {
  repoURL: string;
  path?: string;
  chart?: string;
  targetRevision?: string;
}

/** Of a hydrated application, what is synced and what is hydrated. */
function sourcesOf({ spec }: Upstream): UpstreamSource[] {
  if (!spec.sourceHydrator) return spec.sources ?? (spec.source ? [spec.source] : []);
  const { drySource, syncSource } = spec.sourceHydrator;
  return [{ repoURL: drySource.repoURL, path: syncSource.path, targetRevision: syncSource.targetBranch }, drySource];
}
const revisionsOf = ({ status }: Upstream): string[] => status.sync.revisions ?? [status.sync.revision ?? ''];
const keyOf = (row: { cluster: string; namespace: string; name: string }): string =>
  `${row.cluster}/${row.namespace}/${row.name}`;

async function upstream(fleet: RunningFleet): Promise<Upstream[]> {
  const lists = Object.entries(fleet.simulators).map(async ([cluster, simulator]) => {
    const answer = await fetch(`${simulator.url}/api/v1/applications`, {
      headers: { authorization: `Bearer ${simulator.tokens.admin}` },
    });
    const { items } = (await answer.json()) as { items: Omit<Upstream, 'cluster'>[] };
    return items.map((item) => ({ ...item, cluster }));
  });
  return (await Promise.all(lists)).flat();
}

describe('list_applications over a fleet', () => {
  let fleet: RunningFleet;
  let mcp: TestClient;
  let all: Upstream[];
  beforeAll(async () => {
    fleet = await runFleet({
      clusters: [
        { name: 'eu', labels: { env: 'prod' }, simulator: { version: '3.6', applications: 45 } },
        { name: 'us', labels: { env: 'prod' }, simulator: { version: '3.1', applications: 45 } },
        { name: 'dev', labels: { env: 'dev' }, simulator: { version: '2.14', applications: 30 } },
      ],
    });
    mcp = await connectHttp('modern', new URL('/mcp', fleet.url));
    all = await upstream(fleet);
  });
  afterAll(async () => {
    await mcp?.close();
    await fleet?.close();
  });

  const ofFirst = <T>(pick: (application: Upstream) => T | undefined): T => {
    for (const each of all) {
      const found = pick(each);
      if (found !== undefined) return found;
    }
    throw new Error('the simulated fleet has no such application');
  };

  /** Arguments, and what an application must be to be found by them, asked of Argo CD's own answer. */
  const filters: [string, () => Record<string, unknown>, (application: Upstream) => boolean][] = [
    ['cluster', () => ({ cluster: 'env=prod,!us' }), ({ cluster }) => cluster === 'eu'],
    ['project', () => ({ project: 'pay*' }), ({ spec }) => spec.project.startsWith('pay')],
    ['namespace', () => ({ namespace: 'argocd' }), ({ metadata }) => metadata.namespace === 'argocd'],
    ['name', () => ({ name: '*-db' }), ({ metadata }) => metadata.name.endsWith('-db')],
    [
      'labels',
      () => ({ labels: 'tier in (frontend,data),team!=web' }),
      ({ metadata: { labels = {} } }) =>
        ['frontend', 'data'].includes(labels['tier'] ?? '') && labels['team'] !== 'web',
    ],
    [
      'health',
      () => ({ health: 'degraded,Missing' }),
      ({ status }) => /^(Degraded|Missing)$/.test(status.health.status),
    ],
    ['sync', () => ({ sync: 'OutOfSync' }), ({ status }) => status.sync.status === 'OutOfSync'],
    [
      'phase',
      () => ({ phase: 'Failed,Error' }),
      ({ status }) => /^(Failed|Error)$/.test(status.operationState?.phase ?? ''),
    ],
    [
      'destination',
      () => ({ destination: 'in-cluster' }),
      ({ spec }) => spec.destination.server === 'https://kubernetes.default.svc',
    ],
    [
      'destinationNamespace',
      () => ({ destinationNamespace: 'payments-*' }),
      ({ spec }) => spec.destination.namespace?.startsWith('payments-') ?? false,
    ],
    [
      'repository',
      () => ({ repository: 'https://git.example.com/web/deploy.git' }),
      (each) => sourcesOf(each).some(({ repoURL }) => repoURL === 'https://git.example.com/web/deploy'),
    ],
    [
      'path',
      () => ({ path: '*/overlays/prod' }),
      (each) => sourcesOf(each).some(({ path }) => path?.endsWith('/overlays/prod')),
    ],
    ['chart', () => ({ chart: 'cert-*' }), (each) => sourcesOf(each).some(({ chart }) => chart?.startsWith('cert-'))],
    [
      'targetRevision',
      () => ({ targetRevision: '1.*' }),
      (each) => sourcesOf(each).some(({ targetRevision }) => targetRevision?.startsWith('1.')),
    ],
    [
      'chart and targetRevision of one source',
      () => ({ chart: '*', targetRevision: 'main' }),
      (each) => sourcesOf(each).some(({ chart, targetRevision }) => chart && targetRevision === 'main'),
    ],
    [
      'what a hydrated application is synced from',
      () => ({ targetRevision: 'env/*' }),
      ({ spec }) => spec.sourceHydrator !== undefined,
    ],
    [
      'what is hydrated for it',
      () => ({ path: 'services/feature-flags*', targetRevision: 'main' }),
      ({ spec }) => spec.sourceHydrator !== undefined,
    ],
    ['autoSync', () => ({ autoSync: true }), ({ spec }) => spec.syncPolicy?.automated !== undefined],
    ['no autoSync', () => ({ autoSync: false }), ({ spec }) => spec.syncPolicy?.automated === undefined],
  ];

  it.each(filters)('%s finds what Argo CD says, no more and no less, over REST and MCP', async (_, ask, isMeant) => {
    const expected = all.filter(isMeant).map((each) => keyOf({ ...each.metadata, cluster: each.cluster }));
    const { status, body } = await fleet.get(`/api/v1/applications?limit=200&${query(ask())}`);
    expect(status).toBe(200);
    expect(body.applications.map(keyOf).sort()).toEqual(expected.sort());
    expect(body.total).toBe(expected.length);
    const overMcp = await mcp.call('list_applications', { limit: 200, ...ask() });
    expect(JSON.parse(overMcp.content[0]?.text ?? '').applications).toEqual(body.applications);
  });

  it('a commit is found by its short hash, an image by its name with or without its tag', async () => {
    const revision = ofFirst((each) => revisionsOf(each).find((one) => /^[0-9a-f]{40}$/.test(one)));
    const byHash = await fleet.get(`/api/v1/applications?limit=200&revision=${revision.slice(0, 7)}`);
    expect(byHash.body.total).toBe(all.filter((each) => revisionsOf(each).includes(revision)).length);
    const image = ofFirst((each) => each.status.summary?.images?.find((one) => /\/[^/:]+:[^/:]+$/.test(one)));
    const [short = ''] = image.split('/').slice(-1);
    const withImage = (test: (one: string) => boolean) =>
      all.filter(({ status }) => status.summary?.images?.some(test)).length;
    const byTag = await fleet.get(`/api/v1/applications?limit=200&image=${short}`);
    expect(byTag.body.total).toBe(withImage((one) => one.endsWith(`/${short}`)));
    const name = short.split(':')[0];
    const byName = await fleet.get(`/api/v1/applications?limit=200&image=${name}`);
    expect(byName.body.total).toBe(withImage((one) => one.replace(/:[^:]+$/, '').endsWith(`/${name}`)));
    expect(byName.body.total).toBeGreaterThan(0);
  });

  it('text is found in messages that only the stream brings', async () => {
    const messageOf = ({ status }: Upstream) => status.health.message ?? '';
    const words = ofFirst((each) => /[\w ]{10,40}/.exec(messageOf(each))?.[0]);
    const { body } = await fleet.get(`/api/v1/applications?${query({ limit: 200, text: words.toUpperCase() })}`);
    const found = body.applications.map(keyOf);
    const expected = all.filter((each) => messageOf(each).includes(words));
    expect(expected.length).toBeGreaterThan(0);
    for (const each of expected) expect(found).toContain(keyOf({ ...each.metadata, cluster: each.cluster }));
    expect(found.length).toBeLessThan(all.length);
  });

  it('last sync, as a time and as so long ago, splits those that were ever synced', async () => {
    const ended = all.flatMap(({ status }) => status.operationState?.finishedAt ?? []).sort();
    const middle = ended[Math.floor(ended.length / 2)] as string;
    const count = async (parameters: Record<string, string>): Promise<number> =>
      (await fleet.get(`/api/v1/applications?limit=1&${query(parameters)}`)).body.total;
    const before = await count({ lastSyncBefore: middle });
    const after = await count({ lastSyncAfter: middle });
    expect(before).toBe(ended.filter((time) => time < middle).length);
    expect(before + after).toBe(ended.length);
    const weekAgo = new Date(Date.now() - 7 * 86_400_000).toISOString();
    expect(await count({ lastSyncAfter: '7d' })).toBe(ended.filter((time) => time >= weekAgo).length);
  });

  it('problem splits the fleet into what is broken and what is not; a rank can be asked for', async () => {
    const total = async (problem: string | boolean): Promise<number> => {
      const answer = await mcp.call('list_applications', { problem, limit: 1 });
      return JSON.parse(answer.content[0]?.text ?? '').total;
    };
    const [broken, fine] = [await total(true), await total('false')];
    expect(broken).toBeGreaterThan(0);
    expect(broken + fine).toBe(all.length);
    // As Python writes it; a word beside a rank adds to it.
    expect([await total('True'), await total('FALSE')]).toEqual([broken, fine]);
    expect([await total('true,degraded'), await total('true,false')]).toEqual([broken, all.length]);
    const { body } = await fleet.get('/api/v1/applications?problem=degraded,missing&limit=200');
    expect(body.total).toBeGreaterThan(0);
    for (const { health } of body.applications) expect(['Degraded', 'Missing']).toContain(health);
  });

  it.each([
    ['cluster', ({ cluster }: Upstream) => [cluster]],
    ['project', ({ spec }: Upstream) => [spec.project]],
    ['health', ({ status }: Upstream) => [status.health.status]],
    ['repository', (each: Upstream) => [...new Set(sourcesOf(each).map(({ repoURL }) => repoURL))]],
    ['image', ({ status }: Upstream) => status.summary?.images ?? ['(none)']],
    ['label:team', ({ metadata }: Upstream) => [metadata.labels?.['team'] ?? '(none)']],
  ])('groupBy=%s counts what Argo CD says', async (groupBy, keys) => {
    const counts = new Map<string, number>();
    for (const each of all) for (const key of keys(each)) counts.set(key, (counts.get(key) ?? 0) + 1);
    const { body } = await fleet.get(`/api/v1/applications?groupBy=${encodeURIComponent(groupBy)}&limit=200`);
    const told = body.groups.map(({ key, count }: { key: string; count: number }) => [key, count]);
    expect(new Map(told)).toEqual(counts);
    for (const { count, health } of body.groups) {
      expect(Object.values(health as Record<string, number>).reduce((a, b) => a + b)).toBe(count);
    }
    const { body: cut } = await fleet.get(`/api/v1/applications?groupBy=${encodeURIComponent(groupBy)}&limit=1`);
    expect(cut.groups).toEqual(body.groups.slice(0, 1));
    expect(cut.groupsOmitted ?? 0).toBe(body.groups.length - 1);
    expect(cut.applications).toBeUndefined();
  });

  it.each(['urgency', 'name', 'changed', 'lastSync', 'oldestSync'])(
    'pages in the order %s show every application that does not change exactly once, while others change',
    async (sort) => {
      const seen = new Map<string, number>();
      const changed = new Set<string>();
      let cursor = '';
      for (let page = 0; page === 0 || cursor; page++) {
        const { status, body } = await fleet.get(
          `/api/v1/applications?sort=${sort}&limit=9${cursor && `&cursor=${cursor}`}`,
        );
        expect(status).toBe(200);
        for (const row of body.applications) seen.set(keyOf(row), (seen.get(keyOf(row)) ?? 0) + 1);
        cursor = body.nextCursor ?? '';
        const victim = all.filter(({ cluster }) => cluster === 'dev')[page % 30];
        if (!victim) continue;
        changed.add(keyOf({ ...victim.metadata, cluster: 'dev' }));
        const health = page % 2 ? { status: 'Degraded', message: `page ${page}` } : null;
        fleet.simulators['dev']?.mutate(victim.metadata.name, { health });
      }
      const unchanged = all
        .map((each) => keyOf({ ...each.metadata, cluster: each.cluster }))
        .filter((key) => !changed.has(key));
      expect(unchanged.length).toBeGreaterThan(90);
      expect(unchanged.filter((key) => seen.get(key) !== 1)).toEqual([]);
    },
  );

  it('pages of one order are of no use in another', async () => {
    const { body } = await fleet.get('/api/v1/applications?sort=name&limit=2');
    const { status, body: problem } = await fleet.get(`/api/v1/applications?limit=2&cursor=${body.nextCursor}`);
    expect([status, problem.code]).toEqual([400, 'invalid_input']);
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ sort: 'nme' }, /^sort: must be one of .*Did you mean name/],
    [{ health: 'Degarded' }, /^health: "Degarded" is none of .*Did you mean Degraded/],
    [{ phase: 'Faild' }, /^phase: .*Did you mean Failed/],
    [{ problem: 'degradd' }, /^problem: .*Did you mean degraded/],
    [{ problem: { a: 1 } }, /^problem: .*is none of/],
    [{ groupBy: 'projekt' }, /^groupBy: .*or label:<key>\..*Did you mean project/],
    [{ groupBy: 'label:' }, /^groupBy: .*is none of/],
    [{ groupBy: 'project', cursor: 'AAAA' }, /^cursor: groups have no pages/],
    [{ labels: 'a===b' }, /^labels: /],
    [{ image: '*a'.repeat(20) }, /^image: the pattern is too long or has more than 10 stars/],
    [{ text: '' }, /^text: must not be empty/],
    [{ text: '   ' }, /^text: must hold something/],
    [{ text: 'x'.repeat(300) }, /^text: /],
    [{ lastSyncBefore: 'tomorrow' }, /^lastSyncBefore: must be so long ago/],
    [{ lastSyncAfter: '2026-02-31T25:00:00Z' }, /^lastSyncAfter: /],
    [{ autoSync: 'maybe' }, /^autoSync: must be true or false/],
    [{ fresh: 1 }, /^fresh: must be true or false/],
    [{ revison: 'abc' }, /^revison: unknown argument. Did you mean revision/],
  ])('%j is refused in words that help, the same over both', async (input, message) => {
    const overMcp = await mcp.call('list_applications', input);
    expect(overMcp.isError).toBe(true);
    expect(JSON.parse(overMcp.content[0]?.text ?? '')).toMatchObject({
      code: 'invalid_input',
      detail: expect.stringMatching(message),
    });
    if (Object.values(input).some((value) => typeof value === 'object')) return;
    const overRest = await fleet.get(`/api/v1/applications?${query(input)}`);
    expect(overRest.status).toBe(400);
    expect(overRest.body.detail).toMatch(message);
  });

  it.each(['a{1,99}b', '(a+)+$', '\u0000\u202e', "'; DROP TABLE rows", '%00', '__proto__', 'constructor'])(
    'hostile text %j is only text',
    async (text) => {
      for (const field of ['text', 'name', 'image', 'revision', 'repository', 'destination', 'project']) {
        const { status, body } = await fleet.get(`/api/v1/applications?${query({ [field]: text })}`);
        expect([field, status, body.total]).toEqual([field, 200, 0]);
      }
      const grouped = await fleet.get(`/api/v1/applications?${query({ groupBy: `label:${text}` })}`);
      expect(grouped.body.groups).toMatchObject([{ key: '(none)', count: all.length }]);
    },
  );
});

describe('list_applications with fresh', () => {
  let fleet: RunningFleet;
  const names = Array.from({ length: 6 }, (_, i) => `c${i}`);
  beforeAll(async () => {
    fleet = await runFleet({
      clusters: [
        ...names.map((name) => ({ name, simulator: { applications: 5 }, limits: { timeoutMs: 1_000 } })),
        { name: 'dead', url: 'http://127.0.0.1:9', limits: { timeoutMs: 1_000 } },
      ],
      live: false,
    });
    await eventually(async () => {
      const { body } = await fleet.get('/api/v1/applications?limit=1');
      expect(body.total).toBe(30);
    });
  });
  afterAll(() => fleet?.close());
  afterEach(() => Object.values(fleet.simulators).forEach((simulator) => simulator.clearFaults()));

  it('shows what no event has told yet', async () => {
    const simulator = fleet.simulators['c0'];
    const { body: before } = await fleet.get('/api/v1/applications?cluster=c0&sort=name&limit=1');
    const [{ name }] = before.applications;
    simulator?.fault({ kind: 'lose-events' });
    simulator?.mutate(name, { health: { status: 'Degraded' } });
    const { body } = await fleet.get(`/api/v1/applications?cluster=c0&name=${name}&fresh=true`);
    expect(body.applications).toMatchObject([{ name, health: 'Degraded' }]);
    expect(body.unavailable).toEqual([]);
  });

  it('a hung cluster costs the deadline and no more, and hides nobody; a dead one costs nothing', async () => {
    fleet.simulators['c3']?.fault({ kind: 'hang', path: '/api/v1/applications', method: 'GET' });
    const startedAt = performance.now();
    const { status, body } = await fleet.get('/api/v1/applications?fresh=true&limit=200');
    const tookMs = performance.now() - startedAt;
    expect(status).toBe(200);
    expect(tookMs).toBeGreaterThan(900);
    expect(tookMs).toBeLessThan(2_000);
    expect(body.total).toBe(30);
    const failed = Object.fromEntries(body.unavailable.map((each: any) => [each.cluster, each]));
    expect(Object.keys(failed).sort()).toEqual(['c3', 'dead']);
    expect(failed.c3).toMatchObject({ code: 'cluster_timeout', staleRows: 5 });
    const stale = body.applications.filter((row: any) => row.stale).map((row: any) => row.cluster);
    expect(stale).toEqual(Array(5).fill('c3'));
  });

  it('is never answered from what was answered before', async () => {
    const count = () =>
      fleet.simulators['c1']?.requests().filter(({ path }) => path.startsWith('/api/v1/applications?')).length ?? 0;
    const before = count();
    for (let i = 0; i < 3; i++) await fleet.get('/api/v1/applications?cluster=c1&fresh=true');
    expect(count()).toBeGreaterThanOrEqual(before + 3);
  });

  it('what a caller wrote comes back without control characters', async () => {
    const hostile = 'eu\u001b[31m\u202e\n';
    for (const path of [
      `applications/cart?${query({ cluster: hostile })}`,
      `compare?${query({ application: hostile })}`,
    ]) {
      const { status, body } = await fleet.get(`/api/v1/${path}`);
      expect(status).toBe(404);
      expect(body.detail).toMatch(/"eu"/);

      expect(body.detail).not.toMatch(/[\u0000-\u001f\u202e]/);
    }
  });
});
