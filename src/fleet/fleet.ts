import type { Cluster } from './cluster.js';
import { FleetIndex } from './index/fleet-index.js';

/** A cluster that is open, with the way to close everything that belongs to it. */
export interface OpenCluster {
  cluster: Cluster;
  close(): Promise<void>;
}

/** All configured clusters: many Argo CDs as one. Callers work with a `FleetView`, never with the fleet itself. */
export class Fleet {
  /** All rows of all clusters. */
  readonly index = new FleetIndex();
  private readonly open = new Map<string, OpenCluster>();
  private readonly listeners = new Set<() => void>();

  /** In the order of the configuration. */
  clusters(): Cluster[] {
    return [...this.open.values()].map(({ cluster }) => cluster);
  }

  /** For the worker of a job, which acts for a caller who was checked when the job was made. */
  cluster(name: string): Cluster | undefined {
    return this.open.get(name)?.cluster;
  }

  add(cluster: OpenCluster): void {
    this.open.set(cluster.cluster.name, cluster);
    this.tell();
  }

  /** Hears after a cluster was added or taken away; `clusters()` says which there are now. */
  onClusters(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Starts to watch every cluster. Waits for none. */
  start(): void {
    for (const cluster of this.clusters()) cluster.start();
  }

  /** Nest calls it when the program ends. Resolves when nothing of any cluster is left. */
  async onModuleDestroy(): Promise<void> {
    const closing = [...this.open.values()];
    this.open.clear();
    await Promise.all(closing.map((cluster) => cluster.close()));
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}
