import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { modernMeta, post, revision } from '../support/mcp-requests.js';
import { runFleet, type RunningFleet } from '../support/running-fleet.js';

type Headers = Record<string, string | undefined>;
interface Sample {
  what: string;
  body: unknown;
  headers: Headers;
}

const call = (params: Record<string, unknown> = {}, message: Record<string, unknown> = {}) => ({
  jsonrpc: '2.0',
  id: 7,
  method: 'tools/call',
  params: { name: 'list_applications', arguments: { limit: 2 }, ...params },
  ...message,
});

const modernHeaders = { 'mcp-protocol-version': revision, 'mcp-method': 'tools/call', 'mcp-name': 'list_applications' };
const withMeta = (params: Record<string, unknown> = {}, meta: Record<string, unknown> = {}) =>
  call({ _meta: modernMeta(meta), ...params });

/** What clients of both eras send, and what they send by mistake or on purpose. */
const bodies: [string, unknown][] = [
  ['a call', {}],
  ['no arguments', { arguments: undefined }],
  ['null arguments', { arguments: null }],
  ['a list of arguments', { arguments: [1] }],
  ['an argument of the wrong type', { arguments: { limit: 'two' } }],
  ['an unknown argument', { arguments: { limt: 2 } }],
  ['a cluster', { arguments: { cluster: 'eu' } }],
  ['a cluster that is not there', { arguments: { cluster: 'nowhere' } }],
  ['an unknown tool', { name: 'list_application' }],
  ['no name', { name: undefined }],
  ['a number for a name', { name: 5 }],
  ['another parameter', { more: true }],
  ['a task', { task: { ttl: 1000 } }],
].map(([what, params]) => [what as string, params]);

const messages: [string, Record<string, unknown>][] = [
  ['id 0', { id: 0 }],
  ['a text as id', { id: 'a"\u2028\\' }],
  ['no id', { id: undefined }],
  ['null as id', { id: null }],
  ['a broken number as id', { id: 1.5 }],
  ['an object as id', { id: {} }],
  ['no version', { jsonrpc: undefined }],
  ['another version', { jsonrpc: '1.0' }],
  ['another method', { method: 'tools/list' }],
  ['an unknown method', { method: 'tools/calls' }],
  ['another field', { extra: 1 }],
];

const headerSets: [string, Headers][] = [
  ['as they are', {}],
  ['no version', { 'mcp-protocol-version': undefined }],
  ['an unknown version', { 'mcp-protocol-version': '2031-01-01' }],
  ['the version of the other era', { 'mcp-protocol-version': '2025-06-18' }],
  ['no method', { 'mcp-method': undefined }],
  ['another method', { 'mcp-method': 'tools/list' }],
  ['no name', { 'mcp-name': undefined }],
  ['another name', { 'mcp-name': 'list_clusters' }],
  ['an encoded name', { 'mcp-name': `=?base64?${Buffer.from('list_applications').toString('base64')}?=` }],
  ['a cluster that the body does not have', { 'mcp-param-cluster': 'us' }],
  ['an encoded cluster', { 'mcp-param-cluster': `=?base64?${Buffer.from('eu').toString('base64')}?=` }],
  ['JSON alone', { accept: 'application/json' }],
  ['a stream alone', { accept: 'text/event-stream' }],
  ['anything', { accept: '*/*' }],
];

const samples: Sample[] = (['modern', 'legacy'] as const).flatMap((era) => {
  const make = (params: Record<string, unknown>, message: Record<string, unknown> = {}) => ({
    ...(era === 'modern' ? withMeta(params) : call(params)),
    ...message,
  });
  const headers: Headers = era === 'modern' ? modernHeaders : { 'mcp-protocol-version': '2025-11-25' };
  return [
    ...bodies.map(([what, params]) => ({ what, body: make(params as Record<string, unknown>), headers })),
    ...messages.map(([what, message]) => ({ what, body: make({}, message), headers })),
    ...headerSets.map(([what, more]) => ({
      what: `headers: ${what}`,
      body: make({}),
      headers: { ...headers, ...more },
    })),
    ...headerSets.map(([what, more]) => ({
      what: `with a cluster, headers: ${what}`,
      body: make({ arguments: { cluster: 'eu', limit: 1 } }),
      headers: { ...headers, ...more },
    })),
    { what: 'progress', body: make({ _meta: { ...modernMeta(), progressToken: 1 } }), headers },
    {
      what: 'a half envelope',
      body: make({ _meta: { 'io.modelcontextprotocol/protocolVersion': revision } }),
      headers,
    },
    { what: 'a log level', body: make({ _meta: modernMeta({ 'io.modelcontextprotocol/logLevel': 'info' }) }), headers },
    { what: 'a trace', body: make({ _meta: modernMeta({ traceparent: '00-1-2-01' }) }), headers },
    { what: 'a batch', body: [make({}), make({}, { id: 8 })], headers },
    { what: 'nothing', body: {}, headers },
  ].map((sample) => ({ ...sample, what: `${era}: ${sample.what}` }));
});

describe('the short path of a tool call', () => {
  let fleet: RunningFleet;
  let url: URL;
  beforeAll(async () => {
    fleet = await runFleet({ clusters: [{ name: 'eu' }, { name: 'us' }] });
    url = new URL('/mcp', fleet.url);
  });
  afterAll(() => fleet.close());

  /** What must be the same: everything but ids of requests, times, and how the length of the body is told. */
  const exchange = async ({ body, headers }: Sample, more: Headers = {}) => {
    const response = await post(url, JSON.stringify(body), { ...headers, ...more });
    const text = await response.text();
    const kept = [...response.headers].filter(
      ([name]) =>
        !['x-request-id', 'date', 'content-length', 'transfer-encoding', 'connection', 'keep-alive'].includes(name),
    );
    return {
      status: response.status,
      headers: kept,
      text: text.replace(/\\?"(asOf|lastSeenAt|lastEventAt|lastListAt)\\?":\\?"[^"\\]*\\?"/g, '"$1"'),
    };
  };

  it.each(samples.map((sample) => [sample.what, sample] as const))(
    'answers as the SDK does: %s',
    async (_what, sample) => {
      // A session that nobody opened means nothing to a server without sessions; with it the request goes the long way.
      const long = await exchange(sample, { 'mcp-session-id': 'none' });
      await exchange(sample);
      expect(await exchange(sample)).toEqual(long);
    },
  );
});
