import type { Cluster } from '../cluster.js';
import type { SelectableCluster } from '../cluster-selector.js';
import type { Fleet } from '../fleet.js';

interface Watched {
  cluster: Cluster;
  /** By which it was selected. */
  labels: SelectableCluster['labels'];
  /** What was last told of it. */
  told: string;
  stop(): void;
}

export interface ClusterChange {
  cluster: Cluster;
  /** `replaced`: another instance stands under the name now; nothing that was known of the old one holds. */
  type: 'added' | 'changed' | 'removed' | 'replaced';
  /** Its labels, where they were others: who sees and selects it by them may be others too. */
  labelsBefore?: SelectableCluster['labels'];
}

/**
 * Hears when a cluster comes, goes, or is shown otherwise: its feed's state and reason, whether this process watches it for
 * itself, its version.
 */
export class ClusterChanges {
  private readonly watched = new Map<string, Watched>();
  private readonly stopWatching: () => void;

  constructor(
    private readonly fleet: Pick<Fleet, 'clusters' | 'onClusters'>,
    private readonly listener: (change: ClusterChange) => void,
  ) {
    for (const cluster of fleet.clusters()) this.watch(cluster);
    this.stopWatching = fleet.onClusters(() => this.compare());
  }

  close(): void {
    this.stopWatching();
    for (const { stop } of this.watched.values()) stop();
    this.watched.clear();
  }

  private compare(): void {
    const now = new Map(this.fleet.clusters().map((cluster) => [cluster.name, cluster]));
    for (const [name, { cluster, stop }] of this.watched) {
      if (now.get(name) === cluster) continue;
      stop();
      this.watched.delete(name);
      if (!now.has(name)) this.listener({ cluster, type: 'removed' });
      else this.listener({ cluster, type: 'replaced' });
    }
    for (const cluster of now.values()) {
      const watched = this.watched.get(cluster.name);
      if (watched) this.look(watched);
      else {
        this.watch(cluster);
        this.listener({ cluster, type: 'added' });
      }
    }
  }

  private look(watched: Watched): void {
    const { cluster, told, labels } = watched;
    watched.told = faceOf(cluster);
    watched.labels = cluster.labels;
    if (watched.told === told) return;
    const isSelectedOtherwise = JSON.stringify(labels) !== JSON.stringify(cluster.labels);
    this.listener({ cluster, type: 'changed', ...(isSelectedOtherwise ? { labelsBefore: labels } : {}) });
  }

  private watch(cluster: Cluster): void {
    const watched = { cluster, labels: cluster.labels, told: faceOf(cluster) };
    const stop = cluster.feed.onTouch(() => this.look(entry));
    const entry: Watched = { ...watched, stop };
    this.watched.set(cluster.name, entry);
  }
}

/** What makes a cluster look otherwise; when it was last heard of does not. */
function faceOf({ feed, facts, labels, config }: Cluster): string {
  const { state, reason, notice, incomplete } = feed.snapshot();
  return JSON.stringify([
    state,
    feed.localSince !== undefined,
    reason,
    notice,
    incomplete?.message,
    facts.version,
    facts.uiUrl,
    labels,
    config.readOnly,
  ]);
}
