import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { loadConfig } from '../config/load-config.js';
import { startServer, type RunningServer } from '../server.js';
import { createLogger, type LogLevel } from '../telemetry/logger.js';
import { listenError } from './exit.js';
import { untilAskedToStop } from './signals.js';
import {
  closeSimulatedFleet,
  startSimulatedFleet,
  writeFleetConfig,
  type SimulatedCluster,
} from './simulated-fleet.js';

export interface DemoOptions {
  clusters: number;
  applications: number;
  port: number;
  logLevel: LogLevel;
}

const downAfterMs = 60_000;
const downForMs = 30_000;

/** A whole fleet in one process: simulators, the server over them, and one cluster that fails for a while. */
export async function demo({ clusters, applications, port, logLevel }: DemoOptions): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'argocd-fleet-demo-'));
  const fleet = await startSimulatedFleet({ clusters, applications, port: 0, versions: ['3.6', '2.14'] });
  const stopping = new AbortController();
  try {
    const file = join(folder, 'fleet.yaml');
    await writeFleetConfig(file, fleet, { host: '127.0.0.1', port });
    const { config } = loadConfig({ file });
    const server = await startServer({ config, role: 'all', log: createLogger(logLevel) }).catch((error: unknown) => {
      throw listenError(error, '127.0.0.1', port);
    });
    try {
      const seconds = process.uptime().toFixed(1);
      say(welcome(server.url, fleet, applications, seconds, await somethingToSync(server)));
      const outage = failForAWhile(fleet.at(-1) as SimulatedCluster, stopping.signal);
      await untilAskedToStop();
      stopping.abort();
      await outage;
    } finally {
      await server.close();
    }
  } finally {
    await closeSimulatedFleet(fleet);
    await rm(folder, { recursive: true, force: true });
  }
}

/** An application that a sync puts right, for the first try. */
async function somethingToSync({ fleet }: RunningServer): Promise<{ name: string; cluster: string } | undefined> {
  for (const cluster of fleet.clusters()) {
    await cluster.ready(AbortSignal.timeout(5_000));
    for (const row of cluster.rows.rows()) {
      if (row.sync === 'OutOfSync' && row.health === 'Healthy' && row.operation?.phase === 'Succeeded') return row;
    }
  }
  return undefined;
}

async function failForAWhile({ name, simulator }: SimulatedCluster, signal: AbortSignal): Promise<void> {
  try {
    await pause(downAfterMs, undefined, { signal });
    simulator.goDown();
    say(
      `\n${name} is down now. Ask again: its applications are still listed, marked stale, and "unavailable" says why.`,
    );
    await pause(downForMs, undefined, { signal });
    await simulator.comeUp();
    say(`\n${name} is back.`);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function welcome(
  url: string,
  fleet: readonly SimulatedCluster[],
  applications: number,
  seconds: string,
  toSync: { name: string; cluster: string } | undefined,
): string {
  const names = fleet.map(({ name, simulator }) => `${name} (${simulator.version})`).join(', ');
  const { name, cluster } = toSync ?? { name: 'NAME', cluster: fleet[0]?.name };
  const last = fleet.at(-1)?.name;
  return `
A demo fleet is running (ready after ${seconds} s): ${applications} applications on ${fleet.length} clusters
  ${names}

  MCP   ${url}/mcp
  REST  ${url}/api/v1        OpenAPI: ${url}/api/v1/openapi.json

Try, in another terminal:
  curl -s '${url}/api/v1/clusters'
  curl -s '${url}/api/v1/applications?limit=5'
  curl -s '${url}/api/v1/applications?cluster=env=prod&sync=OutOfSync&limit=3'
  curl -s '${url}/api/v1/applications/${name}/sync' -H 'Content-Type: application/json' -d '{"cluster":"${cluster}"}'
  curl -s '${url}/api/v1/jobs/JOB_ID/wait'

Or give it to an agent:
  claude mcp add --transport http fleet ${url}/mcp

In a minute ${last} goes down for half a minute, so that you see what a missing cluster looks like.
Jobs are kept in memory (no Redis): they are lost when you stop this with Ctrl-C.
`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
