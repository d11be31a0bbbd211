import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Finds the Redis that the tests may use, once, before any of them runs; `redis.ts` reads the two variables that it sets.
 *
 * In this order: `REDIS_URL` as told; `redis-server` or `valkey-server` from PATH; on Debian as root, one installed by
 * apt-get. Without any the Redis suites are skipped with one line, and under `CI=true` that is a failure.
 * `FLEET_TEST_NO_REDIS=1` hides every Redis, to try the other path.
 *
 * Jest loads this file outside its module system: it imports nothing of the project.
 */
export default function findRedisForTests(): void {
  const env = process.env;
  delete env['FLEET_TEST_REDIS_BINARY'];
  delete env['FLEET_TEST_REDIS_MISSING'];
  if (env['FLEET_TEST_NO_REDIS'] === '1') return giveUp('FLEET_TEST_NO_REDIS=1 hides it');

  const binary = findBinary() ?? (env['REDIS_URL'] ? undefined : install());
  if (binary !== undefined) env['FLEET_TEST_REDIS_BINARY'] = binary;
  if (binary === undefined && !env['REDIS_URL']) {
    giveUp('no redis-server or valkey-server on PATH, no REDIS_URL, and none could be installed');
  }
}

function findBinary(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const name of ['redis-server', 'valkey-server']) {
    for (const folder of folders) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        continue;
      }
    }
  }
  return undefined;
}

/** apt-get may also start a service on the usual port; the tests never talk to that one. */
function install(): string | undefined {
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) return undefined;
  process.stderr.write('Tests: no Redis found; installing redis-server with apt-get.\n');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = { env, stdio: 'ignore', timeout: 180_000 } as const;
  spawnSync('apt-get', ['update', '-qq'], options);
  try {
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'redis-server'], options);
  } catch {
    return undefined;
  }
  return findBinary();
}

function giveUp(reason: string): void {
  if (process.env['CI'] === 'true') throw new Error(`The Redis suites must run under CI=true, but: ${reason}.`);
  process.env['FLEET_TEST_REDIS_MISSING'] = reason;
  process.stderr.write(`Tests: the Redis suites are skipped: ${reason}.\n`);
}
