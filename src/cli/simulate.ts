import { CommandError, listenError } from './exit.js';
import { untilAskedToStop } from './signals.js';
import {
  closeSimulatedFleet,
  simulatedVersions,
  startSimulatedFleet,
  writeFleetConfig,
  type SimulatedCluster,
} from './simulated-fleet.js';

export interface SimulateOptions {
  clusters: number;
  applications: number;
  port: number;
  versions: string;
  writeConfig?: string;
}

/**
 * Simulators alone. Prints one JSON line per cluster, `{"cluster", "url", "token", "version", "admin"}`, when all of
 * them answer; runs until it is asked to stop.
 */
export async function simulate(options: SimulateOptions): Promise<void> {
  const versions = options.versions.split(',').map((text) => {
    const version = simulatedVersions.find((known) => known === text.trim());
    if (!version) throw new CommandError(`--versions: "${text.trim()}" is none of ${simulatedVersions.join(', ')}.`);
    return version;
  });
  const { clusters, applications, port } = options;
  const fleet = await startSimulatedFleet({ clusters, applications, port, versions }).catch((error: unknown) => {
    throw listenError(error, '127.0.0.1', port);
  });
  try {
    if (options.writeConfig) await writeFleetConfig(options.writeConfig, fleet, { host: '127.0.0.1', port: 8090 });
    for (const cluster of fleet) process.stdout.write(`${JSON.stringify(lineOf(cluster))}\n`);
    await untilAskedToStop();
  } finally {
    await closeSimulatedFleet(fleet);
  }
}

const lineOf = ({ name, simulator }: SimulatedCluster) => ({
  cluster: name,
  url: simulator.url,
  token: simulator.tokens.admin,
  version: simulator.version,
  admin: simulator.adminUrl,
});
