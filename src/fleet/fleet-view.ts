import type { DetailCache } from '../cache/detail-cache.js';
import { AppError } from '../errors/app-error.js';
import { findApplication, type ApplicationName } from './answers/application-lookup.js';
import { compareApplication, type CompareQuery, type ComparisonMemory } from './answers/compare-application.js';
import type { Comparison } from './answers/comparison.js';
import type { Fleet } from './fleet.js';
import { fleetStatus, type FleetStatus, type FleetStatusQuery } from './answers/fleet-status.js';
import { getApplication, type ApplicationAnswer } from './answers/get-application.js';
import { listApplications, type ApplicationsPage, type ListApplicationsQuery } from './answers/list-applications.js';
import { listClusters, type ClustersPage } from './answers/list-clusters.js';
import { readLive } from './answers/read-application.js';
import type { Removals } from './answers/removals.js';
import type { Scope } from './scope.js';
import { VisibleClusters } from './visible-clusters.js';

/** One application that a change is about, with its place resolved. */
export interface Target {
  cluster: string;
  namespace: string;
  application: string;
  project: string;
}

/** What answers to all callers remember of earlier ones. */
export interface FleetMemory {
  details: DetailCache;
  removals: Removals;
  comparisons: ComparisonMemory;
}

/** The fleet as one caller may see it. Every answer of every tool comes through here. */
export class FleetView {
  private readonly clusters: VisibleClusters;

  constructor(
    private readonly fleet: Fleet,
    private readonly scope: Scope,
    private readonly memory: FleetMemory,
  ) {
    this.clusters = new VisibleClusters(() => fleet.clusters(), scope);
  }

  status(query: FleetStatusQuery, signal: AbortSignal): Promise<FleetStatus> {
    return fleetStatus(this.fleet.index, this.clusters, this.scope, query, this.memory.removals, signal);
  }

  listClusters(query: Parameters<typeof listClusters>[2], signal: AbortSignal): Promise<ClustersPage> {
    return listClusters(this.clusters, this.scope, query, signal);
  }

  listApplications(query: ListApplicationsQuery, signal: AbortSignal): Promise<ApplicationsPage> {
    return listApplications(this.fleet.index, this.clusters, this.scope, query, signal);
  }

  getApplication(name: ApplicationName & { fresh?: boolean }, signal: AbortSignal): Promise<ApplicationAnswer> {
    return getApplication(this.clusters, this.scope, name, this.memory.details, signal);
  }

  compareApplication(query: CompareQuery, signal: AbortSignal): Promise<Comparison> {
    const { comparisons, details } = this.memory;
    return compareApplication(this.fleet.index, this.clusters, this.scope, query, comparisons, details, signal);
  }

  /**
   * The one application that a change means. Throws as `findApplication`, and `read_only` when its cluster is
   * read-only. Asks the cluster only if the index does not know the application or the cluster is not live, and
   * then throws what that came to.
   */
  async resolveForChange(name: ApplicationName, signal: AbortSignal): Promise<Target> {
    const found = await findApplication(this.clusters, this.scope, name, { forChange: true, signal });
    const { cluster } = found;
    if (cluster.config.readOnly) {
      throw new AppError('read_only', `Cluster "${cluster.name}" is configured as read-only; nothing was changed.`);
    }
    // A cluster that is not well is asked first: better refused now than by a job that cannot begin.
    const known = cluster.feed.isLive ? found.row : undefined;
    const row = known ?? (await readLive(found, this.scope, name, signal)).row;
    return { cluster: cluster.name, namespace: row.namespace, application: row.name, project: row.project };
  }

  /** Which configuration this process goes by: replicas that differ are seen by it. */
  get configuration(): { hash: string; loadedAt: string } {
    const { hash, loadedAt } = this.fleet.configuration;
    return { hash, loadedAt: loadedAt.toISOString() };
  }

  /** What a job's scope is held against: name and labels of a cluster that is visible, or was until it left. */
  clusterLabels(name: string): { name: string; labels: Readonly<Record<string, string>> } | undefined {
    const cluster = this.fleet.cluster(name) ?? this.fleet.departed.labelsOf(name);
    return cluster && this.scope.cluster(cluster) ? cluster : undefined;
  }
}
