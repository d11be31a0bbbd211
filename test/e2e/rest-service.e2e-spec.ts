import { Agent, get as httpGet } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import type { HealthSource } from '../../src/rest/service-routes.js';
import { eventually } from '../support/eventually.js';
import { hanging, letGo, startRestApp, type RestApp, type RestAppOptions } from '../support/rest-app.js';

const open: RestApp[] = [];
async function start(options: RestAppOptions = {}): Promise<RestApp> {
  const rest = await startRestApp(options);
  open.push(rest);
  return rest;
}
beforeEach(() => {
  hanging.clear();
  letGo.length = 0;
});
afterEach(async () => {
  for (const rest of open.splice(0)) await rest.close();
});

describe('health', () => {
  it('says that the process lives, without asking anything', async () => {
    const health = () => Promise.reject(new Error('never asked'));
    const rest = await start({ store: { kind: 'redis', health } });
    const answer = await request(rest.url).get('/livez');
    expect([answer.status, answer.body]).toEqual([200, { status: 'alive' }]);
  });

  it('says ready, and what is not durable', async () => {
    const rest = await start();
    const answer = await request(rest.url).get('/readyz');
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      status: 'ready',
      store: { kind: 'embedded' },
      queue: { kind: 'embedded', durable: false },
    });
    expect((await request(rest.url).head('/readyz')).status).toBe(200);
  });

  it('a worker is not ready while its queue does not work, tells why, and is ready again after', async () => {
    let ok = false;
    const queue: HealthSource = {
      kind: 'redis',
      durable: true,
      health: async () => ({ ok, ...(ok ? {} : { reason: 'cannot reach redis://:hunter2@cache:6379' }) }),
    };
    const rest = await start({ queue, rest: { role: 'worker' } });
    const answer = await request(rest.url).get('/readyz');
    expect([answer.status, answer.type]).toEqual([503, 'application/problem+json']);
    expect(answer.body).toMatchObject({
      code: 'unavailable',
      details: { reasons: [expect.stringMatching(/^queue: /)] },
    });
    expect(answer.text).not.toContain('hunter2');
    ok = true;
    expect((await request(rest.url).get('/readyz')).status).toBe(200);
  });

  it('stays in service while the store or the queue is away, since reads go on, and says so', async () => {
    const store: HealthSource = { kind: 'redis', health: () => Promise.reject(new Error('hunter2')) };
    const answer = await request((await start({ store })).url).get('/readyz');
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ status: 'degraded', store: { ok: false, reason: 'does not work' } });
    expect(answer.text).not.toContain('hunter2');
  });

  it('answers in time when a part does not', async () => {
    const rest = await start({ store: { kind: 'redis', health: () => new Promise(() => undefined) } });
    const started = performance.now();
    const answer = await request(rest.url).get('/readyz');
    expect(performance.now() - started).toBeLessThan(4000);
    expect(answer.body.store).toMatchObject({ ok: false, reason: 'does not answer' });
  });
});

describe('metrics', () => {
  it('are Prometheus text that counts the calls', async () => {
    const rest = await start();
    await request(rest.url).get('/api/v1/things');
    await request(rest.url).get('/api/v1/things?limit=x');
    const answer = await request(rest.url).get('/metrics');
    expect(answer.type).toBe('text/plain');
    expect(answer.text).toContain('tool_duration_seconds_count{tool="list_things",outcome="ok"} 1');
    expect(answer.text).toContain('tool_duration_seconds_count{tool="list_things",outcome="invalid_input"} 1');
  });
});

describe('a worker', () => {
  it('serves health and metrics and no tool', async () => {
    const rest = await start({ rest: { role: 'worker' } });
    const statusOf = async (path: string) => (await request(rest.url).get(path)).status;
    expect([await statusOf('/livez'), await statusOf('/readyz'), await statusOf('/metrics')]).toEqual([200, 200, 200]);
    expect([await statusOf('/api/v1/things'), await statusOf('/api/v1/openapi.json')]).toEqual([404, 404]);
  });
});

describe('shutdown', () => {
  const hang = (rest: RestApp) =>
    request(rest.url)
      .delete('/api/v1/things/hang')
      .set('content-type', 'application/json')
      .then((answer) => answer);

  it('takes no new connection, and lets calls under way finish', async () => {
    const rest = await start();
    const answer = hang(rest);
    await eventually(() => hanging.size === 1);
    const closed = rest.close();
    await eventually(() => refusesConnections(rest.port));
    for (const release of letGo) release();
    expect(await answer).toMatchObject({ status: 200, body: { done: true }, headers: { connection: 'close' } });
    await closed;
  });

  it('does not wait for a call longer than its time, and tells the call', async () => {
    const rest = await start({ rest: { drainMs: 200 } });
    const answer = hang(rest).catch((error: NodeJS.ErrnoException) => error);
    const signal = await eventually(() => {
      const [first] = hanging;
      if (!first) throw new Error('not called yet');
      return first;
    });
    const started = performance.now();
    await rest.close();
    expect(performance.now() - started).toBeLessThan(2000);
    expect(await answer).toMatchObject({ code: 'ECONNRESET' });
    await eventually(() => signal.aborted);
  });

  it('does not wait for idle connections', async () => {
    const rest = await start();
    const agent = new Agent({ keepAlive: true });
    await new Promise<void>((resolve, reject) => {
      httpGet(`${rest.url}/livez`, { agent }, (answer) => answer.resume().on('end', resolve)).on('error', reject);
    });
    const started = performance.now();
    await rest.close();
    expect(performance.now() - started).toBeLessThan(1000);
    agent.destroy();
  });

  it('is told by readiness on connections that are still open', async () => {
    const rest = await start();
    const busy = hang(rest);
    await eventually(() => hanging.size === 1);
    // A request whose head has begun keeps its connection through the start of the shutdown.
    const socket = connect(rest.port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString('utf8')));
    await new Promise<void>((resolve) => socket.write('GET /readyz HTTP/1.1\r\nHost: localhost\r\n', () => resolve()));
    await request(rest.url).get('/livez');
    const closed = rest.close();
    await eventually(() => refusesConnections(rest.port));
    socket.write('\r\n');
    await eventually(() => text.includes('shutting down'));
    expect(text).toMatch(/^HTTP\/1\.1 503 .*connection: close/is);
    for (const release of letGo) release();
    await Promise.all([busy, closed]);
    socket.destroy();
  });
});

function refusesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.on('error', () => resolve(true));
  });
}
