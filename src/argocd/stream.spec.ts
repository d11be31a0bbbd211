import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AppError } from '../errors/app-error.js';
import { rejection, ScriptedCredentials, testClient } from '../../test/support/argocd-client.js';
import { eventually } from '../../test/support/eventually.js';
import { recordedFrames, recording } from '../../test/support/recordings.js';
import { json, replay, replayStream, ScriptedServer, type Script } from '../../test/support/scripted-server.js';
import type { WatchSignal } from './argocd-api.js';
import type { ArgoCdClient } from './client.js';
import { listFields, watchFields } from './fields.js';

/** Writes these chunks, each in a write of its own, and then ends, breaks off or stays open. */
const chunks =
  (all: (string | Buffer)[], end: 'open' | 'clean' | 'reset' = 'clean'): Script =>
  (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const parts = [...all];
    const next = (): void => {
      const part = parts.shift();
      if (part !== undefined) response.write(part, () => setTimeout(next, 1));
      else if (end === 'clean') response.end();
      else if (end === 'reset') response.destroy();
    };
    next();
  };

const frame = (name: string, type = 'MODIFIED'): string =>
  `data: ${JSON.stringify({ result: { type, application: { metadata: { name } } } })} \n\n\n`;

describe('the stream', () => {
  let server: ScriptedServer;
  let client: ArgoCdClient;

  beforeEach(async () => {
    server = await ScriptedServer.start(() => undefined);
    client = testClient(server.url);
  });
  afterEach(async () => {
    await client.close();
    await server.stop();
  });

  /** Reads to the end or the failure. */
  async function read(
    options: Parameters<ArgoCdClient['watch']>[0] = {},
  ): Promise<{ signals: WatchSignal[]; error?: AppError }> {
    const signals: WatchSignal[] = [];
    try {
      for await (const signal of client.watch(options)) signals.push(signal);
    } catch (error) {
      expect(error).toBeInstanceOf(AppError);
      return { signals, error: error as AppError };
    }
    return { signals };
  }

  const namesOf = (signals: WatchSignal[]): unknown[] =>
    signals.map((signal) => (signal.kind === 'event' ? signal.application.metadata?.name : signal.kind));

  it.each([
    ['v2.14', 'stream-sse-sync-lifecycle'],
    ['v3.1', 'stream-sse-sync-lifecycle'],
    ['v3.6', 'stream-sse-sync-lifecycle'],
    ['v3.6', 'stream-sse-create-patch-delete'],
    ['v3.6', 'stream-sse-sync-waves'],
  ] as const)('gives every event of %s/%s in order', async (version, name) => {
    const recorded = recording(version, name);
    server.use(replayStream(recorded, 'clean'));
    const { signals, error } = await read();
    expect(error).toBeUndefined();
    expect(signals[0]).toEqual({ kind: 'open', date: expect.any(Date) });
    const events = signals.filter((signal) => signal.kind === 'event');
    expect(events.map(({ type, application }) => ({ result: { type, application } }))).toEqual(
      recordedFrames(recorded),
    );
    expect(events.length).toBeGreaterThan(5);
  });

  it('[lesson 8] does not care how frames and reads are cut, down to single bytes', async () => {
    const text = Buffer.from(`${frame('ä€😀')}:\n${frame('b')}`);
    for (const size of [1, 2, 3, 7, text.length]) {
      const parts: Buffer[] = [];
      for (let at = 0; at < text.length; at += size) parts.push(text.subarray(at, at + size));
      server.use(chunks(parts));
      expect(namesOf((await read()).signals)).toEqual(['open', 'ä€😀', 'keepalive', 'b']);
    }
  });

  it('asks as Argo CD wants it, with the type of the event whatever fields are asked for', async () => {
    server.use(chunks([frame('a')]));
    await read({ name: 'a', namespace: 'team-a', fields: ['result.application.metadata.name'] });
    await read({ namespace: 'team-a' });
    expect(server.requests[0]?.url).toBe(
      '/api/v1/stream/applications?name=a&appNamespace=team-a&fields=result.type%2Cresult.application.metadata.name',
    );
    expect(server.requests[0]?.headers.accept).toBe('text/event-stream');
    expect(server.requests[0]?.headers['accept-encoding']).toBeUndefined();
    expect(server.requests[1]?.url).toBe('/api/v1/stream/applications');
  });

  it('[lesson 6] tells a clean end from a reset', async () => {
    server.use(chunks([frame('a')], 'clean'));
    expect((await read()).error).toBeUndefined();
    server.use(replayStream(recording('v3.6', 'stream-sse-server-shutdown'), 'reset'));
    const { signals, error } = await read();
    expect(error).toMatchObject({ code: 'cluster_unreachable', details: { reason: 'connection_lost' } });
    expect(signals.filter(({ kind }) => kind === 'event')).toHaveLength(4);
  });

  it.each([
    ['half a frame before a clean end', ['data: {"result":{"type":"ADD'], 'garbage'],
    ['a frame that is not JSON', ['data: nonsense\n\n', frame('b')], 'garbage'],
    ['lines that are no events', ['<html><body>\n', frame('b')], 'garbage'],
    ['a frame without a type', ['data: {"result":{"application":{}}}\n\n', frame('b')], 'garbage'],
    ['an error that fields filtered away', ['data: {}\n\n', frame('b')], 'stream_error'],
    [
      'an error frame',
      ['data: {"error":{"grpc_code":16,"http_code":401,"message":"invalid session: expired"}}\n\n'],
      'credentials',
    ],
  ])('throws at %s, and gives nothing that comes after', async (_what, parts, reason) => {
    server.use(chunks([frame('a'), ...parts]));
    const { signals, error } = await read();
    expect(namesOf(signals)).toEqual(['open', 'a']);
    expect(error?.details['reason']).toBe(reason);
  });

  it('an application that cannot be read is told as such, with its name where it has one, and the rest goes on', async () => {
    const bad = (application: string) => `data: {"result":{"type":"MODIFIED","application":${application}}}\n\n`;
    const named = bad('{"metadata":{"name":"x","namespace":"argocd"},"status":{"health":{"status":5}}}');
    server.use(chunks([frame('a'), bad('{"metadata":7}'), bad('null'), bad('[]'), named, frame('b')]));
    const { signals } = await read();
    expect(signals.slice(1)).toMatchObject([
      { kind: 'event' },
      ...Array<object>(3).fill({ kind: 'unreadable' }),
      { kind: 'unreadable', name: 'x', namespace: 'argocd' },
      { kind: 'event' },
    ]);
  });

  it('bounds a frame, so that one without an end does not fill the memory', async () => {
    await client.close();
    client = testClient(server.url, { limits: { responseBytesMax: 50_000 } });
    server.use((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const more = (): void => void (response.writable && response.write(`data: ${'x'.repeat(10_000)}\n`, more));
      more();
    });
    expect((await read()).error?.details['reason']).toBe('too_large');
    await eventually(() => server.openSockets === 0);
  });

  it('takes a silent stream for dead, and a keep-alive for life', async () => {
    await client.close();
    client = testClient(server.url, { limits: { streamIdleMs: 300 } });
    server.use((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(frame('a'));
      let left = 6;
      const timer = setInterval(() => (left-- > 0 ? response.write(':\n') : clearInterval(timer)), 100);
    });
    const { signals, error } = await read();
    expect(error).toMatchObject({ code: 'cluster_timeout', details: { reason: 'stream_idle' } });
    expect(namesOf(signals)).toEqual(['open', 'a', ...Array<string>(6).fill('keepalive')]);
    await eventually(() => server.openSockets === 0);
  });

  it('gives up a header that does not come, and says that this is what was missing', async () => {
    const { signals, error } = await read({ headerTimeoutMs: 200 });
    expect(signals).toEqual([]);
    expect(error).toMatchObject({ code: 'cluster_timeout', details: { noHeader: true, reason: 'no_header' } });
    await eventually(() => server.openSockets === 0);
  });

  it.each([
    ['stream-anonymous', 'cluster_refused', 'credentials'],
    ['stream-no-token', 'cluster_refused', 'credentials'],
    ['stream-token-expired', 'cluster_refused', 'credentials'],
    ['stream-error-with-fields', 'cluster_unreachable', 'server_error'],
    ['unknown-path', 'cluster_unreachable', 'not_argocd'],
  ])('understands a refusal before the first frame: %s', async (name, code, reason) => {
    const recorded = recording('v3.6', name);
    const text = recorded.response.chunks?.map((chunk) => chunk.text).join('');
    server.use(replay(text === undefined ? recorded : { ...recorded, response: { ...recorded.response, text } }));
    expect((await read()).error).toMatchObject({ code, details: { reason } });
  });

  it('renews the token once after a 401', async () => {
    await client.close();
    client = testClient(server.url, { credentials: new ScriptedCredentials(['old', 'new']) });
    server.use((request, response) =>
      request.headers.authorization === 'Bearer new'
        ? chunks([frame('a')])(request, response)
        : json(response, {}, 401),
    );
    expect(namesOf((await read()).signals)).toEqual(['open', 'a']);
  });

  it('is not fooled by a page or by JSON in place of events', async () => {
    server.use((_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'));
    expect((await read()).error?.details['reason']).toBe('not_argocd');
    server.use((_request, response) => json(response, { result: {} }));
    expect((await read()).error?.details['reason']).toBe('not_argocd');
  });

  it('closes its connection at once when the caller aborts or leaves, and only its own', async () => {
    server.use(chunks([frame('a')], 'open'));
    const abort = new AbortController();
    const other = client.watch({})[Symbol.asyncIterator]();
    await other.next();
    const reading = rejection(
      (async () => {
        for await (const signal of client.watch({ signal: abort.signal })) {
          if (signal.kind === 'event') abort.abort(new Error('enough'));
        }
      })(),
    );
    expect(await reading).toEqual(new Error('enough'));
    await eventually(() => server.openSockets === 1);
    for await (const signal of client.watch({})) if (signal.kind === 'event') break;
    await eventually(() => server.openSockets === 1);
    expect((await other.next()).value).toMatchObject({ kind: 'event' });
    await client.close();
    await eventually(() => server.openSockets === 0);
    await expect(other.next()).rejects.toMatchObject({ code: 'cluster_unreachable' });
  });

  it('does not take room from requests, however many streams are open', async () => {
    await client.close();
    client = testClient(server.url, { limits: { concurrentRequests: 1 } });
    server.use((request, response) =>
      request.url.includes('/stream/')
        ? chunks([frame('a')], 'open')(request, response)
        : json(response, { Version: 'v1' }),
    );
    const streams = Array.from({ length: 10 }, () => client.watch({})[Symbol.asyncIterator]());
    await Promise.all(streams.map((stream) => stream.next()));
    expect((await client.version()).Version).toBe('v1');
  });
});

describe('the fields asked for', () => {
  it('are those that every version gives', () => {
    expect(watchFields).toContain('result.type');
    expect(watchFields.filter((field) => !/^result\.(type$|application\.)/.test(field))).toEqual([]);
    expect(watchFields.join()).not.toContain('reconciledAt');
    expect(listFields.filter((field) => !field.startsWith('items.'))).toEqual([]);
    expect(listFields.filter((field) => field.startsWith('items.spec'))).toEqual(['items.spec']);
  });
});
