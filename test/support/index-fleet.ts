import { rowKey, type ApplicationRow } from '../../src/cache/row.js';
import type { ClusterConfig } from '../../src/config/config.js';
import { defaultLimits } from '../../src/config/defaults.js';
import { fleetStatus, type FleetStatusQuery } from '../../src/fleet/answers/fleet-status.js';
import { listApplications, type ListApplicationsQuery } from '../../src/fleet/answers/list-applications.js';
import type { Removals } from '../../src/fleet/answers/removals.js';
import { Cluster } from '../../src/fleet/cluster.js';
import { Feed } from '../../src/fleet/feed/feed.js';
import type { LiveRefresh } from '../../src/fleet/feed/live-refresh.js';
import { FleetIndex } from '../../src/fleet/index/fleet-index.js';
import { everything, type Scope } from '../../src/fleet/scope.js';
import { VisibleClusters } from '../../src/fleet/visible-clusters.js';

/** A fleet that is an index and nothing else: no process, no Argo CD. Its clusters are live, and asked live they do `refresh`. */
export class IndexFleet {
  readonly index = new FleetIndex();
  readonly clusters = new Map<string, Cluster>();

  addCluster(name: string, { url = `https://${name}.example.com`, timeoutMs = 200 } = {}): Cluster {
    const rows = this.index.open(name);
    const feed = new Feed();
    const limits = { ...defaultLimits, timeoutMs };
    const config = { name, url, labels: {}, readOnly: false, limits } as unknown as ClusterConfig;
    const link = { config, api: undefined as never, hold: () => undefined as never };
    const live = { refresh: (signal: AbortSignal) => this.refresh(cluster, signal) } as LiveRefresh;
    const cluster = new Cluster(link, rows, feed, {}, { start: () => feed.move('live') }, live);
    this.clusters.set(name, cluster);
    cluster.start();
    return cluster;
  }

  /** What asking a cluster live does; tests replace it. */
  refresh: (cluster: Cluster, signal: AbortSignal) => Promise<void> = async () => undefined;

  dropCluster(name: string): void {
    this.clusters.delete(name);
    this.index.drop(name);
  }

  put(...rows: ApplicationRow[]): void {
    for (const row of rows) this.clusters.get(row.cluster)?.rows.replace(row, 1);
  }

  remove(row: ApplicationRow): void {
    this.clusters.get(row.cluster)?.rows.remove(rowKey(row));
  }

  list(query: Partial<ListApplicationsQuery> = {}, scope: Scope = everything) {
    const visible = new VisibleClusters(() => [...this.clusters.values()], scope);
    const signal = new AbortController().signal;
    return listApplications(this.index, visible, scope, { limit: 20, sort: 'urgency', ...query }, signal);
  }

  status(query: FleetStatusQuery, scope: Scope, removals: Removals) {
    const visible = new VisibleClusters(() => [...this.clusters.values()], scope);
    return fleetStatus(this.index, visible, scope, query, removals, new AbortController().signal);
  }
}
