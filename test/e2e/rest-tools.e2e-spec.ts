import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { startRestApp, type RestApp } from '../support/rest-app.js';

let rest: RestApp;
beforeAll(async () => {
  rest = await startRestApp();
});
afterAll(() => rest.close());

const get = (path: string) => request(rest.url).get(`/api/v1${path}`);
const post = (path: string) => request(rest.url).post(`/api/v1${path}`).set('content-type', 'application/json');

describe('a tool over REST', () => {
  it('answers 200 with its output', async () => {
    const answer = await get('/things');
    expect(answer.status).toBe(200);
    expect(answer.type).toBe('application/json');
    expect(answer.body).toEqual({ got: { limit: 20 } });
  });

  it('takes numbers, flags and lists from the query as its schema wants them', async () => {
    const answer = await get('/things?limit=5&ratio=-1.5e2&live=true&names=a,b&names=12&sizes=1&sizes=2&cluster=12');
    expect(answer.body).toEqual({
      got: { limit: 5, ratio: -150, live: true, names: ['a,b', '12'], sizes: [1, 2], cluster: '12' },
    });
  });

  it('takes a list of one, and keeps signs that queries encode', async () => {
    const answer = await get('/things?names=x&cluster=env%3Dprod%2C!a+b%20c%26d;e=f');
    expect(answer.body).toEqual({ got: { limit: 20, names: ['x'], cluster: 'env=prod,!a b c&d;e=f' } });
  });

  it.each([
    ['limit=abc', 'limit'],
    ['limit=', 'limit'],
    ['limit=0x10', 'limit'],
    ['limit=1e400', 'limit'],
    ['limit=%205', 'limit'],
    ['limit=1.5', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['cluster=a&cluster=b', 'cluster'],
    ['live=yes', 'live'],
    ['live=True', 'live'],
    ['sizes=1&sizes=x', 'sizes.1'],
    ['limits=1', 'limits'],
    ['__proto__=1', '__proto__'],
    ['__proto__[limit]=1', '__proto__[limit]'],
    ['constructor=1', 'constructor'],
    ['toString=1', 'toString'],
  ])('refuses %s as invalid_input and names the argument', async (query, path) => {
    const answer = await get(`/things?${query}`);
    expect(answer.status).toBe(400);
    expect(answer.type).toBe('application/problem+json');
    expect(answer.body).toMatchObject({ code: 'invalid_input', status: 400, details: { issues: [{ path }] } });
    expect(answer.body.detail).toContain(path);
  });

  it('answers 202 with the address of the job and when to ask for it', async () => {
    const answer = await post('/things/a/start').send({ force: true });
    expect(answer.status).toBe(202);
    expect(answer.headers).toMatchObject({ location: '/api/v1/jobs/job%2F1%20%C3%A4', 'retry-after': '2' });
    expect(answer.body).toEqual({ job: { jobId: 'job/1 ä', pollAfterMs: 1500, thing: 'a' } });
  });

  it('takes a change without a body', async () => {
    expect((await post('/things/a/start')).status).toBe(202);
    expect((await post('/things/a/start').set('content-length', '0')).status).toBe(202);
  });

  it.each([
    ['a%2Fb', 'a/b'],
    ['a%252Fb', 'a%2Fb'],
    ['%2E%2E%2F..', '../..'],
    ['a%20b+c', 'a b+c'],
    ['12', '12'],
    ['%C3%A4;x=1', 'ä;x=1'],
    ['a%3Fb%23c', 'a?b#c'],
  ])('takes the path parameter %s as the data it encodes', async (path, thing) => {
    expect((await post(`/things/${path}/start`)).body).toMatchObject({ job: { thing } });
  });

  it('accepts a path parameter that the body repeats, and refuses one that it contradicts', async () => {
    expect((await post('/things/a/start').send({ thing: 'a' })).status).toBe(202);
    const answer = await post('/things/a/start').send({ thing: 'b' });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: 'invalid_input', details: { issues: [{ path: 'thing' }] } });
  });

  it('refuses arguments in the query of a route that takes a body, instead of ignoring them', async () => {
    const answer = await post('/things/a/start?force=true').send({});
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: 'invalid_input', details: { issues: [{ path: 'force' }] } });
  });

  it('refuses a body where the query is meant', async () => {
    const answer = await request(rest.url).delete('/api/v1/things/x').send({ thing: 'x' });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: 'invalid_input' });
  });

  it.each(['[]', 'null', '"text"', '1', '[{"thing":"a"}]'])('refuses the body %s', async (body) => {
    const answer = await post('/things/a/start').send(body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: 'invalid_input', detail: expect.stringContaining('JSON object') });
  });

  it.each([
    '{"__proto__": {"force": true}}',
    '{"constructor": {"prototype": {"force": true}}}',
    '{"thing": "a", "__proto__": null}',
  ])('lets no body reach a prototype: %s', async (body) => {
    const answer = await post('/things/a/start').send(body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: 'invalid_input' });
    expect(({} as Record<string, unknown>)['force']).toBeUndefined();
  });

  it('answers HEAD as GET, without the body', async () => {
    const [head, full] = [await request(rest.url).head('/api/v1/things'), await get('/things')];
    expect(head.status).toBe(200);
    expect(head.headers['content-length']).toBe(full.headers['content-length']);
    expect(head.text).toBeFalsy();
    expect((await request(rest.url).head('/api/v1/things?limit=x')).status).toBe(400);
  });

  it('sends the headers that keep browsers from doing anything with an answer', async () => {
    for (const answer of [await get('/things'), await get('/nothing'), await get('/things?limit=x')]) {
      expect(answer.headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      });
      for (const name of Object.keys(answer.headers)) expect(name).not.toMatch(/powered|^server$|access-control/);
    }
  });

  it('gives each request an id of its own, whatever the caller sends', async () => {
    const ids = new Set<string>();
    for (let i = 0; i < 3; i++) {
      const answer = await get('/things').set({ 'x-request-id': 'mine', 'request-id': 'mine' });
      ids.add(answer.headers['x-request-id'] as string);
    }
    expect(ids.size).toBe(3);
    expect(ids).not.toContain('mine');
    // Who has an answer finds its line in the log.
    for (const id of ids) expect(rest.log()).toContain(`"requestId":"${id}"`);
  });
});
