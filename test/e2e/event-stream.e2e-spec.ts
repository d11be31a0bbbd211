import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { catalog } from '../../src/tools/catalog/index.js';
import { EventFleet } from '../support/event-fleet.js';
import { closeReaders, readEvents } from '../support/event-reader.js';
import { eventually } from '../support/eventually.js';
import { startRestApp, type RestApp, type RestAppOptions } from '../support/rest-app.js';

const hash = (key: string): string => `sha256:${createHash('sha256').update(key).digest('hex')}`;
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

let fleet: EventFleet;
let app: RestApp;
const sockets: Socket[] = [];

/** The real routes over a fleet that the test moves by hand. */
async function start(options: RestAppOptions = {}): Promise<void> {
  fleet = new EventFleet();
  app = await startRestApp({ tools: catalog, events: fleet.events, ...options });
}

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await closeReaders();
  await app.close();
});

/** Asks for the stream and reads nothing of it. */
function askAndSleep(path = '/api/v1/events'): Socket {
  const socket = connect(app.port, '127.0.0.1', () => {
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  });
  socket.on('error', () => undefined);
  socket.pause();
  sockets.push(socket);
  return socket;
}

const metric = async (line: RegExp): Promise<number> => Number(line.exec(await app.metrics.text())?.[1] ?? Number.NaN);

