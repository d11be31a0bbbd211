import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { hashKey, newKey } from '../../src/auth/api-key.js';
import { eventually } from '../support/eventually.js';
import { runFleet, type RunningFleet } from '../support/running-fleet.js';

const keys = { all: newKey(), one: newKey() };

/** Sends exactly these bytes and gives the answer taken apart; the connection is closed by us or by the server. */
async function exchange(url: string, head: string): Promise<{ status: string; headers: string[]; body: string }> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(head);
  let text = '';
  for await (const chunk of socket) {
    text += (chunk as Buffer).toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    const hasBody = !head.startsWith('HEAD') && !/ 304 /.test(text.slice(0, 20));
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(text.slice(0, end))?.[1] ?? 0);
    if (end >= 0 && text.length >= end + 4 + (hasBody ? length : 0)) break;
  }
  socket.destroy();
  const end = text.indexOf('\r\n\r\n');
  const [status = '', ...headers] = text.slice(0, end).split('\r\n');
  return { status, headers, body: text.slice(end + 4) };
}

/** What must be the same whichever way a request took: all but its id and the times. */
const comparable = ({ status, headers, body }: Awaited<ReturnType<typeof exchange>>) => ({
  status,
  headers: headers
    .filter((header) => !/^(x-request-id|x-as-of|date):/i.test(header))
    .map((header) => header.replace(/^[^:]+/, (name) => name.toLowerCase()))
    .sort(),
  body: body.replace(/"(asOf|lastSeenAt|lastEventAt|lastListAt)":"[^"]*"/g, '').replace(/"requestId":"[^"]*"/g, ''),
});

describe('the short path of a list', () => {
  let fleet: RunningFleet;
  let host: string;
  beforeAll(async () => {
    fleet = await runFleet({
      clusters: [{ name: 'eu' }, { name: 'us' }],
      server: {
        corsOrigins: ['https://dash.example.com'],
        apiKeys: [
          { name: 'all', hash: hashKey(keys.all), role: 'viewer' },
          { name: 'one', hash: hashKey(keys.one), role: 'viewer', clusters: 'us' },
        ],
      },
    });
    host = new URL(fleet.url).host;
  });
  afterAll(() => fleet.close());

  const bearer = (key: string): string => `Authorization: Bearer ${key}`;
  const send = (line: string, ...headers: string[]) => exchange(fleet.url, [line, ...headers, '', ''].join('\r\n'));

  const lines = [
    'GET /api/v1/applications HTTP/1.1',
    'GET /api/v1/applications?limit=3 HTTP/1.1',
    'GET /api/v1/applications?limit=3&limit=4 HTTP/1.1',
    'GET /api/v1/applications?limit=0 HTTP/1.1',
    'GET /api/v1/applications?cluster=us HTTP/1.1',
    'GET /api/v1/applications?cluster=eu HTTP/1.1',
    'GET /api/v1/applications?health=Healthy,Degraded HTTP/1.1',
    'GET /api/v1/applications?wrong=1 HTTP/1.1',
    'GET /api/v1/applications/ HTTP/1.1',
    'GET //api/v1/applications HTTP/1.1',
    'GET /api/v1/%61pplications HTTP/1.1',
    'GET /api/v1/applications?limit=3#x HTTP/1.1',
    'GET /api/v1/clusters HTTP/1.1',
    'GET /api/v1/applications HTTP/1.0',
    'HEAD /api/v1/applications HTTP/1.1',
    'POST /api/v1/applications HTTP/1.1',
    'DELETE /api/v1/applications HTTP/1.1',
  ];
  const others = (): string[][] => [
    [],
    [bearer(keys.all)],
    [bearer(keys.one)],
    [bearer(newKey())],
    [`authorization: bearer  ${keys.all}`],
    [bearer(keys.all), 'Origin: https://dash.example.com'],
    [bearer(keys.all), 'Origin: https://evil.example.com'],
    [bearer(keys.all), 'If-None-Match: *'],
    [bearer(keys.all), 'If-None-Match: "nothing", W/"else"'],
    [bearer(keys.all), 'Connection: close'],
    [bearer(keys.all), 'Accept: text/html'],
    [bearer(keys.all), 'X-Request-Id: mine'],
    [bearer(keys.all), 'X-Forwarded-Host: evil.example.com'],
  ];

  it('answers every request exactly as the long way does, header for header', async () => {
    const hosts = [`Host: ${host}`, 'Host: evil.example.com', `Host: LOCALHOST:1`];
    for (const line of lines) {
      for (const more of others()) {
        for (const name of hosts) {
          // A length of nothing sends a request the long way and means the same.
          const long = await send(line, name, ...more, 'Content-Length: 0');
          const first = await send(line, name, ...more);
          const again = await send(line, name, ...more);
          const what = JSON.stringify({ line, more: more.map((text) => text.replace(/afm_\S+/, 'key')), name });
          expect({ what, ...comparable(first) }).toEqual({ what, ...comparable(long) });
          expect({ what, ...comparable(again) }).toEqual({ what, ...comparable(long) });
        }
      }
    }
  });

  it('gives nobody what was answered to another key', async () => {
    const path = 'GET /api/v1/applications?limit=200 HTTP/1.1';
    const all = await send(path, `Host: ${host}`, bearer(keys.all));
    const one = await send(path, `Host: ${host}`, bearer(keys.one));
    const nobody = await send(path, `Host: ${host}`);
    expect(all.body).toContain('"cluster":"eu"');
    expect(one.body).not.toContain('"eu"');
    expect(nobody.status).toContain('401');
  });

  it('a list that has not changed is answered with 304 and no body, also when the clusters have given signs of life', async () => {
    const path = 'GET /api/v1/applications?limit=5 HTTP/1.1';
    const first = await send(path, `Host: ${host}`, bearer(keys.all));
    const etag = first.headers.find((header) => /^etag:/i.test(header))?.slice(6) ?? '';
    expect(etag).toMatch(/^W\/"[\w-]{22}"$/);
    fleet.server.fleet.index.bump();
    for (let i = 0; i < 3; i++) {
      const again = await send(path, `Host: ${host}`, bearer(keys.all), `If-None-Match: ${etag}`);
      expect(again.status).toContain('304');
      expect(again.body).toBe('');
      expect(again.headers.some((header) => /^x-as-of: \d{4}-/i.test(header))).toBe(true);
    }
  });

  it('a change of one application gives the list another tag at once', async () => {
    const read = () => fleet.get('/api/v1/applications?cluster=eu', { authorization: `Bearer ${keys.all}` });
    const before = await read();
    const name = before.body.applications.at(-1).name as string;
    fleet.simulators['eu']?.mutate(name, { health: 'Degraded' } as never);
    await eventually(async () => {
      const after = await read();
      expect(after.headers.get('etag')).not.toBe(before.headers.get('etag'));
      expect(JSON.stringify(after.body.applications)).not.toBe(JSON.stringify(before.body.applications));
    });
  });
});
