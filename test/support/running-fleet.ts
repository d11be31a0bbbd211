import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { loadConfig } from '../../src/config/load-config.js';
import { startServer, type RunningServer } from '../../src/server.js';
import type { ProcessRole } from '../../src/config/config.js';
import type { SimulatorOptions } from '../../src/simulator/simulator-options.js';
import { Simulator } from '../../src/simulator/simulator.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { eventually } from './eventually.js';

export interface ClusterSetup {
  name: string;
  labels?: Record<string, string>;
  readOnly?: boolean;
  simulator?: SimulatorOptions;
  /** Instead of a simulator. */
  url?: string;
  /** For `url`. */
  token?: string;
  limits?: Record<string, number>;
}

export interface FleetSetup {
  clusters: ClusterSetup[];
  server?: Record<string, unknown>;
  redis?: Record<string, unknown>;
  role?: ProcessRole;
  /** Wait until every simulated cluster is live; default true. */
  live?: boolean;
}

export interface RunningFleet {
  url: string;
  server: RunningServer;
  simulators: Record<string, Simulator>;
  configFile: string;
  get(path: string, headers?: Record<string, string>): Promise<{ status: number; headers: Headers; body: any }>;
  post(
    path: string,
    body: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; headers: Headers; body: any }>;
  close(): Promise<void>;
}

/** Starts simulators and the real server over them, through a configuration file, on free ports. */
export async function runFleet(setup: FleetSetup): Promise<RunningFleet> {
  const folder = await mkdtemp(join(tmpdir(), 'fleet-test-'));
  const simulators: Record<string, Simulator> = {};
  const clusters = [];
  for (const [i, cluster] of setup.clusters.entries()) {
    let url = cluster.url;
    let token = cluster.token ?? 'none';
    if (!url) {
      const simulator = await Simulator.start({
        name: cluster.name,
        applications: 10,
        seed: i + 1,
        ...cluster.simulator,
      });
      simulators[cluster.name] = simulator;
      url = simulator.url;
      token = simulator.tokens.admin;
    }
    const file = join(folder, `${cluster.name}.token`);
    await writeFile(file, token, { mode: 0o600 });
    const { name, labels, readOnly, limits } = cluster;
    clusters.push({ name, url, labels, readOnly, limits, token: { file } });
  }
  const configFile = join(folder, 'fleet.yaml');
  const server = { host: '127.0.0.1', port: 0, ...setup.server };
  const text = stringify(JSON.parse(JSON.stringify({ server, redis: setup.redis, clusters })));
  await writeFile(configFile, text, { mode: 0o600 });
  const { config } = loadConfig({ file: configFile, overrides: { port: 0 } });
  const running = await startServer({ config, role: setup.role ?? 'all', log: createLogger('silent') });

  const call = async (path: string, init?: RequestInit) => {
    const answer = await fetch(running.url + path, init);
    const text = await answer.text();
    let body: unknown = text;
    if (/json/.test(answer.headers.get('content-type') ?? '')) body = JSON.parse(text);
    return { status: answer.status, headers: answer.headers, body };
  };
  if (setup.live ?? true) {
    await eventually(() => {
      for (const cluster of running.fleet.clusters()) {
        const { state } = cluster.feed.snapshot();
        if (state !== 'live') throw new Error(`${cluster.name} is ${state}`);
      }
    });
  }
  return {
    url: running.url,
    server: running,
    simulators,
    configFile,
    get: (path, headers = {}) => call(path, { headers }),
    post: (path, body, headers = {}) =>
      call(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    close: async () => {
      await running.close();
      await Promise.all(Object.values(simulators).map((simulator) => simulator.close()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
