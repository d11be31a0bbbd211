import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ApplicationRow } from '../../src/cache/row.js';
import type { ProcessRole } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load-config.js';
import type { FeedSnapshot } from '../../src/fleet/feed/feed.js';
import type { ReplicationTimings } from '../../src/fleet/feed/leadership.js';
import { startServer, type RunningServer } from '../../src/server.js';
import type { SimulatorOptions } from '../../src/simulator/simulator-options.js';
import { Simulator } from '../../src/simulator/simulator.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { uniquePrefix } from './redis.js';

/** Everything five times as fast as in earnest. */
export const quick: ReplicationTimings = { ttlMs: 1_500, tickMs: 250, trustMs: 2_500, localAfterMs: 3_000 };

export interface Replica {
  readonly server: RunningServer;
  get(path: string): Promise<any>;
  /** How this replica stands to a cluster. */
  feed(cluster: string): Readonly<FeedSnapshot>;
  rows(cluster: string): ApplicationRow[];
  log(): string;
  close(): Promise<void>;
}

/** A deployment: simulated clusters, and as many servers over them as a test starts, with one Redis in common. */
export class Deployment {
  private readonly running = new Set<Replica>();

  private constructor(
    readonly simulators: Record<string, Simulator>,
    readonly configFile: string,
    private readonly folder: string,
    private readonly timings: ReplicationTimings,
  ) {}

  static async over(
    redisUrl: string,
    clusters: Record<string, SimulatorOptions>,
    options: {
      timings?: Partial<ReplicationTimings>;
      limits?: Record<string, number>;
      keyPrefix?: string;
      server?: Record<string, unknown>;
      /** Jobs in the same Redis too. */
      queue?: boolean;
    } = {},
  ): Promise<Deployment> {
    const folder = await mkdtemp(join(tmpdir(), 'fleet-replicas-'));
    const simulators: Record<string, Simulator> = {};
    const configured = [];
    for (const [i, [name, simulator]] of Object.entries(clusters).entries()) {
      const started = await Simulator.start({ name, applications: 20, seed: i + 1, ...simulator });
      simulators[name] = started;
      const file = join(folder, `${name}.token`);
      await writeFile(file, started.tokens.admin, { mode: 0o600 });
      configured.push({ name, url: started.url, token: { file }, limits: options.limits });
    }
    const configFile = join(folder, 'fleet.yaml');
    const queue = options.queue ? { queue: redisUrl } : {};
    const redis = { cache: redisUrl, ...queue, keyPrefix: options.keyPrefix ?? uniquePrefix() };
    const server = { host: '127.0.0.1', port: 0, ...options.server };
    const text = { server, redis, clusters: configured };
    await writeFile(configFile, stringify(JSON.parse(JSON.stringify(text))), { mode: 0o600 });
    return new Deployment(simulators, configFile, folder, { ...quick, ...options.timings });
  }

  /** Starts one more server. */
  async replica(role: ProcessRole = 'api'): Promise<Replica> {
    const lines: string[] = [];
    const log = createLogger('info', { write: (line: string) => void lines.push(line) });
    const { config } = loadConfig({ file: this.configFile, overrides: { port: 0 } });
    const server = await startServer({ config, role, log, replication: this.timings });
    const cluster = (name: string) => server.fleet.clusters().find((each) => each.name === name)!;
    const replica: Replica = {
      server,
      get: async (path) => (await fetch(server.url + path)).json(),
      feed: (name) => cluster(name).feed.snapshot(),
      rows: (name) => [...cluster(name).rows.rows()],
      log: () => lines.join(''),
      close: async () => {
        this.running.delete(replica);
        await server.close();
      },
    };
    this.running.add(replica);
    return replica;
  }

  /** Streams that are open at a cluster, whoever opened them. */
  watchers(cluster: string): number {
    return this.simulators[cluster]!.openStreams();
  }

  async close(): Promise<void> {
    await Promise.all([...this.running].map((replica) => replica.close()));
    await Promise.all(Object.values(this.simulators).map((simulator) => simulator.close()));
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** What a cluster itself says of its applications, in the words of rows. */
export async function truthOf(simulator: Simulator): Promise<string[]> {
  const answer = await fetch(`${simulator.url}/api/v1/applications`, {
    headers: { authorization: `Bearer ${simulator.tokens.admin}` },
  });
  const { items } = (await answer.json()) as { items: any[] | null };
  return (items ?? [])
    .map(({ metadata, spec, status, operation }) =>
      [
        ...[metadata.namespace, metadata.name, metadata.uid, metadata.resourceVersion, spec.project],
        ...[status?.health?.status ?? 'Unknown', status?.sync?.status ?? 'Unknown', status?.operationState?.phase],
        operation !== undefined,
      ].join(' '),
    )
    .sort();
}

/** Rows in the same words. */
export const wordsOf = (rows: readonly ApplicationRow[]): string[] =>
  rows
    .map((row) =>
      [
        ...[row.namespace, row.name, row.uid, row.resourceVersion, row.project],
        ...[row.health, row.sync, row.operation?.phase, row.operating],
      ].join(' '),
    )
    .sort();
