import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { keyConfig, startMcpApp, type McpApp } from '../support/mcp-app.js';
import { bridgeOnPipes, pipes, serveOnPipes, type Pipes } from '../support/mcp-clients.js';
import { modernMeta, type RpcMessage } from '../support/mcp-requests.js';

let app: McpApp;
beforeAll(async () => {
  app = await startMcpApp();
});
afterAll(() => app.close());

/** Everything that was written to stdout, which must be messages and nothing else. */
function collect(stream: PassThrough): RpcMessage[] {
  const messages: RpcMessage[] = [];
  let rest = '';
  stream.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) messages.push(JSON.parse(line) as RpcMessage);
  });
  return messages;
}

const line = (message: Record<string, unknown>): string => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`;
const modernCall = (id: number, name: string, args: Record<string, unknown>) =>
  line({ id, method: 'tools/call', params: { name, arguments: args, _meta: modernMeta() } });
const initialize = line({
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
});

describe.each([
  ['the server', (both: Pipes) => serveOnPipes(app, both)],
  ['the bridge', (both: Pipes) => bridgeOnPipes(app, both)],
])('%s on stdio', (_who, open) => {
  it('answers what was asked before stdin ended, then ends', async () => {
    const both = pipes();
    const messages = collect(both.toClient);
    const connection = open(both);
    both.toServer.end(modernCall(1, 'echo_text', { text: 'a' }) + modernCall(2, 'echo_text', { text: 'b' }));
    await connection.closed;
    expect(messages.map(({ id }) => id).sort()).toEqual([1, 2]);
  });

  it('ends at once when it is told to, and aborts what is under way', async () => {
    const both = pipes();
    const before = app.probe.aborted;
    const connection = open(both);
    both.toServer.write(modernCall(1, 'wait_for_release', {}));
    await eventually(() => app.probe.isWaiting);
    await connection.close();
    await connection.closed;
    await eventually(() => app.probe.aborted === before + 1);
  });

  it('survives lines that are no messages and writes nothing but messages', async () => {
    const both = pipes();
    const messages = collect(both.toClient);
    const connection = open(both);
    both.toServer.write('not json\n{"jsonrpc":"2.0"}\n[]\n\n7\n');
    both.toServer.end(modernCall(9, 'echo_text', { text: 'still here' }));
    await connection.closed;
    expect(messages.map(({ id }) => id)).toEqual([9]);
  });

  it('reads a message that comes in pieces', async () => {
    const both = pipes();
    const messages = collect(both.toClient);
    const connection = open(both);
    const bytes = Buffer.from(modernCall(1, 'echo_text', { text: 'grüße 🚢' }));
    for (const byte of bytes) both.toServer.write(Buffer.from([byte]));
    both.toServer.end();
    await connection.closed;
    expect(messages[0]?.result?.['structuredContent']).toEqual({ text: 'grüße 🚢' });
  });
});

describe('the bridge', () => {
  /** A stand-in for a server that does what the test says. */
  async function scripted(answer: (request: IncomingMessage, response: ServerResponse) => void) {
    const server: Server = createServer(answer);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const close = (): Promise<void> =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      });
    return { url: new URL(`http://127.0.0.1:${port}/mcp`), close };
  }

  async function ask(url: URL, text: string, key?: () => string | undefined): Promise<RpcMessage[]> {
    const both = pipes();
    const messages = collect(both.toClient);
    const connection = bridgeOnPipes({ url, log: app.log }, both, key);
    both.toServer.end(text);
    await connection.closed;
    return messages;
  }

  it('answers for a server that is away, and works again when it is back', async () => {
    const first = await startMcpApp();
    const { url } = first;
    const both = pipes();
    const messages = collect(both.toClient);
    const connection = bridgeOnPipes(first, both);
    await first.close();
    both.toServer.write(modernCall(1, 'echo_text', { text: 'x' }));
    await eventually(() => messages.length === 1);
    expect(messages[0]).toMatchObject({ id: 1, error: { code: -32000 } });
    expect(messages[0]?.error?.message).toContain('ECONNREFUSED');
    expect(messages[0]?.error?.message).toContain('Nothing was started');
    const second = await startMcpApp({ port: Number(url.port) });
    both.toServer.write(modernCall(2, 'echo_text', { text: 'x' }));
    await eventually(() => messages.length === 2);
    expect(messages[1]?.result?.['structuredContent']).toEqual({ text: 'x' });
    await connection.close();
    await second.close();
  });

  it('sends the key, and reads it again when the server refuses it', async () => {
    const locked = await startMcpApp({ apiKeys: [keyConfig('new-key')] });
    const keys = ['old-key', 'new-key'];
    let reads = 0;
    const call = modernCall(1, 'echo_text', { text: 'x' });
    const renewed = await ask(locked.url, call, () => `${keys[Math.min(reads++, 1)]}\n`);
    expect(renewed[0]?.result?.['structuredContent']).toEqual({ text: 'x' });
    expect(reads).toBe(2);
    const refused = await ask(locked.url, call, () => 'wrong-key');
    expect(refused[0]?.error).toMatchObject({ code: -32000 });
    expect(refused[0]?.error?.message).toContain('401');
    expect(app.log.join('') + JSON.stringify([renewed, refused])).not.toMatch(/old-key|new-key|wrong-key/);
    await locked.close();
  });

  it('says so when the key cannot be read, and tries again with the next message', async () => {
    let reads = 0;
    const key = (): string => {
      if (++reads === 1) throw new Error('ENOENT /run/secrets/key');
      return 'any';
    };
    const both = pipes();
    const messages = collect(both.toClient);
    const connection = bridgeOnPipes(app, both, key);
    both.toServer.write(modernCall(1, 'echo_text', { text: 'x' }));
    await eventually(() => messages.length === 1);
    expect(messages[0]?.error?.message).toContain('API key');
    both.toServer.end(modernCall(2, 'echo_text', { text: 'x' }));
    await connection.closed;
    expect(messages[1]?.result?.['structuredContent']).toEqual({ text: 'x' });
  });

  it("passes the server's own protocol errors on under the client's id", async () => {
    const unknown = line({ id: 'a', method: 'tools/explode', params: { _meta: modernMeta() } });
    expect(await ask(app.url, unknown)).toEqual([
      { jsonrpc: '2.0', id: 'a', error: expect.objectContaining({ code: -32601 }) },
    ]);
    const future = line({
      id: 'b',
      method: 'tools/list',
      params: { _meta: modernMeta({ 'io.modelcontextprotocol/protocolVersion': '2031-01-01' }) },
    });
    expect(await ask(app.url, future)).toEqual([
      { jsonrpc: '2.0', id: 'b', error: expect.objectContaining({ code: -32022 }) },
    ]);
  });

  it.each([
    [
      'an answer that breaks off',
      (response: ServerResponse) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('data: {"jsonrpc":"2.0","id":1,"resu');
        setImmediate(() => response.destroy());
      },
      'ended before the answer',
    ],
    [
      'a stream without the answer',
      (response: ServerResponse) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).end(': nothing\n\n');
      },
      'ended before the answer',
    ],
    [
      'a page of a proxy',
      (response: ServerResponse) => {
        response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>');
      },
      'HTTP status 502',
    ],
    [
      'a page instead of an answer',
      (response: ServerResponse) => {
        response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Welcome</h1>');
      },
      'ended before the answer',
    ],
    [
      'a redirect, and does not follow it with the key',
      (response: ServerResponse) => {
        response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end();
      },
      'cannot be reached',
    ],
    ['a closed connection', (response: ServerResponse) => void response.destroy(), 'not known whether'],
  ])('answers the client in words for %s', async (_what, respond, words) => {
    const server = await scripted((request, response) => {
      request.resume().on('end', () => respond(response));
    });
    const [message] = await ask(server.url, modernCall(1, 'echo_text', { text: 'x' }));
    expect(message).toMatchObject({ id: 1, error: { code: -32000 } });
    expect(message?.error?.message).toContain(words);
    await server.close();
  });

  it('keeps the session and the revision of the legacy handshake', async () => {
    const seen: (string | undefined)[][] = [];
    const server = await scripted((request, response) => {
      const { 'mcp-session-id': session, 'mcp-protocol-version': version } = request.headers;
      seen.push([session as string | undefined, version as string | undefined]);
      request.setEncoding('utf8').on('data', (text: string) => {
        const { id } = JSON.parse(text) as { id: number };
        response.setHeader('content-type', 'application/json');
        if (id === 0) response.setHeader('mcp-session-id', 's-1');
        response.end(JSON.stringify({ jsonrpc: '2.0', id, result: id === 0 ? { protocolVersion: '2025-11-25' } : {} }));
      });
    });
    const both = pipes();
    const messages = collect(both.toClient);
    bridgeOnPipes({ url: server.url, log: app.log }, both);
    both.toServer.write(initialize);
    await eventually(() => messages.length === 1);
    both.toServer.end(line({ id: 1, method: 'ping' }));
    await eventually(() => messages.length === 2);
    expect(seen).toEqual([
      [undefined, undefined],
      ['s-1', '2025-11-25'],
    ]);
    await server.close();
  });

  it('adds the path of the endpoint to an address without one', async () => {
    const [message] = await ask(new URL(app.url.origin), modernCall(1, 'echo_text', { text: 'x' }));
    expect(message?.result?.['structuredContent']).toEqual({ text: 'x' });
  });
});
