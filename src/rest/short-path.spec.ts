import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { z } from 'zod';
import { AnswerCache } from '../tools/answer-cache.js';
import { ToolRunner } from '../tools/tool-runner.js';
import { defineTool } from '../tools/tool.js';
import { createLogger } from '../telemetry/logger.js';
import { everything } from '../fleet/scope.js';
import { RequestDrain } from './request-drain.js';
import { ShortPath } from './short-path.js';

const caller = { name: 'local', role: 'admin' as const, scope: everything, tool: () => true };

/** A short path in front of a long way that counts who comes along. */
async function open() {
  const state = {
    version: 1,
    runs: 0,
    longWay: 0,
    vary: 'Authorization',
    hosts: new Set<string>(),
    lines: [] as string[],
  };
  const tool = defineTool({
    name: 'count_things',
    title: 'Count',
    description: 'Counts its runs.',
    effect: 'read',
    idempotent: true,
    route: 'GET /things',
    toolset: 'applications',
    input: z.strictObject({}),
    output: z.object({ runs: z.int().describe('Runs') }),
    cachedForMs: () => Infinity,
    run: async () => ({ runs: ++state.runs }),
  });
  const index = {
    get version() {
      return state.version;
    },
    validUntilMs: () => Infinity,
  };
  const runner = new ToolRunner({
    tools: [tool],
    contextFor: () => ({}) as never,
    readOnly: false,
    answers: new AnswerCache(index),
    log: createLogger('info', { write: (line: string) => void state.lines.push(line) }),
    metrics: { toolCalled: () => undefined },
  });
  const drain = new RequestDrain();
  const shortPath = new ShortPath({
    door: {
      knows: (host) => state.hosts.has(host ?? ''),
      get vary() {
        return state.vary;
      },
    },
    drain,
    authenticator: { authenticate: () => caller },
    runner,
  });
  const server: Server = createServer((incoming, response) => {
    state.longWay++;
    void runner.run(tool, { caller, input: {}, transport: 'rest' }).then((result) => {
      if (result.ok) shortPath.learn(incoming.url ?? '', tool, {});
      response.end(result.ok ? result.json : '');
    });
  });
  shortPath.mount(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  state.hosts.add(host);
  const ask = async (headers: Record<string, string> = {}) => {
    const answer = await request(`http://${host}/things`, { headers });
    return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
  };
  return { state, ask, drain, server };
}

describe('the short path', () => {
  let server: Server | undefined;
  afterEach(() => void server?.close());

  it('is taken by the second of two equal requests, with one log line each', async () => {
    const it = await open();
    server = it.server;
    await it.ask();
    const { body, headers } = await it.ask();
    expect(body).toBe('{"runs":1}');
    expect(headers['etag']).toMatch(/^W\/"/);
    expect(it.state.longWay).toBe(1);
    expect(it.state.lines.filter((line) => line.includes('tool call'))).toHaveLength(2);
  });

  it('gives each answer an id of its own, and the headers of the configuration in force', async () => {
    const it = await open();
    server = it.server;
    await it.ask();
    const answers = await Promise.all(Array.from({ length: 20 }, () => it.ask()));
    expect(new Set(answers.map(({ headers }) => headers['x-request-id'])).size).toBe(20);
    expect(new Set(answers.map(({ headers }) => headers['vary']))).toEqual(new Set(['Authorization']));
    it.state.vary = 'Origin, Authorization';
    expect((await it.ask()).headers['vary']).toBe('Origin, Authorization');
    expect(it.state.longWay).toBe(1);
  });

  it('is left as soon as anything in the index has changed', async () => {
    const it = await open();
    server = it.server;
    await it.ask();
    it.state.version++;
    expect((await it.ask()).body).toBe('{"runs":2}');
    expect(it.state.longWay).toBe(2);
  });

  it.each([
    ['an Origin', { origin: 'http://127.0.0.1' }],
    ['a Host that has not passed the door', { host: 'evil.example.com' }],
  ])('is not for a request with %s', async (_what, headers) => {
    const it = await open();
    server = it.server;
    await it.ask();
    await it.ask(headers as Record<string, string>);
    expect(it.state.longWay).toBe(2);
  });
});
