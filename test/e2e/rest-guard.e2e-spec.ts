import { Inject, Module, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { parseRaw, sendRaw, startRestApp, type RestApp } from '../support/rest-app.js';

const raw = async (rest: RestApp, text: string) => parseRaw(await sendRaw(rest.port, text));
const paths = ['/api/v1/things', '/api/v1/openapi.json', '/metrics', '/nothing', '/added'];

/** A module with a route and a hook of its own, registered as MCP registers its endpoint. */
const reached: string[] = [];
@Module({})
class Added implements OnModuleInit {
  constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

  onModuleInit(): void {
    this.host.httpAdapter.getInstance<FastifyInstance>().register((scope, _options, done) => {
      scope.addHook('onRequest', (request, _reply, next) => {
        reached.push(request.headers.host ?? '');
        next();
      });
      scope.get('/added', (_request, reply) => reply.send({ added: true }));
      done();
    });
  }
}

describe('the front door', () => {
  let rest: RestApp;
  beforeAll(async () => {
    rest = await startRestApp({ imports: [Added] });
  });
  afterAll(() => rest.close());

  it.each(paths)('refuses %s under a name that was rebound to this machine', async (path) => {
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'DELETE']) {
      for (const host of [
        'evil.example',
        'localhost.evil.example',
        '127.0.0.1.evil.example:80',
        'localhost@evil.example',
      ]) {
        const answer = await raw(rest, `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
        expect([host, answer.status]).toEqual([host, 403]);
        if (method !== 'HEAD') expect(JSON.parse(answer.body)).toMatchObject({ code: 'forbidden', status: 403 });
      }
    }
  });

  it('stands before the hooks of every other module, and knows its routes', async () => {
    reached.length = 0;
    const answer = await request(rest.url).get('/added');
    expect([answer.status, answer.headers['x-content-type-options']]).toEqual([200, 'nosniff']);
    expect((await raw(rest, 'GET /added HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n')).status).toBe(
      403,
    );
    expect(reached).toEqual([`127.0.0.1:${rest.port}`]);
    const wrong = await request(rest.url).post('/added').set('content-type', 'application/json').send('{}');
    expect([wrong.status, wrong.headers['allow']]).toEqual([405, 'GET, HEAD, OPTIONS']);
  });

  it('judges a Host anew whatever passed before', async () => {
    const ask = (host: string, more = '') =>
      raw(rest, `GET /api/v1/things HTTP/1.1\r\nHost: ${host}\r\n${more}Connection: close\r\n\r\n`);
    expect((await ask('localhost')).status).toBe(200);
    expect((await ask('localhost', 'Origin: https://evil.example\r\n')).status).toBe(403);
    expect((await ask('localhost', 'Content-Length: 2\r\nContent-Type: text/plain\r\n')).status).toBe(415);
    for (let port = 1000; port < 1200; port++) expect((await ask(`localhost:${port}`)).status).toBe(200);
    expect((await ask('evil.example')).status).toBe(403);
  });

  it('does not believe forwarded hosts, and refuses HTTP/1.0 without a Host', async () => {
    const forwarded = 'X-Forwarded-Host: localhost\r\nForwarded: host=localhost';
    const asked = await raw(
      rest,
      `GET /api/v1/things HTTP/1.1\r\nHost: evil.example\r\n${forwarded}\r\nConnection: close\r\n\r\n`,
    );
    expect(asked.status).toBe(403);
    expect((await raw(rest, 'GET /api/v1/things HTTP/1.0\r\n\r\n')).status).toBe(403);
  });

  it('answers for loopback names and configured ones', async () => {
    for (const host of [
      'localhost',
      `127.0.0.1:${rest.port}`,
      '[::1]:80',
      'fleet.example.com',
      'FLEET.example.com:443',
    ]) {
      const answer = await raw(rest, `GET /api/v1/things HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      expect([host, answer.status]).toEqual([host, 200]);
    }
  });

  it('lets probes in under any Host, and for nothing but their two paths', async () => {
    const ask = async (target: string) =>
      (await raw(rest, `GET ${target} HTTP/1.1\r\nHost: 10.1.2.3:8090\r\nConnection: close\r\n\r\n`)).status;
    expect([await ask('/livez'), await ask('/readyz'), await ask('/readyz?verbose')]).toEqual([200, 200, 200]);
    for (const path of [
      '/livez/',
      '/livez/../metrics',
      '/%6Civez',
      '//livez',
      '/metrics?/livez',
      '/livez;/../metrics',
    ]) {
      expect([path, [403, 404].includes(await ask(path))]).toEqual([path, true]);
    }
  });

  it.each([
    'null',
    'https://evil.example',
    'http://localhost.evil.example',
    'file://',
    'http://localhost@evil.example',
  ])('refuses the Origin %s', async (origin) => {
    for (const path of paths) {
      const answer = await request(rest.url).get(path).set('origin', origin);
      expect([path, answer.status, answer.body.code]).toEqual([path, 403, 'forbidden']);
    }
  });

  it('refuses a form that another site posts, whatever its encoding', async () => {
    for (const type of [
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'text/plain',
      undefined,
    ]) {
      const post = request(rest.url).post('/api/v1/things/a/start');
      const answer = await (type ? post.set('content-type', type) : post).send(type ? '{"force":true}' : undefined);
      expect([type, answer.status]).toEqual([type, 415]);
      expect(answer.body).toMatchObject({ code: 'invalid_input', status: 415 });
    }
    const lookalike = await request(rest.url)
      .post('/api/v1/things/a/start')
      .set('content-type', 'text/plain; application/json')
      .send('{}');
    expect(lookalike.status).toBe(415);
  });

  it('sends no CORS header to anybody', async () => {
    const answer = await request(rest.url).get('/api/v1/things').set('origin', 'http://localhost:3000');
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.headers).join()).not.toContain('access-control');
  });
});

describe('with CORS origins', () => {
  let rest: RestApp;
  const origin = 'https://console.example.com';
  beforeAll(async () => {
    rest = await startRestApp({ server: { corsOrigins: [origin] } });
  });
  afterAll(() => rest.close());

  it('lets their pages read answers, refusals included', async () => {
    for (const path of ['/api/v1/things', '/api/v1/things?limit=x', '/nothing']) {
      const answer = await request(rest.url).get(path).set('origin', origin);
      expect(answer.headers).toMatchObject({ 'access-control-allow-origin': origin, vary: 'Origin' });
      expect(answer.headers['access-control-expose-headers']).toContain('Location');
      expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
    }
  });

  it('answers their preflights, for the methods of the path and the headers it knows', async () => {
    const answer = await request(rest.url).options('/api/v1/things/a/start').set({
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'Authorization, content-type, Mcp-Param-Cluster, x-evil',
    });
    expect(answer.status).toBe(204);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'OPTIONS, POST',
      'access-control-allow-headers': 'authorization, content-type, mcp-param-cluster',
    });
  });

  it('gives other origins nothing', async () => {
    const other = await request(rest.url).get('/api/v1/things').set('origin', 'https://evil.example');
    expect(other.status).toBe(403);
    const local = await request(rest.url)
      .options('/api/v1/things')
      .set({ origin: 'http://localhost:3000', 'access-control-request-method': 'GET' });
    for (const { headers } of [other, local]) {
      expect(headers['access-control-allow-origin']).toBeUndefined();
      expect(headers['access-control-allow-methods']).toBeUndefined();
      expect(headers['vary']).toBe('Origin');
    }
  });
});
