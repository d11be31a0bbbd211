import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { parseRaw, sendRaw, startRestApp, type RestApp } from '../support/rest-app.js';

const raw = async (rest: RestApp, text: string) => parseRaw(await sendRaw(rest.port, text));

describe('with API keys', () => {
  const [viewer, admin] = ['afm_viewer-key-000000000000000000', 'afm_admin-key-0000000000000000000'];
  const hash = (key: string) => `sha256:${createHash('sha256').update(key).digest('hex')}`;
  let rest: RestApp;
  beforeAll(async () => {
    const apiKeys = [
      { name: 'viewer', hash: hash(viewer), role: 'viewer' as const },
      { name: 'admin', hash: hash(admin), role: 'admin' as const },
    ];
    rest = await startRestApp({ server: { apiKeys } });
  });
  afterAll(() => rest.close());

  it.each([undefined, '', 'Bearer', 'Bearer afm_wrong', `Basic ${viewer}`, viewer, `Bearer ${viewer} x`])(
    'refuses the Authorization %s with a challenge',
    async (authorization) => {
      for (const path of ['/api/v1/things', '/api/v1/things?limit=x', '/metrics']) {
        const call = request(rest.url).get(path);
        const answer = await (authorization === undefined ? call : call.set('authorization', authorization));
        expect([path, answer.status, answer.headers['www-authenticate']]).toEqual([path, 401, 'Bearer']);
        expect(answer.body).toMatchObject({ code: 'unauthenticated', status: 401 });
        expect(answer.text).not.toContain('afm_');
      }
    },
  );

  it('refuses before it reads a body', async () => {
    const head = 'POST /api/v1/things/a/start HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
    const answer = await raw(rest, `${head}Content-Length: 1000\r\nConnection: close\r\n\r\n`);
    expect(answer.status).toBe(401);
  });

  it('refuses what the key may not do, in the words of the gate', async () => {
    const start = (key: string) =>
      request(rest.url).post('/api/v1/things/a/start').set('authorization', `Bearer ${key}`).send({});
    const refused = await start(viewer);
    expect([refused.status, refused.body.code]).toEqual([403, 'forbidden']);
    expect((await start(admin)).status).toBe(202);
  });

  it('shows metrics, health and the document to whom they are for', async () => {
    const metrics = await request(rest.url).get('/metrics').set('authorization', `Bearer ${viewer}`);
    expect(metrics.status).toBe(200);
    for (const path of ['/livez', '/readyz', '/api/v1/openapi.json']) {
      expect([path, (await request(rest.url).get(path)).status]).toEqual([path, 200]);
    }
  });

  it('logs no key', async () => {
    await request(rest.url).get('/api/v1/things').set('authorization', `Bearer ${viewer}`);
    expect(rest.log()).toContain('list_things');
    expect(rest.log()).not.toContain(viewer);
  });
});

it('a read-only server refuses changes as read_only', async () => {
  const rest = await startRestApp({ server: { readOnly: true } });
  try {
    const answer = await request(rest.url).post('/api/v1/things/a/start').send({});
    expect([answer.status, answer.body.code]).toEqual([403, 'read_only']);
  } finally {
    await rest.close();
  }
});
