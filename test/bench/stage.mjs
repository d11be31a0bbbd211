import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { request } from 'undici';
import { parse, stringify } from 'yaml';
import { root } from '../../scripts/root.mjs';
import { ServerProcess } from './server-process.mjs';

const readyMs = 120_000;
const main = join(root, 'dist', 'cli', 'main.js');
const probe = pathToFileURL(join(root, 'test', 'bench', 'probe.mjs')).href;

/** Starts what a bench needs, each in a process of its own on loopback, and ends all of it. */
export class Stage {
  #children = [];
  folder = mkdtempSync(join(tmpdir(), 'fleet-bench-'));
  /** Apart: a server watches the folder that its configuration stands in. */
  #logs = mkdtempSync(join(tmpdir(), 'fleet-bench-logs-'));

  /** Simulators in one process: a file that configures a fleet of them, and what each says of itself. */
  async startSimulators({ clusters, applications }) {
    const file = join(this.folder, `fleet-${this.#children.length}.yaml`);
    const options = { clusters, applications, port: 0, 'write-config': file };
    const child = this.spawn(main, 'simulate', ...Object.entries(options).flatMap(([k, v]) => [`--${k}`, String(v)]));
    const instances = await lines(child, clusters);
    return { file, applications, instances: instances.map((line) => JSON.parse(line)) };
  }

  /** As `startSimulators`, of many that do nothing by themselves. */
  async startQuietSimulators({ clusters, each }) {
    const file = join(this.folder, `fleet-${this.#children.length}.yaml`);
    const script = join(root, 'test', 'bench', 'simulators.mjs');
    const instances = await lines(this.spawn(script, file, String(clusters), String(each)), clusters);
    return { file, applications: clusters * each, instances: instances.map((line) => JSON.parse(line)) };
  }

  /**
   * As `startQuietSimulators`, but each was asked these paths once and gives what it answered from then on
   * (`recorded-simulators.mjs`). `parse` resolves to what `JSON.parse` of all of it takes there.
   */
  async startRecordedSimulators({ clusters, each, paths }) {
    const file = join(this.folder, `fleet-${this.#children.length}.yaml`);
    const script = join(root, 'test', 'bench', 'recorded-simulators.mjs');
    const child = this.spawn(script, file, String(clusters), String(each), ...paths);
    const instances = await lines(child, clusters);
    const parse = async () => {
      const answer = once(child, 'message');
      child.send('parse');
      return (await answer)[0];
    };
    return { file, applications: clusters * each, instances: instances.map((line) => JSON.parse(line)), parse };
  }

  /**
   * A server over a fleet, ready when it has read all of it.
   *
   * @param change of the configuration, which it may write to
   * @param isReady given what `GET /api/v1/applications?limit=1` answers
   */
  async startServer(fleet, { change = () => undefined, isReady = (list) => isComplete(list, fleet) } = {}) {
    const port = await freePort();
    const config = parse(readFileSync(fleet.file, 'utf8'));
    config.server = { ...config.server, host: '127.0.0.1', port };
    change(config);
    const file = join(this.folder, `server-${port}.yaml`);
    writeFileSync(file, stringify(config), { mode: 0o600 });
    const child = this.spawn('--import', probe, main, 'serve', '--config', file);
    child.stdout.resume();
    const server = new ServerProcess(child, `http://127.0.0.1:${port}`, file);
    await until(child, async () => {
      const answer = await request(`${server.origin}/api/v1/applications?limit=1`);
      return isReady(await answer.body.json());
    });
    return server;
  }

  /** A bare `node:http` that answers everything with these bytes. */
  async startFloor(answer) {
    const child = fork(join(root, 'test', 'bench', 'floor.mjs'));
    this.#children.push(child);
    child.send(answer);
    const [{ port }] = await once(child, 'message');
    return `http://127.0.0.1:${port}`;
  }

  /** Another program; its first lines on stdout can be awaited. */
  spawn(...args) {
    return this.spawnProgram(process.execPath, args, ['ipc']);
  }

  /** What it says on stderr goes into a file: read by this process, a log would take from the load that it makes. */
  spawnProgram(program, args, more = [], options = {}) {
    const log = join(this.#logs, `log-${this.#children.length}`);
    const stderr = openSync(log, 'w');
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', stderr, ...more], ...options });
    closeSync(stderr);
    this.#children.push(child);
    return Object.assign(child, { log });
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
    for (const folder of [this.folder, this.#logs]) rmSync(folder, { recursive: true, force: true });
  }
}

const isComplete = (list, { applications }) => list.total === applications && list.unavailable.length === 0;

/** The first lines that a program prints. */
async function lines(child, count) {
  const seen = [];
  for await (const line of createInterface({ input: child.stdout })) {
    seen.push(line);
    if (seen.length === count) break;
  }
  child.stdout.resume();
  if (seen.length < count) throw new Error(`The simulators did not start: ${errorsOf(child)}`);
  return seen;
}

/** Waits until something is so, or the program that it is about has ended. */
export async function until(child, isReady) {
  const end = Date.now() + readyMs;
  while (Date.now() < end) {
    if (child.exitCode !== null) throw new Error(`The program has ended: ${errorsOf(child)}`);
    if (await isReady().catch(() => false)) return;
    await delay(50);
  }
  throw new Error(`Not ready within ${readyMs / 1000} s: ${errorsOf(child)}`);
}

const errorsOf = ({ log }) => readFileSync(log, 'utf8').slice(-2_000);

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
