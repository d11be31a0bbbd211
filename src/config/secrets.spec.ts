import { afterAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../errors/app-error.js';
import { openSecret } from './secrets.js';
import { expiryOf } from './token-expiry.js';

const folder = mkdtempSync(join(tmpdir(), 'fleet-secrets-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

async function refusalOf(promise: Promise<string>): Promise<AppError> {
  const error: unknown = await promise.then(
    () => new Error('a secret was given'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AppError);
  return error as AppError;
}

const jwt = (payload: object): string => `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.c2ln`;

describe('a secret from the environment', () => {
  it('is trimmed', async () => {
    const { get, renew } = openSecret({ kind: 'env', name: 'T' }, { env: { T: ' abc\n' } });
    expect(await get()).toBe('abc');
    expect(await renew()).toBe('abc');
  });

  it.each([
    [undefined, 'is empty'],
    ['', 'is empty'],
    ['a\nX-Evil: 1', 'holds more than one line'],
    ['a\rb', 'holds more than one line'],
    ['a b', 'holds spaces or characters that no secret has'],
    ['a\u0000b', 'holds spaces or characters that no secret has'],
    ['x'.repeat(70_000), 'holds more than 64 KiB'],
  ])('%j is refused without being repeated', async (value, why) => {
    const refusal = await refusalOf(openSecret({ kind: 'env', name: 'T' }, { env: { T: value } }).get());
    expect(refusal.code).toBe('cluster_refused');
    expect(refusal.message).toBe(`The environment variable with the token ${why}.`);
  });

  it('for another purpose names that purpose and has its error code', async () => {
    const refusal = await refusalOf(
      openSecret({ kind: 'value', value: '' }, { what: 'Redis address', code: 'unavailable' }).get(),
    );
    expect(refusal).toMatchObject({ code: 'unavailable', message: 'The value with the Redis address is empty.' });
  });
});

describe('a secret from a file', () => {
  const open = (path: string) => openSecret({ kind: 'file', path });

  it('is read again when the file is rewritten, even with the same length and time', async () => {
    const path = at('rewritten');
    writeFileSync(path, 'aaaa\n');
    utimesSync(path, 1000, 1000);
    const secret = open(path);
    expect(await secret.get()).toBe('aaaa');
    writeFileSync(path, 'bbbb\n');
    utimesSync(path, 1000, 1000);
    expect(await secret.get()).toBe('bbbb');
  });

  it('is read again when the link to it is swapped, as Kubernetes does it', async () => {
    writeFileSync(at('v1'), 'first');
    writeFileSync(at('v2'), 'second');
    symlinkSync('v1', at('link'));
    const secret = open(at('link'));
    expect(await secret.get()).toBe('first');
    symlinkSync('v2', at('next'));
    renameSync(at('next'), at('link'));
    expect(await secret.get()).toBe('second');
  });

  it('is the old or the new one, never something between, while it changes', async () => {
    const path = at('busy');
    const put = (text: string): void => {
      writeFileSync(`${path}.new`, text);
      renameSync(`${path}.new`, path);
    };
    put('secret-0');
    const secret = open(path);
    for (let i = 1; i <= 20; i++) {
      const asked = Array.from({ length: 10 }, () => secret.get());
      put(`secret-${i}`);
      for (const answer of await Promise.all(asked)) expect([`secret-${i - 1}`, `secret-${i}`]).toContain(answer);
      expect(await secret.get()).toBe(`secret-${i}`);
    }
  });

  it('that is gone, empty, huge, a folder or a pipe is an error without the path in it, and never blocks', async () => {
    writeFileSync(at('empty'), ' \n');
    writeFileSync(at('huge'), 'x'.repeat(65 * 1024));
    execFileSync('mkfifo', [at('pipe')]);
    const cases: [string, RegExp][] = [
      ['gone', /cannot be read \(ENOENT\)/],
      ['empty', /is empty/],
      ['huge', /more than 64 KiB/],
      ['.', /not a regular file/],
      ['pipe', /not a regular file/],
    ];
    for (const [name, why] of cases) {
      const refusal = await refusalOf(open(at(name)).get());
      expect(refusal).toMatchObject({ code: 'cluster_refused', message: expect.stringMatching(why) });
      expect(refusal.message).not.toContain(folder);
    }
  });

  it('comes back by itself when the file does', async () => {
    const path = at('late');
    const secret = open(path);
    await refusalOf(secret.get());
    writeFileSync(path, 'here');
    expect(await secret.get()).toBe('here');
  });
});

describe('the expiry of a token', () => {
  it('is read from a JWT and is absent otherwise', () => {
    expect(expiryOf(jwt({ exp: 1_800_000_000 }))?.toISOString()).toBe('2027-01-15T08:00:00.000Z');
    for (const token of [
      '',
      'opaque',
      'a.b.c',
      jwt({}),
      jwt({ exp: 'x' }),
      jwt({ exp: 1e300 }),
      'e30.e30',
      `e30.${'x'.repeat(5000)}.x`,
    ]) {
      expect(expiryOf(token)).toBeUndefined();
    }
  });
});
