import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectHttp, type TestClient } from '../support/mcp-clients.js';
import { runFleet, type RunningFleet } from '../support/running-fleet.js';

/** A tool call as MCP makes it and as REST makes it. */
interface Sample {
  tool: string;
  input: Record<string, unknown>;
  /** Method and path; the input travels in the query or the body but for the path's parameters. */
  rest: (input: Record<string, unknown>) => { method: 'GET' | 'POST'; path: string; rest: Record<string, unknown> };
}

const inQuery = (path: string) => (input: Record<string, unknown>) => ({ method: 'GET' as const, path, rest: input });
const onApplication =
  (method: 'GET' | 'POST', suffix = '') =>
  ({ application, ...rest }: Record<string, unknown>) => ({
    method,
    path: `/applications/${encodeURIComponent(String(application))}${suffix}`,
    rest,
  });
const onJob =
  (suffix = '') =>
  ({ jobId, ...rest }: Record<string, unknown>) => ({
    method: 'GET' as const,
    path: `/jobs/${encodeURIComponent(String(jobId))}${suffix}`,
    rest,
  });

/** What differs from call to call although nothing has changed: the second may come from a cache. */
const withoutClock = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (key, inner: unknown) =>
    ['asOf', 'since', 'lastSeenAt', 'requestId', 'cached'].includes(key) ? undefined : inner,
  );

describe.each(['modern', 'legacy'] as const)('parity of MCP (%s) and REST', (era) => {
  let fleet: RunningFleet;
  let client: TestClient;
  let known: { name: string; cluster: string };
  beforeAll(async () => {
    fleet = await runFleet({
      clusters: [
        { name: 'eu', labels: { env: 'prod' } },
        { name: 'us', labels: { env: 'prod' }, readOnly: true },
      ],
    });
    client = await connectHttp(era, new URL('/mcp', fleet.url));
    known = (await fleet.get('/api/v1/applications?cluster=eu&health=Healthy&sync=Synced&limit=1')).body
      .applications[0];
  });
  afterAll(async () => {
    await client?.close();
    await fleet?.close();
  });

  const list = inQuery('/applications');
  const samples: [string, () => Sample][] = [
    ['the status of the fleet', () => ({ tool: 'get_fleet_status', input: { minutes: 5 }, rest: inQuery('/status') })],
    [
      'a status of nothing',
      () => ({ tool: 'get_fleet_status', input: { labels: 'no=such' }, rest: inQuery('/status') }),
    ],
    ['clusters', () => ({ tool: 'list_clusters', input: {}, rest: inQuery('/clusters') })],
    [
      'clusters by label',
      () => ({ tool: 'list_clusters', input: { cluster: 'env=prod' }, rest: inQuery('/clusters') }),
    ],
    ['applications', () => ({ tool: 'list_applications', input: {}, rest: list })],
    ['one page', () => ({ tool: 'list_applications', input: { limit: 3, cluster: 'eu' }, rest: list })],
    [
      'filters',
      () => ({ tool: 'list_applications', input: { health: 'degraded,Missing', sync: 'OutOfSync' }, rest: list }),
    ],
    ['nothing found', () => ({ tool: 'list_applications', input: { name: 'nothing-*' }, rest: list })],
    ['an unknown cluster', () => ({ tool: 'list_applications', input: { cluster: 'eux' }, rest: list })],
    ['a wrong health', () => ({ tool: 'list_applications', input: { health: 'Sick' }, rest: list })],
    ['an unknown argument', () => ({ tool: 'list_applications', input: { helth: 'Degraded' }, rest: list })],
    ['a foreign cursor', () => ({ tool: 'list_applications', input: { cursor: 'AAAA' }, rest: list })],
    ['a bad selector', () => ({ tool: 'list_applications', input: { labels: 'a===b' }, rest: list })],
    ['limits out of range', () => ({ tool: 'list_applications', input: { limit: 201 }, rest: list })],
    [
      'one application',
      () => ({
        tool: 'get_application',
        input: { application: known.name, cluster: 'eu' },
        rest: onApplication('GET'),
      }),
    ],
    [
      'a missing application',
      () => ({ tool: 'get_application', input: { application: 'nope', cluster: 'eu' }, rest: onApplication('GET') }),
    ],
    [
      'an impossible name',
      () => ({ tool: 'get_application', input: { application: '../x', cluster: 'eu' }, rest: onApplication('GET') }),
    ],
    [
      'a comparison',
      () => ({ tool: 'compare_application', input: { application: known.name }, rest: inQuery('/compare') }),
    ],
    [
      'a comparison of nothing',
      () => ({ tool: 'compare_application', input: { cluster: 'eu' }, rest: inQuery('/compare') }),
    ],
    [
      'a change on a read-only cluster',
      () => ({
        tool: 'sync_application',
        input: { application: known.name, cluster: 'us' },
        rest: onApplication('POST', '/sync'),
      }),
    ],
    [
      'a sync of nothing',
      () => ({
        tool: 'sync_application',
        input: { application: 'nope', cluster: 'eu' },
        rest: onApplication('POST', '/sync'),
      }),
    ],
    ['an unknown job', () => ({ tool: 'get_job', input: { jobId: 'sync-0' }, rest: onJob() })],
    [
      'waiting for an unknown job',
      () => ({ tool: 'wait_for_job', input: { jobId: 'sync-0', timeoutSeconds: 1 }, rest: onJob('/wait') }),
    ],
  ];

  it.each(samples)('%s: the same object, errors included', async (_, make) => {
    const { tool, input, rest } = make();
    const { method, path, rest: travelling } = rest(input);
    const query = new URLSearchParams(
      Object.entries(travelling).map(([key, value]): [string, string] => [key, String(value)]),
    );
    const overRest =
      method === 'GET' ? await fleet.get(`/api/v1${path}?${query}`) : await fleet.post(`/api/v1${path}`, travelling);
    const overMcp = await client.call(tool, input);
    expect(overMcp.isError ?? false).toBe(overRest.status >= 400);
    const text: unknown = JSON.parse(overMcp.content[0]?.text ?? '');
    expect(withoutClock(text)).toEqual(withoutClock(overRest.body));
    // Clients of 2025 hold an error's structured content against the output schema and throw: they get the text alone.
    expect(overMcp.structuredContent).toEqual(era === 'legacy' && overMcp.isError ? undefined : text);
    if (overRest.status >= 400) {
      expect(overRest.body.status).toBe(overRest.status);
      expect(overRest.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    }
  });

  it('a sync started and awaited over MCP succeeds, and REST shows the same job', async () => {
    const { body: found } = await fleet.get('/api/v1/applications?cluster=eu&sync=OutOfSync&health=Healthy&limit=50');
    const { name } = found.applications.find((row: { phase?: string }) => row.phase === 'Succeeded');
    const started = await client.call('sync_application', { application: name, cluster: 'eu' });
    const { job } = started.structuredContent as { job: { jobId: string } };
    const steps: number[] = [];
    const waited = await client.call(
      'wait_for_job',
      { jobId: job.jobId },
      { onprogress: ({ progress }) => void steps.push(progress) },
    );
    expect(waited.structuredContent).toMatchObject({ job: { state: 'succeeded', outcome: { sync: 'Synced' } } });
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect((await fleet.get(`/api/v1/jobs/${job.jobId}`)).body).toEqual(waited.structuredContent);
    expect((await fleet.get(`/api/v1/jobs/${job.jobId}/wait`)).body).toEqual(waited.structuredContent);
  });
});
