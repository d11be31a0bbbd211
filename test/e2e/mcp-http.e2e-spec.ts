import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { encodeHeaderValue } from '../../src/mcp/param-headers.js';
import { eventually } from '../support/eventually.js';
import { keyConfig, startMcpApp, type McpApp } from '../support/mcp-app.js';
import { answerOf, messagesIn, modernMeta, post, postLegacy, postModern, revision } from '../support/mcp-requests.js';

let app: McpApp;
beforeAll(async () => {
  app = await startMcpApp();
});
afterAll(() => app.close());

const echo = (args: Record<string, unknown>, headers: Record<string, string | undefined> = {}) =>
  postModern(app.url, { method: 'tools/call', params: { name: 'echo_text', arguments: args }, headers });

describe('2026-07-28', () => {
  it('is discovered with instructions, capabilities and how long that may be kept', async () => {
    const { status, result } = await answerOf(postModern(app.url, { method: 'server/discover' }));
    expect(status).toBe(200);
    expect(result).toMatchObject({
      resultType: 'complete',
      supportedVersions: [revision],
      capabilities: { tools: {}, resources: { subscribe: true, listChanged: true } },
      instructions: expect.stringContaining('wait_for_job'),
      ttlMs: 300_000,
      cacheScope: 'public',
    });
    expect(result?.['_meta']).toMatchObject({
      'io.modelcontextprotocol/serverInfo': { name: 'argocd-fleet-mcp', version: expect.any(String) },
    });
  });

  it('lists tools with schemas, hints and the mirrored argument, the same every time', async () => {
    const list = async () => (await answerOf(postModern(app.url, { method: 'tools/list' }))).result;
    const first = await list();
    expect(first).toMatchObject({ resultType: 'complete', ttlMs: 300_000, cacheScope: 'private' });
    const tools = first?.['tools'] as Record<string, unknown>[];
    expect(tools.map(({ name }) => name)).toEqual(['echo_text', 'wait_for_release', 'change_thing', 'fail_always']);
    expect(tools[0]).toEqual({
      name: 'echo_text',
      title: 'Echo a text',
      description: 'Answers what it was told.',
      inputSchema: {
        type: 'object',
        properties: {
          text: { type: 'string', description: 'What to say' },
          cluster: {
            type: 'string',
            maxLength: 200,
            description: 'Which clusters',
            'x-mcp-header': 'Cluster',
          },
        },
        required: ['text'],
        additionalProperties: false,
      },
      outputSchema: expect.objectContaining({ type: 'object', required: ['text'] }),
      annotations: {
        title: 'Echo a text',
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
    });
    expect(tools[2]?.['annotations']).toMatchObject({ readOnlyHint: false, destructiveHint: true });
    expect(await list()).toEqual(first);
  });

  it('lets clients that keep an output schema accept the fields of a newer server', async () => {
    const { result } = await answerOf(postModern(app.url, { method: 'tools/list' }));
    for (const { outputSchema } of result?.['tools'] as { outputSchema: object }[]) {
      expect(JSON.stringify(outputSchema)).not.toContain('additionalProperties');
    }
  });

  it('answers a call with structured content and the same as one compact text', async () => {
    const { result } = await answerOf(echo({ text: 'hi' }));
    expect(result).toMatchObject({
      resultType: 'complete',
      content: [{ type: 'text', text: '{"text":"hi"}' }],
      structuredContent: { text: 'hi' },
    });
    expect(result?.['isError']).not.toBe(true);
  });

  it('answers a failure as a result with the problem as structured content and as text', async () => {
    const { status, result } = await answerOf(
      postModern(app.url, { method: 'tools/call', params: { name: 'fail_always', arguments: { how: 'known' } } }),
    );
    expect(status).toBe(200);
    expect(result?.['isError']).toBe(true);
    const problem = result?.['structuredContent'];
    expect(problem).toMatchObject({ code: 'not_found', status: 404, detail: 'No such thing.' });
    expect(result?.['content']).toEqual([{ type: 'text', text: JSON.stringify(problem) }]);
  });

  it('never shows what an unknown failure said', async () => {
    const response = await postModern(app.url, {
      method: 'tools/call',
      params: { name: 'fail_always', arguments: { how: 'unknown' } },
    });
    const text = await response.text();
    expect(text).toContain('"code":"internal"');
    expect(text).not.toMatch(/hunter2|10\.0\.0\.1/);
  });

  it('answers bad arguments as a result that a model can read', async () => {
    const { result } = await answerOf(echo({ txt: 'hi' }));
    expect(result?.['isError']).toBe(true);
    expect(result?.['structuredContent']).toMatchObject({
      code: 'invalid_input',
      details: { issues: expect.arrayContaining([{ path: 'text', message: 'is required' }]) },
    });
  });

  it.each([
    ['an unknown tool', 'tools/call', { name: 'echo_txt', arguments: {} }, 200, -32602, 'Did you mean echo_text?'],
    ['a cursor that was never given out', 'tools/list', { cursor: 'x' }, 200, -32602, 'one page'],
    ['an unknown method', 'tools/explode', {}, 404, -32601, 'not found'],
    ['a method of the era before', 'ping', {}, 404, -32601, 'not found'],
  ])('answers %s as a protocol error', async (_what, method, params, status, code, words) => {
    const answer = await answerOf(postModern(app.url, { method, params }));
    expect(answer.error?.code).toBe(code);
    expect(answer.error?.message).toContain(words);
    expect(answer.status).toBe(status);
  });

  it('names the revisions it speaks to a client of an unknown one', async () => {
    const answer = await answerOf(
      postModern(app.url, {
        method: 'tools/list',
        params: { _meta: { 'io.modelcontextprotocol/protocolVersion': '2031-01-01' } },
        headers: { 'mcp-protocol-version': '2031-01-01' },
      }),
    );
    expect(answer).toMatchObject({ status: 400, error: { code: -32022, data: { supported: [revision] } } });
  });
});

describe('headers', () => {
  it.each([
    ['no MCP-Protocol-Version', { 'mcp-protocol-version': undefined }],
    ['another MCP-Protocol-Version', { 'mcp-protocol-version': '2025-11-25' }],
    ['no Mcp-Method', { 'mcp-method': undefined }],
    ['another Mcp-Method', { 'mcp-method': 'tools/list' }],
    ['no Mcp-Name', { 'mcp-name': undefined }],
    ['another Mcp-Name', { 'mcp-name': 'change_thing' }],
    ['an Mcp-Name encoded wrongly', { 'mcp-name': '=?base64?!!?=' }],
    ['no Mcp-Param-Cluster', { 'mcp-param-cluster': undefined }],
    ['another Mcp-Param-Cluster', { 'mcp-param-cluster': 'us' }],
    ['an Mcp-Param-Cluster encoded wrongly', { 'mcp-param-cluster': '=?base64?ZXU?=' }],
    ['an Mcp-Param-Cluster that is no UTF-8', { 'mcp-param-cluster': '=?base64?/w==?=' }],
  ])('that disagree with the body are refused before anything runs: %s', async (_what, headers) => {
    app.probe.calls.length = 0;
    const answer = await answerOf(echo({ text: 'hi', cluster: 'eu' }, { 'mcp-param-cluster': 'eu', ...headers }));
    expect(answer).toMatchObject({ status: 400, error: { code: -32020 } });
    expect(app.probe.calls).toEqual([]);
  });

  it('Mcp-Param-Cluster without an argument is refused: a proxy would route on what we do not read', async () => {
    const answer = await answerOf(echo({ text: 'hi' }, { 'mcp-param-cluster': 'eu' }));
    expect(answer).toMatchObject({ status: 400, error: { code: -32020 } });
  });

  it.each(['eu', 'eu-*,!eu-dev', 'übersee', ' eu ', '=?base64?ZXU=?='])(
    'that agree are accepted: %j',
    async (cluster) => {
      const { status, result } = await answerOf(
        echo({ text: 'hi', cluster }, { 'mcp-param-cluster': encodeHeaderValue(cluster) }),
      );
      expect(status).toBe(200);
      expect(result?.['structuredContent']).toEqual({ text: 'hi', cluster });
    },
  );

  it('Mcp-Param-Cluster is not asked of clients of the era before, but must not lie', async () => {
    const call = (headers: Record<string, string>) =>
      answerOf(
        postLegacy(app.url, {
          method: 'tools/call',
          params: { name: 'echo_text', arguments: { text: 'hi', cluster: 'eu' } },
          headers,
        }),
      );
    expect((await call({})).result?.['structuredContent']).toEqual({ text: 'hi', cluster: 'eu' });
    expect(await call({ 'mcp-param-cluster': 'us' })).toMatchObject({ status: 400, error: { code: -32020 } });
  });
});

describe('2025', () => {
  it.each(['2025-11-25', '2025-06-18', '2025-03-26'])('agrees on %s', async (protocolVersion) => {
    const { result } = await answerOf(
      post(
        app.url,
        JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'initialize',
          params: { protocolVersion, capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
        }),
      ),
    );
    expect(result).toMatchObject({
      protocolVersion,
      serverInfo: { name: 'argocd-fleet-mcp' },
      capabilities: { tools: {}, resources: {} },
      instructions: expect.any(String),
    });
  });

  it('answers ping, and a batch with one answer per request', async () => {
    expect((await answerOf(postLegacy(app.url, { method: 'ping' }))).result).toEqual({});
    const batch = [
      { jsonrpc: '2.0', id: 1, method: 'ping' },
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      { jsonrpc: '2.0', id: 2, method: 'tools/list' },
    ];
    const messages = await messagesIn(await post(app.url, JSON.stringify(batch)));
    expect(messages.map(({ id }) => id).sort()).toEqual([1, 2]);
  });

  it('accepts notifications without an answer', async () => {
    const note = { jsonrpc: '2.0', method: 'notifications/initialized' };
    const response = await post(app.url, JSON.stringify(note));
    expect(response.status).toBe(202);
    expect(await response.text()).toBe('');
  });

  it('has no sessions: GET and DELETE are not allowed, and say what is', async () => {
    for (const method of ['GET', 'DELETE']) {
      const response = await fetch(app.url, { method, headers: { accept: 'text/event-stream' } });
      expect(response.status).toBe(405);
      expect(response.headers.get('allow')).toBe('POST');
    }
  });

  it('sends no structured content with an error, because its clients hold that against the output schema', async () => {
    const { result } = await answerOf(
      postLegacy(app.url, { method: 'tools/call', params: { name: 'fail_always', arguments: { how: 'known' } } }),
    );
    expect(result?.['isError']).toBe(true);
    expect(result).not.toHaveProperty('structuredContent');
    const [block] = result?.['content'] as { text: string }[];
    expect(JSON.parse(block!.text)).toMatchObject({ code: 'not_found', status: 404 });
  });
});

