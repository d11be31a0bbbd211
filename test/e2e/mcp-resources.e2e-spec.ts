import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { hashKey } from '../../src/auth/api-key.js';
import { eventually } from '../support/eventually.js';
import { answerOf, postLegacy, postModern, type RpcMessage } from '../support/mcp-requests.js';
import { runFleet, type RunningFleet } from '../support/running-fleet.js';

const keys = { admin: 'afm_admin', europe: 'afm_europe', payments: 'afm_payments', jobs: 'afm_jobs' };
type Key = keyof typeof keys;
const scopes: Record<Key, Record<string, unknown>> = {
  admin: { role: 'admin' },
  europe: { role: 'viewer', clusters: 'eu*' },
  payments: { role: 'viewer', projects: ['payments'] },
  jobs: { role: 'viewer', tools: ['get_job', 'list_applications'] },
};

describe('the fleet as MCP resources', () => {
  let fleet: RunningFleet;
  let url: URL;
  let rows: { cluster: string; namespace: string; name: string; project: string }[];
  const auth = (key: Key) => ({ authorization: `Bearer ${keys[key]}` });
  const ask = (method: string, params: Record<string, unknown> = {}, key: Key = 'admin') =>
    answerOf(postModern(url, { method, params, headers: auth(key) }));
  const read = (uri: string, key: Key = 'admin') => ask('resources/read', { uri }, key);
  const textOf = ({ result }: RpcMessage): unknown => {
    const [content] = result?.['contents'] as { text: string }[];
    return JSON.parse(content!.text);
  };
  const uris = ({ result }: RpcMessage) => (result?.['resources'] as { uri: string }[]).map(({ uri }) => uri);

  beforeAll(async () => {
    fleet = await runFleet({
      clusters: [{ name: 'eu' }, { name: 'us', simulator: { seed: 7 } }, { name: 'zz', url: 'http://127.0.0.1:9' }],
      live: false,
      server: {
        apiKeys: Object.entries(scopes).map(([name, scope]) => ({ name, hash: hashKey(keys[name as Key]), ...scope })),
      },
    });
    url = new URL('/mcp', fleet.url);
    await eventually(
      async () => {
        const { body } = await fleet.get('/api/v1/applications?limit=200', auth('admin'));
        expect(body.total).toBe(20);
        rows = body.applications;
      },
      { timeoutMs: 20_000 },
    );
  });
  afterAll(() => fleet?.close());

  it('are listed with the clusters that the key may see, each with what its tools allow', async () => {
    const all = await ask('resources/list');
    expect(all.result).toMatchObject({ resultType: 'complete', ttlMs: 60_000, cacheScope: 'private' });
    expect(uris(all)).toEqual(['fleet://status', 'fleet://clusters/eu', 'fleet://clusters/us', 'fleet://clusters/zz']);
    expect(uris(await ask('resources/list', {}, 'europe'))).toEqual(['fleet://status', 'fleet://clusters/eu']);
    expect(uris(await ask('resources/list', {}, 'jobs'))).toEqual([]);
    const templates = async (key: Key) =>
      (await ask('resources/templates/list', {}, key)).result?.['resourceTemplates'] as { name: string }[];
    expect((await templates('admin')).map(({ name }) => name)).toEqual(['cluster', 'application', 'job']);
    expect((await templates('jobs')).map(({ name }) => name)).toEqual(['job']);
  });

  it('hold what the tools answer', async () => {
    const [row] = rows.filter(({ cluster }) => cluster === 'eu');
    const { namespace, name } = row!;
    const status = await fleet.get('/api/v1/status', auth('admin'));
    expect(textOf(await read('fleet://status'))).toMatchObject({ broken: status.body.broken, clusters: { of: 3 } });
    const clusters = await fleet.get('/api/v1/clusters?cluster=eu', auth('admin'));
    const { feed: _, ...cluster } = clusters.body.clusters[0];
    expect(textOf(await read('fleet://clusters/eu'))).toMatchObject(cluster);
    const application = await fleet.get(`/api/v1/applications/${name}?cluster=eu`, auth('admin'));
    const shown = textOf(await read(`fleet://clusters/eu/applications/${namespace}/${name}`));
    expect(shown).toMatchObject({ application: application.body.application });
    const started = await fleet.post(`/api/v1/applications/${name}/sync`, { cluster: 'eu' }, auth('admin'));
    const { jobId } = started.body.job;
    expect(textOf(await read(`fleet://jobs/${jobId}`))).toMatchObject({ job: { jobId } });
  });

  it('hold a cluster that is down, as such', async () => {
    await eventually(async () => {
      expect(textOf(await read('fleet://clusters/zz'))).toMatchObject({ cluster: 'zz', feed: { state: 'down' } });
    });
  });

  it('are read by clients of the era before too', async () => {
    const read = (uri: string) =>
      answerOf(postLegacy(url, { method: 'resources/read', params: { uri }, headers: auth('admin') }));
    expect(textOf(await read('fleet://clusters/eu'))).toMatchObject({ cluster: 'eu' });
    expect((await read('fleet://clusters/nowhere')).error).toMatchObject({
      code: -32602,
      data: { uri: 'fleet://clusters/nowhere' },
    });
  });

  it('that are hidden are not found, in the same words as those that do not exist', async () => {
    const hidden = rows.find(({ cluster, project }) => cluster === 'eu' && project !== 'payments')!;
    const pairs: [Key, string, string, string][] = [
      ['europe', 'fleet://clusters/us', 'fleet://clusters/qq', 'us'],
      ['europe', 'fleet://clusters/us/applications/argocd/x1', 'fleet://clusters/qq/applications/argocd/x1', 'us'],
      [
        'payments',
        `fleet://clusters/eu/applications/${hidden.namespace}/${hidden.name}`,
        `fleet://clusters/eu/applications/${hidden.namespace}/qqqqqqqqqqqqqqqqqq`,
        hidden.name,
      ],
    ];
    for (const [key, one, other, name] of pairs) {
      const said = async (uri: string, word: string) => {
        const { error } = await read(uri, key);
        expect(error).toMatchObject({ code: -32602, data: { uri } });
        expect(Object.keys(error?.data as object)).toEqual(['uri']);
        return error?.message.replaceAll(`"${word}"`, '<name>');
      };
      const unknown = other.split('/').at(name === hidden.name ? -1 : 3)!;
      expect(await said(one, name)).toBe(await said(other, unknown));
    }
  });

  it('suggest what the key may see, and nothing else', async () => {
    expect((await read('fleet://clusters/eur')).error?.message).toContain('Did you mean eu?');
    expect((await read('fleet://clusters/uss', 'europe')).error?.message).not.toContain('Did you mean us');
  });

  it.each(['file:///etc/passwd', 'fleet://clusters/*', 'fleet://clusters/%2e%2e', `fleet://jobs/${'x'.repeat(5000)}`])(
    'are not found under hostile URI number %#, and the error says what there is',
    async (uri) => {
      const { error } = await read(uri);
      expect(error?.code).toBe(-32602);
      expect(error?.message).toContain('fleet://clusters/{cluster}');
    },
  );

  it('need the tool that they mirror: the refusal says so', async () => {
    const { error } = await read('fleet://status', 'jobs');
    expect(error).toMatchObject({ code: -32000, data: { code: 'forbidden' } });
    expect(error?.message).toContain('get_fleet_status');
  });

  it('refuse a cursor that was never given out', async () => {
    for (const method of ['resources/list', 'resources/templates/list']) {
      expect((await ask(method, { cursor: 'made-up' })).error?.code).toBe(-32602);
    }
    expect((await ask('resources/list', { cursor: 'made-up' }, 'jobs')).error?.code).toBe(-32602);
  });

  it('are measured like the tools', async () => {
    await read('fleet://status');
    const { body } = await fleet.get('/metrics', auth('admin'));
    expect(body).toMatch(/tool_duration_seconds_count\{tool="get_fleet_status",outcome="ok"\} [1-9]/);
  });
});
