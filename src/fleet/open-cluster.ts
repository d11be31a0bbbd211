import type { Cluster } from './cluster.js';
import type { ClusterLink } from './cluster-link.js';

/** A cluster that is open, with the way to close everything that belongs to it. */
export interface OpenCluster {
  cluster: Cluster;
  link: ClusterLink;
  /**
   * Resolves when nothing follows it any more; its rows are gone. Its client stays open. Answers false if the store did
   * not take the last of it.
   */
  stop(options?: { forget?: boolean }): Promise<boolean>;
  /** At once, with all that is under way. Nothing is left. */
  close(): Promise<void>;
}