describe('hostile bodies', () => {
  const modern = { 'mcp-protocol-version': revision, 'mcp-method': 'tools/call', 'mcp-name': 'echo_text' };
  const call = (args: string) =>
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo_text","arguments":${args},"_meta":${JSON.stringify(modernMeta())}}}`;

  it.each([
    ['no JSON', '{"jsonrpc"', -32700],
    ['nothing', '', -32700],
    ['a thousand levels', '['.repeat(1000) + ']'.repeat(1000), -32700],
    ['half a million levels', '['.repeat(500_000) + ']'.repeat(500_000), -32700],
    ['a prototype', call('{"text":"hi","__proto__":{"x":1}}'), -32700],
    ['a number', '7', -32600],
    ['null', 'null', -32600],
    ['an empty batch', '[]', -32600],
    ['a batch of the modern era', `[${call('{"text":"hi"}')}]`, -32600],
    ['a batch of nonsense', '[1,2,3]', -32600],
    ['no method', '{"jsonrpc":"2.0","id":1}', -32600],
    ['another JSON-RPC', '{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600],
    ['an id that is none', '{"jsonrpc":"2.0","id":{},"method":"ping"}', -32600],
  ])('are refused as JSON-RPC: %s', async (_what, body, code) => {
    const answer = await answerOf(post(app.url, body, modern));
    expect(answer).toMatchObject({ status: 400, error: { code } });
  });

  it('brackets in a string are no nesting', async () => {
    const { result } = await answerOf(echo({ text: '["\\'.repeat(200) }));
    expect(result?.['structuredContent']).toEqual({ text: '["\\'.repeat(200) });
  });

  it('larger than a mebibyte are refused', async () => {
    const answer = await answerOf(post(app.url, call(JSON.stringify({ text: 'x'.repeat(1024 * 1024) })), modern));
    expect(answer.status).toBe(413);
    expect(answer.error?.message).toContain('1048576 bytes');
  });

  it('that are not JSON by their own account are refused', async () => {
    const response = await post(app.url, call('{"text":"hi"}'), { ...modern, 'content-type': 'text/plain' });
    expect(response.status).toBe(415);
  });

  it('arguments that are no object are refused', async () => {
    for (const args of ['[]', '"x"', '7']) {
      expect((await answerOf(post(app.url, call(args), modern))).error?.code).toBe(-32602);
    }
  });

  it('a tool named like a property of every object is unknown', async () => {
    for (const name of ['constructor', '__proto__', 'toString']) {
      const answer = await answerOf(postModern(app.url, { method: 'tools/call', params: { name, arguments: {} } }));
      expect(answer.error?.code).toBe(-32602);
    }
  });

  it('leave the server as it was', async () => {
    expect((await answerOf(echo({ text: 'hi' }))).status).toBe(200);
  });
});

describe('long calls', () => {
  const waiting = (send: typeof postModern, params: Record<string, unknown> = {}, signal?: AbortSignal) =>
    send(app.url, {
      method: 'tools/call',
      params: { name: 'wait_for_release', ...params },
      ...(signal ? { signal } : {}),
    });

  it.each([
    ['modern', postModern],
    ['legacy', postLegacy],
  ])('report progress to a %s client that asked for it, before the answer', async (_era, send) => {
    const response = waiting(send, { arguments: { steps: 3 }, _meta: { progressToken: 'p-1' } });
    await eventually(() => app.probe.isWaiting);
    app.probe.finish();
    const messages = await messagesIn(await response);
    expect(
      messages.slice(0, -1).map(({ method, params }) => [method, params?.['progressToken'], params?.['progress']]),
    ).toEqual([1, 2, 3].map((step) => ['notifications/progress', 'p-1', step]));
    expect(messages.at(-1)?.result?.['structuredContent']).toEqual({ done: true });
  });

  it('report nothing to a client that did not ask', async () => {
    const response = waiting(postModern, { arguments: { steps: 3 } });
    await eventually(() => app.probe.isWaiting);
    app.probe.finish();
    expect(await messagesIn(await response)).toHaveLength(1);
  });

  it.each([
    ['modern', postModern, {}],
    ['modern, with progress', postModern, { arguments: { steps: 1 }, _meta: { progressToken: 1 } }],
    ['legacy', postLegacy, {}],
  ])('are aborted when the client closes the response (%s)', async (_era, send, params) => {
    const before = app.probe.aborted;
    const client = new AbortController();
    const response = waiting(send, params, client.signal).then((answer) => answer.text());
    response.catch(() => undefined);
    await eventually(() => app.probe.isWaiting);
    client.abort();
    await expect(response).rejects.toThrow();
    await eventually(() => app.probe.aborted === before + 1);
  });

  it('do not hold up others', async () => {
    const response = waiting(postModern);
    await eventually(() => app.probe.isWaiting);
    expect((await answerOf(echo({ text: 'meanwhile' }))).status).toBe(200);
    app.probe.finish();
    expect((await answerOf(response)).status).toBe(200);
  });
});

describe('with API keys', () => {
  let locked: McpApp;
  const viewer = { authorization: 'Bearer viewer-key' };
  beforeAll(async () => {
    locked = await startMcpApp({
      apiKeys: [
        keyConfig('admin-key', { name: 'boss' }),
        keyConfig('viewer-key', { name: 'eve', role: 'viewer', tools: ['echo_*', 'change_*'] }),
      ],
    });
  });
  afterAll(() => locked.close());

  it.each([undefined, 'Bearer wrong', 'Basic YTpi', 'Bearer '])(
    'nobody is served who sends %j',
    async (authorization) => {
      const response = await postModern(locked.url, { method: 'tools/list', headers: { authorization } });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
      expect(response.headers.get('content-type')).toContain('application/problem+json');
      expect(await response.json()).toMatchObject({ code: 'unauthenticated', status: 401 });
    },
  );

  it('a body is not read before the key', async () => {
    const response = await post(locked.url, 'not json', {});
    expect(response.status).toBe(401);
  });

  it('each caller sees its own tools and calls as itself', async () => {
    const list = async (headers: Record<string, string>) =>
      (
        (await answerOf(postModern(locked.url, { method: 'tools/list', headers }))).result?.['tools'] as {
          name: string;
        }[]
      ).map(({ name }) => name);
    expect(await list(viewer)).toEqual(['echo_text']);
    expect(await list({ authorization: 'Bearer admin-key' })).toHaveLength(4);
    await answerOf(
      postModern(locked.url, {
        method: 'tools/call',
        params: { name: 'echo_text', arguments: { text: 'x' } },
        headers: viewer,
      }),
    );
    expect(locked.probe.calls.at(-1)?.caller).toBe('eve');
  });

  it('a tool that the caller may not call is refused in the words of the gate, in both eras', async () => {
    for (const send of [postModern, postLegacy]) {
      const { result } = await answerOf(
        send(locked.url, { method: 'tools/call', params: { name: 'change_thing', arguments: {} }, headers: viewer }),
      );
      expect(result?.['isError']).toBe(true);
      expect(JSON.stringify(result)).toContain('forbidden');
    }
    expect(locked.probe.calls.map(({ tool }) => tool)).not.toContain('change_thing');
  });
});

describe('shutdown', () => {
  it('lets calls under way end, then closes', async () => {
    const closing = await startMcpApp();
    const call = (send: typeof postModern) =>
      answerOf(send(closing.url, { method: 'tools/call', params: { name: 'wait_for_release' } }));
    const response = call(postModern);
    await eventually(() => closing.probe.isWaiting);
    const closed = closing.close();
    closing.probe.finish();
    expect((await response).result?.['structuredContent']).toEqual({ done: true });
    await closed;
    await expect(call(postModern)).rejects.toThrow();
  });
});
