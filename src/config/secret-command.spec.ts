import { afterAll, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../test/support/eventually.js';
import { AppError } from '../errors/app-error.js';
import type { SecretSource } from './config.js';
import { openSecret, type OpenSecretOptions } from './secrets.js';

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

describe('a secret from a command', () => {
  const shell = (script: string, options: OpenSecretOptions = {}) =>
    openSecret({ kind: 'command', argv: ['sh', '-c', script, 'sh', folder] } satisfies SecretSource, options);
  const runsOf = (name: string): number => (existsSync(at(name)) ? readFileSync(at(name), 'utf8').length : 0);

  it('gets its arguments as they are, through no shell', async () => {
    const secret = openSecret({ kind: 'command', argv: ['printf', '%s', '$HOME;`id`&&'] });
    expect(await secret.get()).toBe('$HOME;`id`&&');
  });

  it('is run once for all who ask at the same time, and not again while it is good', async () => {
    const secret = shell('printf x >>"$1/single"; echo token');
    expect(await Promise.all([secret.get(), secret.get(), secret.renew(), secret.get()])).toEqual(
      Array(4).fill('token'),
    );
    expect(await secret.get()).toBe('token');
    expect(runsOf('single')).toBe(1);
  });

  it('is run again on renew, but a wave of refusals is one run', async () => {
    let now = 0;
    const secret = shell('printf x >>"$1/renewed"; echo "token-$(wc -c <"$1/renewed" | tr -d " ")"', {
      now: () => now,
    });
    expect(await secret.get()).toBe('token-1');
    now += 5_000;
    expect(await Promise.all([secret.renew(), secret.renew()])).toEqual(['token-2', 'token-2']);
    expect(await secret.renew()).toBe('token-2');
    now += 5_000;
    expect(await secret.renew()).toBe('token-3');
    expect(await secret.get()).toBe('token-3');
  });

  it('is run again 60 s before a JWT expires', async () => {
    let now = 1_000_000_000_000;
    const token = jwt({ exp: now / 1000 + 300 });
    const secret = shell(`printf x >>"$1/expiring"; echo ${token}`, { now: () => now });
    await secret.get();
    now += 239_000;
    await secret.get();
    expect(runsOf('expiring')).toBe(1);
    now += 2_000;
    expect(await secret.get()).toBe(token);
    expect(runsOf('expiring')).toBe(2);
  });

  it('that fails is covered by a token that is still valid, with a warning, and not by an expired one', async () => {
    let now = 1_000_000_000_000;
    const token = jwt({ exp: now / 1000 + 300 });
    const warnings: unknown[] = [];
    const log = { warn: (...args: unknown[]) => void warnings.push(args) } as unknown as OpenSecretOptions['log'];
    const secret = shell(`[ -e "$1/broken" ] && exit 7; echo ${token}`, { now: () => now, log });
    await secret.get();
    writeFileSync(at('broken'), '');
    now += 250_000;
    expect(await secret.get()).toBe(token);
    expect(JSON.stringify(warnings)).toContain('failed with exit code 7');
    expect(JSON.stringify(warnings)).not.toContain(token);
    expect((await refusalOf(secret.renew())).message).toContain('exit code 7');
    now += 51_000;
    expect((await refusalOf(secret.get())).message).toContain('exit code 7');
  });

  it('that fails is not run again for every call', async () => {
    let now = 0;
    const secret = shell('printf x >>"$1/failing"; exit 1', { now: () => now });
    for (let i = 0; i < 5; i++) await refusalOf(secret.get());
    expect(runsOf('failing')).toBe(1);
    now += 3_000;
    await refusalOf(secret.get());
    expect(runsOf('failing')).toBe(2);
  });

  it.each([
    ['exit 3', 'The token command failed with exit code 3.'],
    ['kill -TERM $$', 'The token command was killed by SIGTERM.'],
    ['true', 'The token command printed something that is no token: it is empty.'],
    ['printf "a\\nb"', 'The token command printed something that is no token: it holds more than one line.'],
    ['head -c 70000 /dev/zero | tr "\\0" x', 'The token command printed more than 64 KiB and was killed.'],
    ['yes hunter2', 'The token command printed more than 64 KiB and was killed.'],
    ['echo hunter2; echo hunter2 >&2; exit 9', 'The token command failed with exit code 9.'],
  ])('%s: %s', async (script, message) => {
    const refusal = await refusalOf(shell(script).get());
    expect(refusal).toMatchObject({ code: 'cluster_refused', message, details: {} });
    expect(String((refusal.cause as Error).message)).not.toContain('hunter2');
  });

  it('that does not exist is an error without its name', async () => {
    const refusal = await refusalOf(openSecret({ kind: 'command', argv: ['/no/such/program'] }).get());
    expect(refusal.message).toBe('The token command could not be started (ENOENT).');
  });

  it('that leaves a child behind gives what it printed, without waiting for the child', async () => {
    const startedAt = performance.now();
    const secret = shell('sleep 5 & printf left');
    expect(await secret.get()).toBe('left');
    expect(performance.now() - startedAt).toBeLessThan(4_000);
  });

  it('that hangs is killed with its children', async () => {
    const secret = shell('sleep 60 & echo $! >"$1/child"; wait', { timeoutMs: 300 });
    const refusal = await refusalOf(secret.get());
    expect(refusal.message).toBe('The token command took longer than 0.3 s and was killed.');
    const child = Number(readFileSync(at('child'), 'utf8'));
    await eventually(() => !isAlive(child));
  });

  it('is killed by close, and whoever waited is told', async () => {
    const secret = shell('echo $$ >"$1/closing.new"; mv "$1/closing.new" "$1/closing"; sleep 60');
    const asked = refusalOf(secret.get());
    await eventually(() => existsSync(at('closing')));
    secret.close();
    expect((await asked).message).toBe('The token command was stopped.');
    await eventually(() => !isAlive(Number(readFileSync(at('closing'), 'utf8'))));
  });
});

/** A killed process that nobody has waited for yet (a zombie) is dead too. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
