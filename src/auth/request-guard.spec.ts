import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { guardPolicy, guardRequest, type GuardedRequest } from './request-guard.js';

const server = { host: '127.0.0.1', allowedHosts: [], corsOrigins: [] };
const plain = guardPolicy(server);
const published = guardPolicy({
  host: '0.0.0.0',
  publicUrl: 'https://Fleet.example.com:8443/base',
  allowedHosts: ['fleet.internal'],
  corsOrigins: ['https://portal.example.com'],
});

const get = (more: Partial<GuardedRequest> = {}): GuardedRequest => ({
  method: 'GET',
  host: 'localhost:8090',
  origin: undefined,
  contentType: undefined,
  hasBody: false,
  ...more,
});
const status = (request: GuardedRequest, policy = plain) => guardRequest(request, policy)?.status ?? 200;

describe('Host', () => {
  it.each([
    'localhost',
    'localhost:8090',
    'LocalHost:1',
    'localhost.',
    'localhost.:80',
    '127.0.0.1',
    '127.0.0.1:8090',
    '127.255.3.4:1',
    '[::1]',
    '[::1]:8090',
    '[0:0:0:0:0:0:0:1]:8090',
  ])('%s is this machine', (host) => {
    expect(status(get({ host }))).toBe(200);
  });

  it.each([
    undefined,
    '',
    ' ',
    'evil.example',
    'evil.example:8090',
    '127.0.0.1@evil.example',
    'localhost@evil.example:80',
    'evil.example@127.0.0.1',
    'localhost.evil.com',
    '127.0.0.1.evil.com',
    '127.0.0.1.nip.io',
    'evil.localhost',
    'localhost:8090.evil.com',
    'localhost:evil',
    'localhost:80:80',
    'localhost, evil.example',
    'localhost evil.example',
    'localhost/evil',
    'localhost\\evil',
    'localhost#',
    'localhost?',
    'http://localhost',
    '::1',
    '[::1',
    '[::1]]',
    '[evil]',
    '[::1%25eth0]',
    '0.0.0.0',
    '[::]',
    '127.1',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '2130706433',
    '10.0.0.1',
    '[fe80::1]',
    'localhost..',
    '.localhost',
    'localhost\u0000',
    'lоcalhost',
    '%6cocalhost',
  ])('%j is refused', (host) => {
    const refusal = guardRequest(get({ host }), plain);
    expect(refusal).toMatchObject({ status: 403, error: { code: 'forbidden' } });
    expect(refusal?.error.message).toMatch(/^The Host of this request/);
  });

  it('of publicUrl and allowedHosts is answered at any port, that of a wildcard address is not', () => {
    for (const host of [
      'fleet.example.com',
      'FLEET.example.com:443',
      'fleet.internal:8090',
      'fleet.internal.',
      'localhost',
    ]) {
      expect(status(get({ host }), published)).toBe(200);
    }
    for (const host of ['0.0.0.0:8090', 'x.fleet.example.com', 'fleet.example.com.evil.com', 'portal.example.com']) {
      expect(status(get({ host }), published)).toBe(403);
    }
  });

  it('of the one address listened at is answered', () => {
    expect(status(get({ host: '10.1.2.3:8090' }), guardPolicy({ ...server, host: '10.1.2.3' }))).toBe(200);
    expect(status(get({ host: '[fd00::5]:8090' }), guardPolicy({ ...server, host: 'fd00::5' }))).toBe(200);
  });

  it('counts whatever a proxy header says', () => {
    const request = { ...get({ host: 'evil.example' }), 'x-forwarded-host': 'localhost', forwarded: 'host=localhost' };
    expect(status(request)).toBe(403);
  });

  it('that is let in is a loopback name or a configured one, whatever the text', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 30 }),
      fc
        .array(
          fc.constantFrom('localhost', '127.0.0.1', '[::1]', '.', ':', '@', '80', 'evil.example', '/', '%', ' ', ','),
          { maxLength: 5 },
        )
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (host) => {
        if (status(get({ host })) === 200)
          expect(host).toMatch(/^(localhost\.?|127(\.\d{1,3}){3}\.?|\[[0-9a-f:.]+\])(:\d{1,5})?$/i);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('Origin', () => {
  it.each([
    'http://localhost',
    'http://localhost:6274',
    'https://127.0.0.1:1',
    'http://[::1]:3000',
    'HTTP://LOCALHOST',
  ])('%s is this machine', (origin) => {
    expect(status(get({ origin }))).toBe(200);
  });

  it.each([
    'null',
    '',
    'https://evil.example',
    'http://localhost.evil.com',
    'http://127.0.0.1@evil.example',
    'http://localhost/',
    'http://localhost/x',
    'file://',
    'chrome-extension://abc',
    'ftp://localhost',
    'localhost',
    '//localhost',
    'javascript:1',
    'http://localhost, https://evil.example',
    'http://localhost https://evil.example',
    'https://portal.example.com',
    'http://',
    'http://evil.example#@localhost',
    'http://evil.example\\@localhost',
    '*',
  ])('%j is refused', (origin) => {
    const refusal = guardRequest(get({ origin }), plain);
    expect(refusal).toMatchObject({ status: 403, error: { code: 'forbidden' } });
    expect(refusal?.error.message).toMatch(/^The Origin/);
  });

  it('of publicUrl and of corsOrigins is allowed, the latter exactly', () => {
    const host = 'fleet.example.com';
    expect(status(get({ host, origin: 'https://fleet.example.com:8443' }), published)).toBe(200);
    expect(status(get({ host, origin: 'https://portal.example.com' }), published)).toBe(200);
    expect(status(get({ host, origin: 'http://portal.example.com' }), published)).toBe(403);
    expect(status(get({ host, origin: 'https://portal.example.com:444' }), published)).toBe(403);
  });
});

describe('Content-Type', () => {
  const change = (method: string, contentType?: string, hasBody = true) =>
    status(get({ method, contentType, hasBody }));

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'post', 'QUERY'])(
    'of a %s must be JSON, with a body or without',
    (method) => {
      for (const hasBody of [true, false]) {
        expect(change(method, 'application/json', hasBody)).toBe(200);
        expect(change(method, 'Application/JSON; charset=utf-8', hasBody)).toBe(200);
        for (const type of [
          undefined,
          '',
          'text/plain',
          'application/x-www-form-urlencoded',
          'multipart/form-data; boundary=x',
          'text/plain; application/json',
          'application/json, text/plain',
          'application/jsonx',
          'application/json-patch+json',
          'application/problem+json',
          'xapplication/json',
        ]) {
          expect(change(method, type, hasBody)).toBe(415);
        }
      }
    },
  );

  it('of a GET does not matter without a body', () => {
    expect(change('GET', 'text/plain', false)).toBe(200);
    expect(change('GET', undefined, false)).toBe(200);
    expect(change('GET', 'text/plain', true)).toBe(415);
  });

  it('wrong is 415 with an error of the catalogue', () => {
    const refusal = guardRequest(get({ method: 'POST', contentType: 'text/plain', hasBody: true }), plain);
    expect(refusal).toMatchObject({ status: 415, error: { code: 'invalid_input' } });
  });
});

describe('a web page elsewhere', () => {
  it('cannot post a form', () => {
    const form = { method: 'POST', contentType: 'application/x-www-form-urlencoded', hasBody: true };
    expect(status(get({ ...form, origin: 'https://evil.example' }))).toBe(403);
    expect(status(get({ ...form, origin: 'null' }))).toBe(403);
    expect(status(get(form))).toBe(415);
  });

  it('cannot rebind its name to this machine', () => {
    const json = { method: 'POST', contentType: 'application/json', hasBody: true };
    expect(status(get({ ...json, host: 'evil.example:8090', origin: 'http://evil.example:8090' }))).toBe(403);
    expect(status(get({ host: 'evil.example:8090' }))).toBe(403);
  });
});