describe('the stream of events', () => {
  it('begins with its head and a ready event at once, and is not cached or held back on the way', async () => {
    await start();
    const reader = await readEvents(app.url);
    expect(reader.status).toBe(200);
    expect(reader.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(reader.headers.get('cache-control')).toBe('no-cache, no-transform');
    expect(reader.headers.get('x-accel-buffering')).toBe('no');
    expect(reader.headers.get('x-content-type-options')).toBe('nosniff');
    expect(reader.headers.get('x-request-id')).toMatch(/./);
    expect(reader.text()).toMatch(/^retry: 3000\n\nevent: ready\ndata: \{"resumed":false,"types":\[/);
  });

  it('goes on where a reader was, by header or query, the header first', async () => {
    await start();
    fleet.put({ name: 'first' });
    const before = await readEvents(app.url);
    fleet.put({ name: 'cart' });
    const { id } = await before.waitFor(({ event }) => event === 'application');
    await before.close();
    fleet.put({ name: 'web' });
    for (const [query, headers] of [
      [{}, { 'last-event-id': id! }],
      [{ lastEventId: id! }, {}],
      [{ lastEventId: '1-0-abcdefgh' }, { 'last-event-id': id! }],
    ] as Record<string, string>[][]) {
      const after = await readEvents(app.url, query, headers);
      expect(after.events[0]).toMatchObject({ event: 'ready', id, data: { resumed: true } });
      await after.waitFor(({ event }) => event === 'cluster');
      expect(after.of('application').map(({ data }) => data.application.name)).toEqual(['web']);
      expect(after.of('reset')).toEqual([]);
    }
  });

  it('an id that is of no use any more is told as a reset, and the ready event says so', async () => {
    await start();
    fleet.put({ name: 'first' });
    const reader = await readEvents(app.url, {}, { 'last-event-id': '1-0-abcdefgh' });
    expect(reader.events[0]).toMatchObject({ event: 'ready', data: { resumed: false } });
    expect((await reader.waitFor(({ event }) => event === 'reset')).data).toEqual({
      reason: 'what has changed since then is no longer known',
    });
  });

  it.each([
    ['a filter that cannot be read', '?labels=a%3D%3D%3D', 400, 'invalid_input'],
    ['an argument that there is not', '?limit=3', 400, 'invalid_input'],
    ['a type that there is not', '?types=pods', 400, 'invalid_input'],
    ['a cluster that there is not', '?cluster=eü', 400, 'invalid_input'],
    ['a cluster that is almost there', '?cluster=eo', 404, 'unknown_cluster'],
  ])('%s is refused as a problem before the stream begins', async (_, query, status, code) => {
    await start();
    const answer = await fetch(`${app.url}/api/v1/events${query}`);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    const problem = (await answer.json()) as { code: string; details?: { suggestions?: string[] } };
    expect(problem.code).toBe(code);
    if (status === 404) expect(problem.details?.suggestions).toEqual(['eu']);
  });

  it('is not for HEAD or POST', async () => {
    await start();
    for (const method of ['HEAD', 'POST']) {
      const answer = await fetch(`${app.url}/api/v1/events`, {
        method,
        ...(method === 'POST' ? { headers: { 'content-type': 'application/json' } } : {}),
      });
      expect(answer.status).toBe(405);
      expect(answer.headers.get('allow')).toBe('GET, OPTIONS');
    }
  });

  describe('with keys', () => {
    const apiKeys = [
      { name: 'all', hash: hash('all'), role: 'viewer' as const },
      { name: 'shop', hash: hash('shop'), role: 'viewer' as const, projects: ['shop'] },
      { name: 'lists', hash: hash('lists'), role: 'viewer' as const, tools: ['list_*'] },
      { name: 'syncs', hash: hash('syncs'), role: 'operator' as const, tools: ['sync_*'] },
    ];

    it('nobody reads without one, and it never goes in the address', async () => {
      await start({ server: { apiKeys } });
      expect((await readEvents(app.url)).status).toBe(401);
      expect((await readEvents(app.url, { authorization: 'Bearer all' })).status).toBe(401);
      expect((await readEvents(app.url, {}, bearer('all'))).status).toBe(200);
    });

    it('a key hears of what its tools show, and of nothing else', async () => {
      await start({ server: { apiKeys } });
      const reader = await readEvents(app.url, {}, bearer('lists'));
      expect(reader.events[0]!.data.types).toEqual(['application', 'cluster']);
      fleet.job('eu', 'shop', { jobId: 'j', state: 'queued' });
      fleet.put({ name: 'cart' });
      await reader.waitFor(({ event }) => event === 'application');
      expect(reader.of('job')).toEqual([]);
      expect(await readEvents(app.url, { types: 'job' }, bearer('lists'))).toMatchObject({ status: 403 });
      expect(await readEvents(app.url, {}, bearer('syncs'))).toMatchObject({ status: 403 });
    });

    it('a stream whose key was taken away ends at once; the others go on', async () => {
      await start({ server: { apiKeys } });
      const all = await readEvents(app.url, {}, bearer('all'));
      const shop = await readEvents(app.url, {}, bearer('shop'));
      await app.configure({ apiKeys: apiKeys.filter(({ name }) => name !== 'all') });
      await all.ended;
      fleet.put({ name: 'cart', project: 'shop' });
      await shop.waitFor(({ event }) => event === 'application');
      expect(await metric(/event_streams_ended_total\{ending="revoked"\} (\d+)/)).toBe(1);
    });

    it('a key that shows less from now on ends its stream too', async () => {
      await start({ server: { apiKeys } });
      const shop = await readEvents(app.url, {}, bearer('shop'));
      await app.configure({
        apiKeys: apiKeys.map((key) => (key.name === 'shop' ? { ...key, projects: ['web'] } : key)),
      });
      await shop.ended;
    });

    it('one key may open so many and no more, and learns what to do', async () => {
      await start({ server: { apiKeys } });
      for (let i = 0; i < 50; i++) await readEvents(app.url, { types: 'job' }, bearer('all'));
      const answer = await fetch(`${app.url}/api/v1/events`, { headers: bearer('all') });
      expect(answer.status).toBe(429);
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
      expect(await answer.json()).toMatchObject({
        code: 'rate_limited',
        hint: expect.stringContaining('Close streams'),
      });
      expect(await readEvents(app.url, {}, bearer('shop'))).toMatchObject({ status: 200 });
      expect(await metric(/^event_streams (\d+)$/m)).toBe(51);
      await closeReaders();
      await eventually(async () => (await metric(/^event_streams (\d+)$/m)) === 0);
    });
  });

  it('says something every 15 s, and tells who sees everything how far it is', async () => {
    await start({ rest: { eventTimes: { keepAliveMs: 40 } } });
    fleet.put({ name: 'first' });
    const reader = await readEvents(app.url, { health: 'Degraded' });
    fleet.put({ name: 'cart' });
    const place = /^: keep-alive\nid: (\S+)\n\n/m;
    await eventually(() => place.test(reader.text()));
    const id = place.exec(reader.text())?.[1];
    await reader.close();
    fleet.put({ name: 'web', health: 'Degraded' });
    const again = await readEvents(app.url, { health: 'Degraded' }, { 'last-event-id': id! });
    expect(again.events[0]!.data.resumed).toBe(true);
    await again.waitFor(({ data }) => data.application?.name === 'web');
  });

  it('events that come together are sent together, the newest state of each', async () => {
    await start({ rest: { eventTimes: { gatherMs: 100 } } });
    const reader = await readEvents(app.url);
    fleet.put({ name: 'cart', health: 'Missing' });
    await reader.waitFor(({ event }) => event === 'application');
    for (let i = 0; i < 100; i++) fleet.put({ name: 'cart', health: i % 2 ? 'Degraded' : 'Progressing' });
    await reader.waitFor(({ data }) => data.application?.health === 'Degraded');
    expect(reader.of('application')).toHaveLength(2);
  });

  it('a burst of thousands reaches a reader whole, in a moment', async () => {
    await start();
    fleet.put({ name: 'first' });
    const reader = await readEvents(app.url);
    fleet.write(Array.from({ length: 4_500 }, (_, i) => ({ name: `app-${i}` })));
    await reader.waitFor(({ data }) => data.application?.name === 'app-4499');
    expect(reader.of('application')).toHaveLength(4_500);
    expect(reader.of('reset')).toEqual([]);
  });

  it('a reader that takes nothing is cut off at a bound, while the others hear everything', async () => {
    await start({ rest: { eventTimes: { stallMs: 300 } } });
    fleet.put({ name: 'first' });
    const slow = askAndSleep();
    const quick = await readEvents(app.url);
    await eventually(async () => (await metric(/^event_streams (\d+)$/m)) === 2);
    const told = 'x'.repeat(150);
    // More than the sockets between the two hold.
    let rounds = 0;
    await eventually(
      async () => {
        rounds++;
        const rows = Array.from({ length: 1_000 }, (_, i) => ({
          name: `app-${i}`,
          health: 'Degraded',
          healthMessage: `${rounds} ${told}`,
        }));
        fleet.write(rows);
        await quick.waitFor(
          ({ data }) => data.application?.name === 'app-999' && data.application.reason.startsWith(`${rounds} `),
        );
        return (await metric(/event_streams_ended_total\{ending="slow"\} (\d+)/)) === 1;
      },
      { timeoutMs: 60_000, everyMs: 1 },
    );
    slow.resume();
    await once(slow, 'close');
    expect(quick.of('reset')).toEqual([]);
    expect(app.log()).toContain('took too little and was cut off');
    fleet.put({ name: 'last' });
    await quick.waitFor(({ data }) => data.application?.name === 'last');
  });

  it('a reader that goes leaves nothing behind', async () => {
    await start();
    const reader = await readEvents(app.url);
    expect(fleet.events.readers).toBe(1);
    await reader.close();
    await eventually(() => fleet.events.readers === 0);
    expect(await metric(/event_streams_ended_total\{ending="gone"\} (\d+)/)).toBe(1);
  });

  it('a server that stops ends its streams at once and cleanly, so that their readers go elsewhere', async () => {
    await start();
    const reader = await readEvents(app.url);
    const startedAt = performance.now();
    await app.close();
    await reader.ended;
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(reader.of('reset')).toEqual([]);
  });
});
