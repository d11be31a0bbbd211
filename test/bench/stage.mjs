import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { parse, stringify } from 'yaml';
import { root } from '../../scripts/root.mjs';

const readyMs = 60_000;
const main = join(root, 'dist', 'cli', 'main.js');

/** Starts what a bench needs, each in a process of its own on loopback, and ends all of it. */
export class Stage {
  #children = [];
  #folder = mkdtempSync(join(tmpdir(), 'fleet-bench-'));

  /** Simulators and one server over them that has read the whole fleet. Returns the server's origin. */
  async startServer({ clusters, applications }) {
    const config = join(this.#folder, `fleet-${this.#children.length}.yaml`);
    const options = { clusters, applications, port: 0, 'write-config': config };
    const simulators = this.#spawn('simulate', ...Object.entries(options).flatMap(([k, v]) => [`--${k}`, String(v)]));
    await lines(simulators, clusters);

    const port = await freePort();
    const file = parse(readFileSync(config, 'utf8'));
    writeFileSync(config, stringify({ ...file, server: { ...file.server, host: '127.0.0.1', port } }));
    const origin = `http://127.0.0.1:${port}`;
    const server = this.#spawn('serve', '--config', config);
    server.stdout.resume();
    await until(server, async () => {
      const answer = await request(`${origin}/api/v1/applications?limit=1`);
      const list = await answer.body.json();
      return list.total === applications && list.unavailable.length === 0;
    });
    return origin;
  }

  async startFloor(answer) {
    const child = fork(join(root, 'test', 'bench', 'floor.mjs'));
    this.#children.push(child);
    child.send(answer);
    const [{ port }] = await once(child, 'message');
    return `http://127.0.0.1:${port}`;
  }

  async close() {
    const children = this.#children.splice(0).filter((child) => child.exitCode === null && child.signalCode === null);
    await Promise.all(
      children.map(async (child) => {
        const gone = once(child, 'exit');
        child.kill('SIGTERM');
        const isGone = await Promise.race([gone.then(() => true), delay(10_000, false, { ref: false })]);
        if (!isGone) child.kill('SIGKILL');
      }),
    );
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #spawn(...args) {
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.errors = '';
    child.stderr.on('data', (data) => (child.errors = (child.errors + data).slice(-2_000)));
    this.#children.push(child);
    return child;
  }
}

/** Waits until a program has printed so many lines. */
async function lines(child, count) {
  let seen = 0;
  for await (const _line of createInterface({ input: child.stdout })) {
    seen += 1;
    if (seen === count) break;
  }
  child.stdout.resume();
  if (seen < count) throw new Error(`The simulators did not start: ${child.errors}`);
}

async function until(child, isReady) {
  const end = Date.now() + readyMs;
  while (Date.now() < end) {
    if (child.exitCode !== null) throw new Error(`The server did not start: ${child.errors}`);
    if (await isReady().catch(() => false)) return;
    await delay(100);
  }
  throw new Error(`The server has not read the fleet within ${readyMs / 1000} s: ${child.errors}`);
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}
