import { LRUCache } from 'lru-cache';
import { revisionsOf } from '../../argocd/rules.js';
import type { Application } from '../../argocd/schemas.js';
import type { ApplicationRow } from '../../cache/row.js';
import type { Cluster } from '../cluster.js';
import { addressOf, lineOf, timeOf } from '../index/upstream-values.js';
import type { DeployedSource } from './lag.js';
import { parametersOf, type Parameters } from './parameters.js';

/** What a comparison needs of an application that its row does not hold. */
export interface InstanceFacts {
  /** What the last deployment brought, one per source; absent when the history is empty. */
  lastDeployed?: DeployedSource[];
  /** ISO 8601: when. */
  deployedAt?: string;
  parameters: Parameters;
}

const parametersMax = 100_000;
const sourcesMax = 20;

/**
 * What was read of applications for comparisons, of this process alone: what parameters are set to must not leave it,
 * not even as digests. Bounded by the number of parameters.
 */
export class KnownFacts {
  private readonly facts = new LRUCache<string, InstanceFacts>({
    maxSize: parametersMax,
    sizeCalculation: ({ parameters }) => 10 + parameters.all.size,
  });

  get(cluster: Cluster, row: ApplicationRow): InstanceFacts | undefined {
    const key = keyOf(cluster, row);
    return key === undefined ? undefined : this.facts.get(key);
  }

  put(cluster: Cluster, row: ApplicationRow, facts: InstanceFacts): void {
    const key = keyOf(cluster, row);
    if (key !== undefined) this.facts.set(key, facts);
  }
}

/** Equal versions are equal objects; rows without one, of polled clusters, are never known. */
function keyOf(cluster: Cluster, { uid, resourceVersion }: ApplicationRow): string | undefined {
  return uid && resourceVersion ? [cluster.name, cluster.config.url, uid, resourceVersion].join(' ') : undefined;
}

export function factsOf(application: Application): InstanceFacts {
  const last = application.status?.history?.at(-1);
  const revisions = revisionsOf(last);
  const several = last?.['sources'];
  const sources = (Array.isArray(several) && several.length > 0 ? several : [last?.['source']]) as unknown[];
  const deployed = sources.slice(0, sourcesMax).flatMap((source, i) => deployedOf(source, revisions[i]) ?? []);
  const deployedAt = timeOf(last?.deployedAt);
  return {
    ...(deployed.length > 0 ? { lastDeployed: deployed } : {}),
    ...(deployedAt ? { deployedAt } : {}),
    parameters: parametersOf(application),
  };
}

/** A source as history remembers it. */
function deployedOf(source: unknown, revision: string | undefined): DeployedSource | undefined {
  const { repoURL, chart } = (source ?? {}) as { repoURL?: unknown; chart?: unknown };
  const repository = typeof repoURL === 'string' ? addressOf(repoURL) : undefined;
  if (!repository) return undefined;
  const chartName = typeof chart === 'string' ? lineOf(chart, 253) : undefined;
  const shown = lineOf(revision, 100);
  return {
    repository,
    ...(chartName ? { chart: chartName } : {}),
    ...(shown ? { revision: shown } : {}),
  };
}

/**
 * What an application runs. Synced says that what runs is what the compared revision says, whatever was deployed last;
 * otherwise it is what the last deployment brought.
 */
export function deployedSources(row: ApplicationRow, facts: InstanceFacts | undefined): DeployedSource[] {
  if (row.sync === 'Synced') {
    return row.sources.map(({ repository, chart }, i) => ({
      repository,
      ...(chart ? { chart } : {}),
      ...(row.revisions[i] ? { revision: row.revisions[i] } : {}),
    }));
  }
  if (facts?.lastDeployed) return facts.lastDeployed;
  return row.sources.map(({ repository, chart }) => ({ repository, ...(chart ? { chart } : {}) }));
}
