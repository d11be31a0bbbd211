import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { oneCluster, readConfig } from '../../test/support/config-fixture.js';
import { createLogger } from '../telemetry/logger.js';
import { ConfigReload } from './config-reload.js';
import { LiveConfig } from './live-config.js';

describe('a reload', () => {
  let folder: string;
  let text: string;
  let lines: string[];
  let results: string[];
  const address = (password: string): void =>
    writeFileSync(join(folder, 'redis'), `redis://:${password}@127.0.0.1:6390/0\n`, { mode: 0o600 });
  const load = () => readConfig(text, { baseDir: folder });
  const start = (): ConfigReload =>
    new ConfigReload({
      source: { load, loadInSlices: async () => load() },
      live: new LiveConfig(load().config),
      log: createLogger('debug', { write: (line: string) => void lines.push(line) }),
      metrics: { configReloaded: (result) => void results.push(result), configTaken: () => undefined },
    });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fleet-reload-unit-'));
    text = `redis: {cache: {file: redis}, queue: {env: REDIS_URL}}\n${oneCluster}`;
    lines = [];
    results = [];
    address('first-password');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('tells that a Redis address that is another one in its file needs a restart, and never tells the address', async () => {
    const configuration = start();
    expect(await configuration.reload('signal')).toBe('unchanged');
    address('second-password');
    expect(await configuration.reload('file')).toBe('restart_needed');
    expect(results).toEqual(['unchanged', 'restart_needed']);
    expect(lines.at(-1)).toContain('a change of redis.cache needs a restart');
    expect(lines.join('')).not.toMatch(/password|6390/);
    address('first-password');
    expect(await configuration.reload('file')).toBe('unchanged');
  });

  it('that cannot be used leaves everything as it was, and is told once however often it is tried again', async () => {
    const configuration = start();
    text = `nonsense: true\n${oneCluster}`;
    expect(await configuration.reload('file')).toBe('refused');
    expect(await configuration.reload('again')).toBe('refused');
    expect([configuration.isBehind, results]).toEqual([true, ['refused']]);
  });

  it('that is asked for while one is under way becomes one more, however often it is asked for', async () => {
    const configuration = start();
    await Promise.all([configuration.reload('signal'), configuration.reload('signal'), configuration.reload('signal')]);
    expect(results).toEqual(['unchanged', 'unchanged']);
  });
});
