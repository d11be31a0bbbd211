import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe } from '@jest/globals';
import { eventually } from './eventually.js';

/** A Redis that a test started and may do anything to. */
export interface OwnRedis {
  readonly url: string;
  /** Ends it for good and removes its files. */
  stop(): Promise<void>;
  /** SIGKILL, as a crash does. Its files stay. */
  kill(): Promise<void>;
  /** Starts it again on the same port and, with `appendonly`, with the data it had. */
  restart(): Promise<void>;
  /** Accepts connections and answers nothing (SIGSTOP) until `resume`. */
  pause(): void;
  resume(): void;
}

/** The Redis of a suite. `url` may be read in hooks and tests, not while the suite is being declared. */
export interface SuiteRedis {
  readonly url: string;
}

/**
 * A suite that needs a Redis: `REDIS_URL` if set, else one of its own on a free port. Skipped where none can be had.
 */
export function describeRedis(name: string, suite: (redis: SuiteRedis) => void): void {
  const told = process.env['REDIS_URL'];
  if (process.env['FLEET_TEST_REDIS_MISSING'] !== undefined || (!told && !ownBinary())) {
    describe.skip(name, () => suite({ url: '' }));
    return;
  }
  describe(name, () => {
    let own: OwnRedis | undefined;
    let url = told ?? '';
    beforeAll(async () => {
      if (told) return;
      own = await startRedis();
      url = own.url;
    });
    afterAll(() => own?.stop());
    suite({
      get url() {
        return url;
      },
    });
  });
}

/** A suite that kills, stops or pauses its Redis: it needs a server binary, whatever `REDIS_URL` says. */
export function describeOwnRedis(name: string, suite: () => void): void {
  (ownBinary() ? describe : describe.skip)(name, suite);
}

/** Starts a Redis on a free loopback port, in a folder of its own, without persistence unless `appendonly`. */
export async function startRedis(options: { appendonly?: boolean } = {}): Promise<OwnRedis> {
  const binary = ownBinary();
  if (!binary) throw new Error('No Redis binary: declare the suite with describeOwnRedis.');
  const folder = mkdtempSync(join(tmpdir(), 'fleet-redis-'));
  const port = await freePort();
  const command = [
    ...[
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      folder,
      '--save',
      '',
      '--maxmemory-policy',
      'noeviction',
    ],
    ...['--appendonly', options.appendonly ? 'yes' : 'no', '--loglevel', 'warning', '--logfile', join(folder, 'log')],
  ];
  let child: ChildProcess;
  const killOnExit = () => void child.kill('SIGKILL');
  const launch = async (): Promise<void> => {
    child = spawn(binary, command, { stdio: 'ignore' });
    await eventually(() => ping(port), { timeoutMs: 10_000, everyMs: 10 });
  };
  const end = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  process.on('exit', killOnExit);
  await launch();
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: async () => {
      await end();
      process.off('exit', killOnExit);
      rmSync(folder, { recursive: true, force: true });
    },
    kill: end,
    restart: launch,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
  };
}

/** A key prefix that no other test has: suites may share one Redis. */
export const uniquePrefix = (): string => `test-${randomBytes(6).toString('hex')}`;

function ownBinary(): string | undefined {
  return process.env['FLEET_TEST_REDIS_BINARY'];
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

function ping(port: number): Promise<true> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write('PING\r\n'));
    socket.setTimeout(1_000, () => socket.destroy(new Error('no answer')));
    socket.once('error', reject);
    socket.once('data', (data) => {
      socket.destroy();
      if (data.toString().startsWith('+PONG')) resolve(true);
      else reject(new Error(data.toString()));
    });
  });
}
