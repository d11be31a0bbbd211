import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AppError } from '../errors/app-error.js';
import { listAll, rejection, ScriptedCredentials, testClient } from '../../test/support/argocd-client.js';
import { recording } from '../../test/support/recordings.js';
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
    expect((await listAll(client)).length).toBeGreaterThan(0);
    server.use(replay(recording(version, 'list-empty')));
    expect(await listAll(client)).toEqual([]);
    const accepted = recording(version, 'sync-accepted');
    const { metadata } = application.parse(accepted.response.body);
    const same = { name: metadata?.name ?? '', namespace: metadata?.namespace ?? '', project: 'default' };
    server.use(replay(accepted));
    expect((await client.get(same)).metadata?.uid).toBe(metadata?.uid);
    expect((await client.sync(same, {})).operation).toBeDefined();
    server.use(replay(recording(version, 'terminate-accepted')));
    await expect(client.terminate(ref)).resolves.toBeUndefined();
  });

  it('reads who made a commit, and says which source is meant', async () => {
    const recorded = recording('v3.6', 'revision-metadata');
    server.use(replay(recorded));
    const revision = '4878df0ed6abe763d09fe5470402c1a92b290366';
    const metadata = await client.revisionMetadata({ ...ref, name: 'settings' }, revision, { sourceIndex: 1 });
    expect(metadata).toMatchObject({ date: '2026-11-24T03:29:39Z', message: 'Settings: blue' });
    expect(server.requests.at(-1)?.url).toBe(
      `/api/v1/applications/settings/revisions/${revision}/metadata?project=default&appNamespace=argocd&sourceIndex=1`,
    );
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
    const error = await errorOf(listAll(client));
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
    for (const call of [client.get(ref), listAll(client), client.version(), client.canI('a', 'b', 'c')]) {
      const error = await errorOf(call);
      expect([error.code, error.details['reason']]).toEqual(['cluster_unreachable', 'garbage']);
    }
    expect((await errorOf(client.sync(ref, {}))).details['maybeAccepted']).toBe(true);
  });
});
