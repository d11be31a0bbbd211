import { gzipSync } from 'node:zlib';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AppError } from '../errors/app-error.js';
import { rejection, ScriptedCredentials, testClient } from '../../test/support/argocd-client.js';
import { eventually } from '../../test/support/eventually.js';
import { recording, recordedBody } from '../../test/support/recordings.js';
import { json, replay, ScriptedServer } from '../../test/support/scripted-server.js';
import type { ArgoCdClient } from './client.js';
import { application } from './schemas.js';

const ref = { name: 'guestbook', namespace: 'argocd', project: 'default' };

describe('the client', () => {
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

  it.each(['v2.14', 'v3.1', 'v3.6'] as const)('reads what Argo CD %s answers', async (version) => {
    server.use(replay(recording(version, 'version')));
    expect((await client.version()).Version).toMatch(/^v/);
    server.use(replay(recording(version, 'settings')));
    expect((await client.settings()).url).toBe('https://argocd.example.com');
    server.use(replay(recording(version, 'userinfo')));
    expect(await client.userInfo()).toMatchObject({ loggedIn: true, username: 'bot' });
    server.use(replay(recording(version, 'can-i-yes')));
    expect(await client.canI('applications', 'sync', 'default/settings')).toBe(true);
    server.use(replay(recording(version, 'list')));
    expect((await client.list()).items?.length).toBeGreaterThan(0);
    server.use(replay(recording(version, 'list-empty')));
    expect((await client.list()).items).toBeNull();
    const accepted = recording(version, 'sync-accepted');
    const { metadata } = application.parse(accepted.response.body);
    const same = { name: metadata?.name ?? '', namespace: metadata?.namespace ?? '', project: 'default' };
    server.use(replay(accepted));
    expect((await client.get(same)).metadata?.uid).toBe(metadata?.uid);
    expect((await client.sync(same, {})).operation).toBeDefined();
    server.use(replay(recording(version, 'terminate-accepted')));
    await expect(client.terminate(ref)).resolves.toBeUndefined();
  });

  it('keeps the path prefix and encodes every segment, but not the slashes of an RBAC object', async () => {
    await client.close();
    client = testClient(`${server.url}/argo/cd/`);
    server.use((_request, response) => json(response, { value: 'no' }));
    expect(await client.canI('applications', 'get', 'team a/*')).toBe(false);
    await rejection(client.get({ name: 'a/b?c#d', project: 'p&q' }));
    expect(server.requests.map(({ url }) => url)).toEqual([
      '/argo/cd/api/v1/account/can-i/applications/get/team%20a/*',
      '/argo/cd/api/v1/applications/a%2Fb%3Fc%23d?project=p%26q',
    ]);
    for (const name of ['', '.', '..']) {
      expect((await errorOf(client.get({ name }))).code).toBe('invalid_input');
    }
    expect(server.requests).toHaveLength(2);
  });

  it('puts namespace and project of a sync into the body, where alone they are read, and asks Argo CD to give up in time', async () => {
    server.use(replay(recording('v3.6', 'sync-accepted')));
    await client.sync(ref, { prune: true, infos: [{ name: 'argocd-fleet-mcp/job', value: '1' }] });
    const [request] = server.requests;
    expect(request?.url).toBe('/api/v1/applications/guestbook/sync');
    expect(JSON.parse(request?.body ?? '')).toEqual({
      prune: true,
      infos: [{ name: 'argocd-fleet-mcp/job', value: '1' }],
      project: 'default',
      appNamespace: 'argocd',
    });
    expect(request?.headers).toMatchObject({ 'content-type': 'application/json', 'grpc-timeout': '1500m' });
    expect(request?.headers['transfer-encoding']).toBeUndefined();
  });

  it('sends exactly application/json with every change, and configured headers that cannot overrule its own', async () => {
    await client.close();
    client = testClient(server.url, {
      headers: { 'X-Team': 'a', Authorization: 'Basic x', 'Content-Type': 'text/plain' },
    });
    server.use((_request, response) => json(response, {}));
    await client.terminate(ref);
    expect(server.requests[0]?.headers).toMatchObject({
      'content-type': 'application/json',
      authorization: 'Bearer test-token',
      'x-team': 'a',
      'accept-encoding': 'gzip',
    });
  });

  it('renews the token once after a 401, for changes too, and never sends a request a third time', async () => {
    await client.close();
    const credentials = new ScriptedCredentials(['old', 'new', 'newer']);
    client = testClient(server.url, { credentials });
    server.use((request, response) =>
      request.headers.authorization === 'Bearer new'
        ? replay(recording('v3.6', 'sync-accepted'))(request, response)
        : replay(recording('v3.6', 'token-expired'))(request, response),
    );
    await client.sync(ref, {});
    expect(credentials).toMatchObject({ gets: 1, renewals: 1 });
    server.use(replay(recording('v3.6', 'token-expired')));
    const error = await errorOf(client.version());
    expect(error.code).toBe('cluster_refused');
    expect(error.details).toMatchObject({ reason: 'credentials', upstreamStatus: 401, upstreamCode: 16 });
    expect(server.requests).toHaveLength(4);
  });

  it('does not ask again with the token that was just refused', async () => {
    server.use(replay(recording('v3.6', 'get-no-token')));
    expect((await errorOf(client.sync(ref, {}))).details).not.toHaveProperty('maybeAccepted');
    expect(server.requests).toHaveLength(1);
  });

  it('says so when the token cannot be had, in words of its own', async () => {
    await client.close();
    client = testClient(server.url, {
      credentials: { get: () => Promise.reject(new Error('vault says s3cret')), renew: () => Promise.resolve('x') },
    });
    const error = await errorOf(client.version());
    expect([error.code, error.details['reason']]).toEqual(['cluster_refused', 'credentials']);
    expect(JSON.stringify([error.message, error.details, error.cause])).not.toContain('s3cret');
    expect(server.requests).toHaveLength(0);
  });

  it('follows no redirect and says what is probably wrong', async () => {
    const elsewhere = await ScriptedServer.start((_request, response) => json(response, { Version: 'v9' }));
    for (const name of ['tls-server-plain-http', 'tls-server-plain-http-post']) {
      const recorded = recording('v3.6', name);
      recorded.response.headers = { ...recorded.response.headers, location: elsewhere.url };
      server.use(replay(recorded));
      const call = name.endsWith('post') ? client.sync(ref, {}) : client.version();
      const error = await errorOf(call);
      expect(error.details).toMatchObject({ reason: 'redirected', upstreamStatus: 307 });
      expect(error.details).not.toHaveProperty('maybeAccepted');
      expect(error.message).toContain('https://');
    }
    expect(elsewhere.requests).toHaveLength(0);
    await elsewhere.stop();
  });

  it('recognises a page, and the text of a wrong path, as not being Argo CD', async () => {
    server.use((_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html></html>'));
    expect((await errorOf(client.version())).details['reason']).toBe('not_argocd');
    server.use(replay(recording('v3.6', 'rootpath-without-prefix')));
    const error = await errorOf(client.list());
    expect([error.code, error.details['reason']]).toEqual(['cluster_unreachable', 'not_argocd']);
    expect(error.message).toContain('path prefix');
  });

  it.each([
    ['{}'],
    ['[]'],
    ['null'],
    ['"ok"'],
    ['{"items": "none"}'],
    ['{"metadata": {"name": "another"}}'],
    ['not json'],
    [''],
    ['{"metadata":{"name":"guestbook","namespace":"argocd"},"status":{"conditions":7}}'],
  ])('never takes %s for an answer', async (body) => {
    server.use((_request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(body));
    for (const call of [client.get(ref), client.list(), client.version(), client.canI('a', 'b', 'c')]) {
      const error = await errorOf(call);
      expect([error.code, error.details['reason']]).toEqual(['cluster_unreachable', 'garbage']);
    }
    expect((await errorOf(client.sync(ref, {}))).details['maybeAccepted']).toBe(true);
  });

  it('unpacks gzip', async () => {
    const packed = gzipSync(recordedBody(recording('v3.6', 'list')));
    server.use((_request, response) =>
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(packed),
    );
    expect((await client.list()).items?.length).toBeGreaterThan(0);
    server.use((_request, response) =>
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
        .end(packed.subarray(0, packed.length / 2)),
    );
    expect((await errorOf(client.list())).details['reason']).toBe('garbage');
  });

  it('stops reading an answer that is too large, also one that only unpacks to it', async () => {
    await client.close();
    client = testClient(server.url, { limits: { responseBytesMax: 100_000, timeoutMs: 10_000 } });
    const bomb = gzipSync(Buffer.alloc(50_000_000, 'a'));
    server.use((_request, response) =>
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(bomb),
    );
    expect((await errorOf(client.list())).details['reason']).toBe('too_large');
    let isGivenUp = false;
    server.use((_request, response) => {
      response.on('close', () => (isGivenUp = true));
      response.writeHead(200, { 'content-type': 'application/json' });
      const more = (): void => void (response.writable && response.write('x'.repeat(64_000), more));
      more();
    });
    expect((await errorOf(client.list())).details['reason']).toBe('too_large');
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
