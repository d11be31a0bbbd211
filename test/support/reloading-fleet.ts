import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { stringify } from 'yaml';
import { configSource } from '../../src/config/config-source.js';
import { startServer, type RunningServer } from '../../src/server.js';
import type { SimulatorOptions } from '../../src/simulator/simulator-options.js';
import { Simulator } from '../../src/simulator/simulator.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { eventually } from './eventually.js';

/** A cluster as it stands in the file; `simulator` names which one it points at. */
export interface FileCluster {
  name: string;
  simulator?: string;
  [field: string]: unknown;
}

/** A server on a configuration file that tests change while it runs, over simulators. */
export class ReloadingFleet {
  readonly folder = mkdtempSync(join(tmpdir(), 'fleet-reload-'));
  readonly file = join(this.folder, 'fleet.yaml');
  readonly simulators: Record<string, Simulator> = {};
  readonly lines: Record<string, unknown>[] = [];
  server!: RunningServer;

  static async start(
    clusters: FileCluster[],
    options: { server?: object; redis?: object; simulators?: Record<string, SimulatorOptions> } = {},
  ): Promise<ReloadingFleet> {
    const fleet = new ReloadingFleet();
    for (const [name, more] of Object.entries(options.simulators ?? {})) await fleet.simulate(name, more);
    for (const { name, simulator = name } of clusters) {
      if (!fleet.simulators[simulator]) await fleet.simulate(simulator);
    }
    fleet.write(clusters, options);
    const source = configSource({ file: fleet.file, overrides: { port: 0 } });
    const write = (line: string): void => void fleet.lines.push(JSON.parse(line) as Record<string, unknown>);
    const { config, warnings } = source.load();
    fleet.server = await startServer({ config, role: 'all', log: createLogger('debug', { write }), source, warnings });
    await fleet.allLive();
    return fleet;
  }

  async simulate(name: string, more: SimulatorOptions = {}): Promise<Simulator> {
    const simulator = await Simulator.start({ name, applications: 10, ...more });
    this.simulators[name] = simulator;
    this.writeToken(name, simulator.tokens.admin);
    return simulator;
  }

  tokenFile(name: string): string {
    return join(this.folder, `${name}.token`);
  }

  writeToken(name: string, token: string): void {
    this.replace(this.tokenFile(name), token);
  }

  /** The whole configuration, by renaming, as careful programs write. */
  write(clusters: FileCluster[], more: { server?: object; redis?: object } = {}): void {
    const entries = clusters.map(({ name, simulator = name, ...rest }) => ({
      name,
      url: this.simulators[simulator]?.url,
      token: { file: this.tokenFile(simulator) },
      ...rest,
    }));
    const server = { host: '127.0.0.1', ...more.server };
    this.writeText(stringify({ server, redis: more.redis, clusters: entries }, { keepUndefined: false }));
  }

  writeText(text: string): void {
    this.replace(this.file, text);
  }

  /** By renaming. */
  replace(file: string, text: string): void {
    writeFileSync(`${file}.new`, text, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<{ status: number; body: any }> {
    const answer = await fetch(`${this.server.url}/api/v1${path}`, { headers });
    return { status: answer.status, body: await answer.json() };
  }

  async sync(application: string, cluster: string): Promise<any> {
    const answer = await fetch(`${this.server.url}/api/v1/applications/${application}/sync`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ cluster }),
    });
    expect(answer.status).toBe(202);
    return ((await answer.json()) as { job: unknown }).job;
  }

  async metrics(): Promise<string> {
    return (await fetch(`${this.server.url}/metrics`)).text();
  }

  /** Names of the clusters, in their order. */
  async names(): Promise<string[]> {
    return (await this.get('/clusters')).body.clusters.map(({ cluster }: { cluster: string }) => cluster);
  }

  async allLive(): Promise<void> {
    await eventually(() => {
      for (const { name, feed } of this.server.fleet.clusters()) {
        if (feed.snapshot().state !== 'live') throw new Error(`${name} is ${feed.snapshot().state}`);
      }
    });
  }

  /** Lines of the log about reloads; those at debug level say only that nothing was changed. */
  reloads(): Record<string, any>[] {
    return this.lines.filter(({ result, level }) => result !== undefined && level !== 'debug');
  }

  async close(): Promise<void> {
    await this.server?.close();
    await Promise.all(Object.values(this.simulators).map((simulator) => simulator.close()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
