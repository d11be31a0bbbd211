import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Inject, Module, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import request, { type Response } from 'supertest';
import { AppError } from '../../src/errors/app-error.js';
import { toProblem } from '../../src/errors/problem.js';
import { eventually } from '../support/eventually.js';
import { hanging, parseRaw, sendRaw, startRestApp, type RestApp } from '../support/rest-app.js';

/** A route of another module that throws what nobody expects. */
@Module({})
class Broken implements OnModuleInit {
  constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

  onModuleInit(): void {
    this.host.httpAdapter.getInstance<FastifyInstance>().get('/broken', () => {
      throw new Error('defect of a route at redis://:hunter2@cache');
    });
  }
}

let rest: RestApp;
beforeAll(async () => {
  rest = await startRestApp();
});
afterAll(() => rest.close());

const api = () => request(rest.url);
const raw = async (text: string) => parseRaw(await sendRaw(rest.port, text));
const remove = (thing: string) => api().delete(`/api/v1/things/${thing}`).set('content-type', 'application/json');
const problemFields = ['type', 'title', 'status', 'detail', 'code', 'retryable', 'hint'];

function expectProblem(answer: Pick<Response, 'status' | 'body' | 'type'>, status: number, code: string): void {
  expect([answer.status, answer.type]).toEqual([status, 'application/problem+json']);
  expect(answer.body).toMatchObject({ status, code, type: `urn:argocd-fleet-mcp:error:${code}` });
  expect(Object.keys(answer.body as object).filter((key) => key !== 'details')).toEqual(problemFields);
}

