import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { modernMeta, revision } from '../../test/support/mcp-requests.js';
import { everything } from '../fleet/scope.js';
import { defineTool } from '../tools/tool.js';
import { McpShortPath } from './short-path.js';

const tool = defineTool({
  name: 'list_things',
  title: 'List',
  description: 'Lists.',
  effect: 'read',
  idempotent: true,
  route: 'GET /things',
  toolset: 'applications',
  input: z.strictObject({}),
  output: z.object({}),
  cachedForMs: () => Infinity,
  run: async () => ({}),
});
const caller = { name: 'local', role: 'admin' as const, scope: everything, tool: () => true };
const both = { accept: 'application/json, text/event-stream' };
const modern = { ...both, 'mcp-protocol-version': revision, 'mcp-method': 'tools/call', 'mcp-name': 'list_things' };

function open(isKept = true) {
  const recalled: unknown[] = [];
  const path = new McpShortPath({
    runner: {
      catalog: [tool],
      recall: (_tool, { input }) => {
        recalled.push(input);
        return isKept ? { ok: true, tool, output: { total: 1 }, json: '{"total":1}' } : undefined;
      },
    },
    mirroredArguments: () => [{ argument: 'cluster', header: 'Cluster' }],
  });
  const ask = (params: Record<string, unknown>, headers: Record<string, string>) =>
    path.answer({
      caller,
      requestId: '1',
      headers,
      body: { jsonrpc: '2.0', id: 'x', method: 'tools/call', params: { name: 'list_things', ...params } },
    });
  return { ask, recalled };
}

describe('the short path of a tool call', () => {
  it('answers a call of 2026-07-28 as plain JSON', () => {
    const answer = open().ask({ _meta: modernMeta() }, modern);
    expect(answer?.headers).toEqual({ 'content-type': 'application/json' });
    expect(JSON.parse(String(answer?.body))).toMatchObject({
      id: 'x',
      result: {
        resultType: 'complete',
        structuredContent: { total: 1 },
        content: [{ type: 'text', text: '{"total":1}' }],
      },
    });
  });

  it('answers a call of 2025 as one event', () => {
    const answer = open().ask({ arguments: { a: 1 } }, { ...both, 'mcp-protocol-version': '2025-06-18' });
    expect(answer?.headers['content-type']).toBe('text/event-stream');
    const [, data = ''] = /^event: message\ndata: (.*)\n\n$/.exec(String(answer?.body)) ?? [];
    const { result } = JSON.parse(data) as { result: Record<string, unknown> };
    expect(Object.keys(result)).toEqual(['content', 'structuredContent']);
  });

  it('leaves a call whose answer is not there to the long way', () => {
    const { ask, recalled } = open(false);
    expect(ask({ _meta: modernMeta() }, modern)).toBeUndefined();
    expect(recalled).toHaveLength(1);
  });

  it.each([
    ['a header that names another tool', { _meta: modernMeta() }, { ...modern, 'mcp-name': 'other' }],
    ['an argument that its header does not mirror', { arguments: { cluster: 'a' }, _meta: modernMeta() }, modern],
    ['progress', { _meta: modernMeta({ progressToken: 1 }) }, modern],
    ['a client that takes no stream', { _meta: modernMeta() }, { ...modern, accept: 'application/json' }],
    ['a task', { task: {}, _meta: modernMeta() }, modern],
  ])('asks the gate nothing for a call with %s', (_what, params, headers) => {
    const { ask, recalled } = open();
    expect(ask(params, headers)).toBeUndefined();
    expect(recalled).toHaveLength(0);
  });
});
