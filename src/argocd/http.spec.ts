import { gzipSync } from 'node:zlib';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AppError } from '../errors/app-error.js';
import { listAll, rejection, ScriptedCredentials, testClient } from '../../test/support/argocd-client.js';
import { eventually } from '../../test/support/eventually.js';
import { recording, recordedBody } from '../../test/support/recordings.js';
import { json, ScriptedServer } from '../../test/support/scripted-server.js';
import type { ArgoCdClient } from './client.js';

const ref = { name: 'guestbook', namespace: 'argocd', project: 'default' };

describe('a request to Argo CD', () => {
  let server: ScriptedServer;
  let client: ArgoCdClient;

  beforeEach(async () => {
    server = await ScriptedServer.start((_request, response) => json(response, {}, 500));
    client = testClient(server.url);
  });
  afterEach(async () => {
    await client.close();
    await server.stop();
  });

  const errorOf = async (promise: Promise<unknown>): Promise<AppError> => {
    const error = await rejection(promise);
    expect(error).toBeInstanceOf(AppError);
    return error as AppError;
  };

  it('unpacks gzip', async () => {
    const packed = gzipSync(recordedBody(recording('v3.6', 'list')));
    server.use((_request, response) =>
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(packed),
    );
    expect((await listAll(client)).length).toBeGreaterThan(0);
    server.use((_request, response) =>
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
        .end(packed.subarray(0, packed.length / 2)),
    );
    expect((await errorOf(listAll(client))).details['reason']).toBe('garbage');
  });

  it('stops reading an answer that is too large, also one that only unpacks to it', async () => {
    await client.close();
    client = testClient(server.url, { limits: { responseBytesMax: 100_000, timeoutMs: 10_000 } });
    const bomb = gzipSync(`{"items":[${' '.repeat(50_000_000)}`);
    server.use((_request, response) =>
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(bomb),
    );
    expect((await errorOf(listAll(client))).details['reason']).toBe('too_large');
    let isGivenUp = false;
    server.use((_request, response) => {
      response.on('close', () => (isGivenUp = true));
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"items":[');
      const more = (): void => void (response.writable && response.write(' '.repeat(64_000), more));
      more();
    });
    expect((await errorOf(listAll(client))).details['reason']).toBe('too_large');
    expect((await errorOf(client.sync(ref, {}))).details).toMatchObject({ reason: 'too_large', maybeAccepted: true });
    await eventually(() => isGivenUp);
  });

  it('holds the deadline against a hang, and against a body that drips for ever', async () => {
    await client.close();
    client = testClient(server.url, { limits: { timeoutMs: 300 } });
    server.use(() => undefined);
    const startedAt = performance.now();
    expect((await errorOf(client.get(ref))).code).toBe('cluster_timeout');
    let isGivenUp = false;
    server.use((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const drip = setInterval(() => response.write(' '), 20);
      response.on('close', () => {
        isGivenUp = true;
        clearInterval(drip);
      });
    });
    expect((await errorOf(client.get(ref))).code).toBe('cluster_timeout');
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect((await errorOf(client.sync(ref, {}))).details).toMatchObject({ reason: 'timeout', maybeAccepted: true });
    await eventually(() => isGivenUp);
  });

  it('says connection lost when the answer breaks off, and that a change may have been accepted', async () => {
    server.use((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('{"metadata"', () => response.destroy());
    });
    expect((await errorOf(client.get(ref))).details['reason']).toBe('connection_lost');
    expect((await errorOf(client.sync(ref, {}))).details).toMatchObject({
      reason: 'connection_lost',
      maybeAccepted: true,
    });
    server.use((_request, response) => response.destroy());
    expect((await errorOf(client.sync(ref, {}))).details['maybeAccepted']).toBe(true);
  });

  it('knows that a change was never sent when no connection came about', async () => {
    const gone = await ScriptedServer.start(() => undefined);
    const refused = testClient(gone.url);
    await gone.stop();
    for (const call of [refused.sync(ref, {}), refused.terminate(ref)]) {
      const error = await errorOf(call);
      expect(error.details).toEqual({ reason: 'connection_refused', transport: 'ECONNREFUSED' });
    }
    await refused.close();
    // Accepts connections and never says a word: TLS does not come about.
    let mutes = 0;
    const mute: Server = createServer((socket) => {
      mutes++;
      socket
        .resume()
        .on('error', () => undefined)
        .on('close', () => mutes--);
    });
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${(mute.address() as AddressInfo).port}`;
    const stuck = testClient(url, { limits: { timeoutMs: 300, connectTimeoutMs: 5_000 } });
    const error = await errorOf(stuck.sync(ref, {}));
    expect(error.code).toBe('cluster_timeout');
    expect(error.details).not.toHaveProperty('maybeAccepted');
    await stuck.close();
    await eventually(() => mutes === 0, { timeoutMs: 2_000 });
    await new Promise((resolve) => mute.close(resolve));
  });

  it('shows neither token nor address, not even when the cluster echoes them', async () => {
    const token = `eyJhbGciOiJIUzI1NiJ9.${'a'.repeat(40)}.${'b'.repeat(40)}`;
    await client.close();
    client = testClient(server.url, { credentials: new ScriptedCredentials(['plain-token-1234', 'plain-token-1234']) });
    server.use((request, response) => {
      const message = `${request.headers.authorization} ${token} at ${server.url}/api \u001b[31mred\u001b[0m \u202eevil ${'x'.repeat(9_000)}`;
      json(response, { error: message, code: 2, message }, 500);
    });
    const error = await errorOf(client.get(ref));
    const shown = JSON.stringify([error.message, error.details, error.cause]);
    for (const secret of ['plain-token-1234', token, server.url, '\\u001b', '\u202e'])
      expect(shown).not.toContain(secret);
    expect(String(error.details['upstreamMessage']).length).toBeLessThanOrEqual(500);
    expect(shown).toContain('red evil');
  });

  it('shows neither configured headers nor a token in base64 when the cluster echoes them', async () => {
    const token = 'plain-token-1234';
    await client.close();
    client = testClient(server.url, {
      credentials: new ScriptedCredentials([token, token]),
      headers: { 'x-gateway-key': 'gateway-secret-55' },
    });
    server.use((request, response) => {
      const encoded = Buffer.from(String(request.headers.authorization)).toString('base64');
      const message = `said ${request.headers['x-gateway-key']} and ${encoded}`;
      json(response, { error: message, code: 2, message }, 500);
    });
    const shown = JSON.stringify((await errorOf(client.get(ref))).details);
    expect(shown).toContain('said');
    expect(shown).not.toContain('gateway-secret-55');
    expect(shown).not.toContain(Buffer.from(`Bearer ${token}`).toString('base64').replace(/=+$/, ''));
  });

  it("lets go at the caller's signal, with the caller's reason", async () => {
    const abort = new AbortController();
    server.use(() => abort.abort(new Error('enough')));
    expect(await rejection(client.get(ref, { signal: abort.signal }))).toEqual(new Error('enough'));
    expect(await rejection(client.get(ref, { signal: abort.signal }))).toEqual(new Error('enough'));
    expect(server.requests).toHaveLength(1);
  });

  it('uses connections again for reads, never for changes, and leaves none after close', async () => {
    server.use((_request, response) => json(response, { value: 'yes', Version: 'v1' }));
    for (let i = 0; i < 5; i++) await client.version();
    const kept = server.openSockets;
    expect(kept).toBeLessThan(3);
    for (let i = 0; i < 3; i++) await client.terminate(ref);
    await eventually(() => server.openSockets === kept);
    server.use(() => undefined);
    const pending = errorOf(client.sync(ref, {}));
    await eventually(() => server.requests.at(-1)?.method === 'POST');
    await client.close();
    expect((await pending).details).toMatchObject({ reason: 'client_closed', maybeAccepted: true });
    await eventually(() => server.openSockets === 0);
    expect((await errorOf(client.version())).details['reason']).toBe('client_closed');
  });
});
