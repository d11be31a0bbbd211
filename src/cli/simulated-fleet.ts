import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { stringify } from 'yaml';
import type { SimulatorOptions } from '../simulator/simulator-options.js';
import { Simulator } from '../simulator/simulator.js';

type Version = NonNullable<SimulatorOptions['version']>;

export const simulatedVersions: readonly Version[] = ['2.14', '3.1', '3.5', '3.6'];

/** One simulated instance with its place in the fleet. */
export interface SimulatedCluster {
  name: string;
  labels: Record<string, string>;
  simulator: Simulator;
}

const regions = ['eu', 'us', 'ap'];
const environments = ['prod', 'staging', 'dev'];

/** `eu-prod`, `us-prod`, `ap-prod`, `eu-staging`, ... and the same again with a number. */
export function placeOf(index: number): { name: string; labels: Record<string, string> } {
  const round = Math.floor(index / (regions.length * environments.length));
  const region = regions[index % regions.length] as string;
  const env = environments[Math.floor(index / regions.length) % environments.length] as string;
  return { name: `${region}-${env}${round > 0 ? `-${round + 1}` : ''}`, labels: { env, region } };
}

/**
 * Starts simulators on consecutive ports (`port` 0: any free ones), with the applications spread evenly. Those that were
 * started are closed again when one fails.
 */
export async function startSimulatedFleet(options: {
  clusters: number;
  applications: number;
  port: number;
  versions: readonly Version[];
}): Promise<SimulatedCluster[]> {
  const started: SimulatedCluster[] = [];
  try {
    for (let index = 0; index < options.clusters; index++) {
      const share = Math.floor(((index + 1) * options.applications) / options.clusters);
      const before = Math.floor((index * options.applications) / options.clusters);
      const place = placeOf(index);
      const simulator = await Simulator.start({
        name: place.name,
        port: options.port === 0 ? 0 : options.port + index,
        version: options.versions[index % options.versions.length],
        applications: share - before,
        seed: index + 1,
      });
      started.push({ ...place, simulator });
    }
    return started;
  } catch (error) {
    await closeSimulatedFleet(started);
    throw error;
  }
}

export async function closeSimulatedFleet(clusters: readonly SimulatedCluster[]): Promise<void> {
  await Promise.all(clusters.map(({ simulator }) => simulator.close()));
}

/**
 * Writes a configuration that points at the simulators, with one token file per cluster (readable by the owner alone)
 * in a folder `<file>.tokens` beside it.
 */
export async function writeFleetConfig(
  file: string,
  clusters: readonly SimulatedCluster[],
  server: object,
): Promise<void> {
  const path = resolve(file);
  const tokens = `${path}.tokens`;
  await mkdir(dirname(path), { recursive: true });
  await mkdir(tokens, { recursive: true, mode: 0o700 });
  for (const { name, simulator } of clusters) {
    await writeFile(join(tokens, name), simulator.tokens.admin, { mode: 0o600 });
  }
  const config = {
    server,
    clusters: clusters.map(({ name, labels, simulator }) => ({
      name,
      url: simulator.url,
      labels,
      token: { file: join(tokens, name) },
    })),
  };
  await writeFile(path, `# Written by argocd-fleet-mcp simulate\n${stringify(config)}`, { mode: 0o600 });
}
