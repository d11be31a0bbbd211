import { describe, expect, it } from '@jest/globals';
import { AppError } from '../errors/app-error.js';
import { createLogger, type LogLevel } from './logger.js';

const key = 'afm_Zk3vQ0b-9xW_7hTn2LrYc8sD1fGq5uE';
const jwt = 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhZG1pbiJ9.c2lnbmF0dXJl-_x';
const password = 'hunter2hunter2';

function log(level: LogLevel = 'trace') {
  const lines: string[] = [];
  const logger = createLogger(level, { write: (line: string) => void lines.push(line) });
  return { logger, text: () => lines.join(''), last: () => JSON.parse(lines.at(-1) ?? '') as Record<string, unknown> };
}

describe('the log', () => {
  const hostile: Record<string, [unknown, string?]> = {
    'a header object': [{ request: { headers: { Authorization: `Bearer ${password}` } } }],
    'a header list': [{ headers: ['authorization', `Bearer ${password}`] }],
    'a list under a secret name': [{ headers: { 'set-cookie': [`argocd.token=${password}`] } }],
    'an object under a secret name': [{ credentials: { user: 'x', value: password } }],
    'a password field': [{ a: { b: { c: { d: { password } } } } }],
    'other spellings': [{ apiKey: password, 'x-api-key': password, client_secret: password, PRIVATE_KEY: password }],
    'a map': [{ headers: new Map([['authorization', password]]) }],
    'a Redis URL': [{ url: `redis://default:${password}@cache:6379/0` }],
    'a Redis URL whose password holds @ and /': [{ url: `rediss://:a@b/${password}?c@cache:6379` }],
    'an address with a user': [{ url: `https://ci:${password}@git.example.com/repo.git` }],
    'a query parameter': [{ url: `https://argocd.example.com/api?token=${password}&x=1` }],
    'a JSON text': [{ body: JSON.stringify({ token: password, nested: JSON.stringify({ password }) }) }],
    'a header dump': [{}, `POST /x HTTP/1.1\r\nAuthorization: Basic ${password}\r\n\r\n`],
    'a message with a key': [{}, `rejected ${key}.`],
    'a message with a JWT': [{}, `token ${jwt} expired`],
    'a JWT without a signature': [{}, `token ${jwt.slice(0, jwt.lastIndexOf('.') + 1)} expired`],
    'a private key': [
      { pem: `-----BEGIN RSA PRIVATE KEY-----\n${password}\n${password}\n-----END RSA PRIVATE KEY-----\n` },
    ],
    'a cut private key': [{}, `-----BEGIN PRIVATE KEY-----\n${password}\n`],
    'lines of a text': [
      {},
      ['x', `redis://:a/${password}@c`, `Bearer ${password}`, `cookie: ${password}`, key, jwt].join('\n'),
    ],
    'an error': [{ err: new Error(`connect redis://:${password}@cache:6379 failed`) }],
    'a cause of a cause': [
      { err: new AppError('internal', 'x', {}, { cause: new Error('y', { cause: new Error(`Bearer ${password}`) }) }) },
    ],
    'details of an error': [{ err: new AppError('internal', 'x', { sent: { authorization: password } }) }],
    'errors of an aggregate': [{ err: new AggregateError([new Error(`token=${password}`)], 'all failed') }],
    'a prototype name': [JSON.parse(`{"__proto__": {"password": "${password}"}}`)],
  };

  it.each(Object.entries(hostile))('shows no secret of %s', (_name, [fields, message]) => {
    const { logger, text, last } = log();
    logger.info(fields as object, message ?? 'hello');
    expect(text()).not.toContain(password);
    expect(text()).not.toContain(key);
    expect(text()).not.toContain(jwt.slice(0, 30));
    expect(text()).toContain('[redacted]');
    expect(last()['level']).toBe('info');
  });

  it('shows no secret in the bindings of a child, an error as the only argument, or format arguments', () => {
    const { logger, text } = log();
    logger.child({ token: password, url: `redis://:${password}@x` }).warn('child');
    logger.error(new Error(`refused ${key}`));
    logger.info('sent %s and %o', jwt, { authorization: `Bearer ${password}` });
    expect(
      text()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as unknown),
    ).toHaveLength(3);
    for (const secret of [password, key, jwt]) expect(text()).not.toContain(secret);
  });

  it('keeps what is no secret', () => {
    const { logger, last } = log();
    const fields = {
      tool: 'list_applications',
      tokens: 120,
      url: 'https://argocd.example.com/argocd/api/v1/applications?project=a@b',
      next: { cursor: 'abc', keyName: 'ci', tokenExpiresAt: '2026-01-01T00:00:00Z' },
      text: 'Send the token of the key; basic rules apply; see user@example.com',
    };
    logger.info(fields, 'done');
    expect(last()).toMatchObject({ ...fields, msg: 'done', level: 'info' });
  });

  it('gives the stack of a defect but not of an error that was meant', () => {
    const { logger, last } = log();
    logger.error({ err: new TypeError('x is not a function') }, 'defect');
    expect(last()['err']).toMatchObject({
      type: 'TypeError',
      message: 'x is not a function',
      stack: expect.any(String),
    });
    logger.info({ err: new AppError('not_found', 'No such application.', { suggestions: ['a'] }) }, 'meant');
    expect(last()['err']).toEqual({
      type: 'AppError',
      message: 'No such application.',
      code: 'not_found',
      details: { suggestions: ['a'] },
    });
  });

  it('survives cycles, depth, breadth and length', () => {
    const { logger, last, text } = log();
    const cyclic: Record<string, unknown> = { name: 'a' };
    cyclic['self'] = cyclic;
    let deep: Record<string, unknown> = { bottom: true };
    for (let i = 0; i < 5000; i++) deep = { deep };
    logger.info({ cyclic, deep, wide: Array.from({ length: 5000 }, (_, i) => i), long: 'x'.repeat(1e6), big: 1n }, 'x');
    expect(last()).toMatchObject({ cyclic: { name: 'a', self: '[circular]' }, big: '1' });
    expect(text().length).toBeLessThan(20_000);
  });

  it.each([
    'eyJ',
    'afm_',
    'token',
    'a://',
    '-----BEGIN PRIVATE KEY-----',
    'redis://',
    'authorization:',
    '\\"',
    'token\\',
  ])('is not slowed down by a line full of %s', (part) => {
    const { logger, text } = log();
    const full = part.repeat(Math.ceil(8192 / part.length));
    const started = performance.now();
    logger.info({ a: full, b: full, c: full }, full);
    expect(performance.now() - started).toBeLessThan(1000);
    expect(text()).not.toBe('');
  });

  it('leaves out a line that is too long, and says so', () => {
    const { logger, last } = log();
    logger.info({ list: Array.from({ length: 20 }, () => 'x'.repeat(8000)) });
    expect(last()).toEqual({
      level: 'warn',
      time: expect.any(String),
      msg: expect.stringMatching(/^A line of \d+ char/),
    });
  });

  it('writes nothing below its level', () => {
    const { logger, text } = log('warn');
    logger.info('quiet');
    logger.warn('loud');
    expect(text()).toContain('loud');
    expect(text()).not.toContain('quiet');
  });
});