describe('a failure over REST', () => {
  it('is exactly the problem of its error', async () => {
    const answer = await remove('not_found');
    expectProblem(answer, 404, 'not_found');
    expect(answer.body).toEqual(toProblem(new AppError('not_found', 'No.', { suggestions: ['a'] })));
  });

  it('says when to come back', async () => {
    expect((await remove('rate_limited')).headers['retry-after']).toBe('7');
    const answer = await remove('unavailable');
    expectProblem(answer, 503, 'unavailable');
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  });

  it('shows nothing of a defect, and logs it without its secret', async () => {
    const answer = await remove('defect');
    expectProblem(answer, 500, 'internal');
    expect(answer.text).not.toMatch(/hunter2|redis|secret detail| at /);
    expect(rest.log()).toContain('secret detail');
    expect(rest.log()).toContain(answer.headers['x-request-id']);
    expect(answer.body.details).toEqual({ requestId: answer.headers['x-request-id'] });
    expect(rest.log()).not.toContain('hunter2');
  });

  it('is the same for a defect outside of the gate', async () => {
    const broken = await startRestApp({ imports: [Broken] });
    try {
      const answer = await request(broken.url).get('/broken');
      expectProblem(answer, 500, 'internal');
      expect(answer.text).not.toMatch(/hunter2|defect of a route/);
      expect(answer.body.details).toEqual({ requestId: answer.headers['x-request-id'] });
      expect(broken.log()).toContain('defect of a route');
      expect(broken.log()).not.toContain('hunter2');
    } finally {
      await broken.close();
    }
  });

  it('tells the tool when its caller has gone', async () => {
    const call = remove('hang');
    call.end(() => undefined);
    const signal = await eventually(() => {
      const [first] = hanging;
      if (!first) throw new Error('not called yet');
      return first;
    });
    expect(signal.aborted).toBe(false);
    call.abort();
    await eventually(() => signal.aborted);
  });

  it.each([
    ['/api/v1/thingz', 'GET /api/v1/things'],
    ['/api/v1/things/', 'GET /api/v1/things'],
    ['/things', 'GET /api/v1/things'],
    ['/openapi.json', 'GET /api/v1/openapi.json'],
  ])('names the closest route to %s', async (path, closest) => {
    const answer = await api().get(path);
    expectProblem(answer, 404, 'not_found');
    expect(answer.body.detail).toContain(closest);
    expect(answer.body.hint).toContain('/api/v1/openapi.json');
  });

  it.each(['/', '/wp-login.php?x=1', '/api/v1/things/a/b/c/d/e/f/g', `/${'x'.repeat(5000)}`])(
    'is a 404 for %s, and guesses nothing far-fetched',
    async (path) => {
      const answer = await api().get(path);
      expectProblem(answer, 404, 'not_found');
      expect(answer.text.length).toBeLessThan(1000);
    },
  );

  it.each([
    ['PUT', '/api/v1/things', 'GET, HEAD, OPTIONS'],
    ['POST', '/api/v1/things', 'GET, HEAD, OPTIONS'],
    ['GET', '/api/v1/things/a/start', 'OPTIONS, POST'],
    ['PATCH', '/api/v1/things/a%2Fb', 'DELETE, OPTIONS'],
    ['POST', '/livez', 'GET, HEAD, OPTIONS'],
  ])('is a 405 with Allow for %s %s', async (method, path, allow) => {
    const call = request(rest.url)[method.toLowerCase() as 'put'](path);
    const answer = await call.set('content-type', 'application/json').send(method === 'GET' ? undefined : '{}');
    expectProblem(answer, 405, 'invalid_input');
    expect(answer.headers['allow']).toBe(allow);
  });

  it('is a 405 for methods that HTTP knows and this server does not', async () => {
    for (const method of ['PROPFIND', 'TRACE', 'QUERY', 'PURGE']) {
      const answer = await raw(
        `${method} /api/v1/things HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n`,
      );
      expect([method, answer.status]).toEqual([method, 405]);
      expect(answer.headers['content-type']).toContain('application/problem+json');
    }
  });

  it('answers OPTIONS with what a path allows, and no CORS header', async () => {
    const answer = await api().options('/api/v1/things').set('access-control-request-method', 'GET');
    expect(answer.status).toBe(204);
    expect(answer.headers['allow']).toBe('GET, HEAD, OPTIONS');
    expect(Object.keys(answer.headers).join()).not.toContain('access-control');
    expectProblem(await api().options('/nothing'), 404, 'not_found');
  });

  it.each(['{', '{"force": tru}', '\u0000', "{'force': true}"])('is a 400 for the body %j', async (body) => {
    const answer = await api().post('/api/v1/things/a/start').set('content-type', 'application/json').send(body);
    expectProblem(answer, 400, 'invalid_input');
    expect(answer.body.detail).toBe('The body is not valid JSON.');
  });

  it('is a 413 for a body that is too large, announced or not', async () => {
    const body = JSON.stringify({ thing: 'x'.repeat(1024 * 1024) });
    const announced = api().post('/api/v1/things/a/start').set('content-type', 'application/json');
    expectProblem(await announced.send(body), 413, 'invalid_input');
    const chunk = `${body.length.toString(16)}\r\n${body}\r\n`;
    const head = 'POST /api/v1/things/a/start HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
    const answer = await raw(`${head}Transfer-Encoding: chunked\r\n\r\n${chunk}`);
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.body)).toMatchObject({ status: 413, code: 'invalid_input' });
  });

  it('is a problem for an address that cannot be decoded or is too long', async () => {
    for (const path of ['/api/v1/things/%', '/api/v1/things/%E0%A4%A'])
      expectProblem(await api().get(path), 400, 'invalid_input');
    const answer = await remove('x'.repeat(2000));
    expectProblem(answer, 414, 'invalid_input');
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  });

  it('is a problem for what is hardly HTTP', async () => {
    const garbage = await raw('GARBAGE\r\n\r\n');
    const flood = await raw(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`);
    expect([garbage.status, flood.status]).toEqual([400, 431]);
    for (const { body, status } of [garbage, flood])
      expect(JSON.parse(body)).toMatchObject({ status, code: 'invalid_input' });
  });

  it('is a problem for odd request targets', async () => {
    for (const target of ['*', '//api/v1/things', '/api/v1/things#x', 'http://localhost/api/v1/things']) {
      const answer = await raw(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      if (answer.status === 200) continue;
      expect([target, answer.status]).toEqual([target, expect.any(Number)]);
      expect(JSON.parse(answer.body)).toMatchObject({ status: answer.status, hint: expect.any(String) });
    }
  });
});
