import type { SelectableCluster } from './cluster-selector.js';

const keptMax = 1_000;

/**
 * Clusters that left the fleet while this process runs, with the labels they had last: whoever could see their jobs still
 * can. The names that left first are forgotten first.
 */
export class Departed {
  private readonly clusters = new Map<string, SelectableCluster>();

  add({ name, labels }: SelectableCluster): void {
    this.clusters.delete(name);
    this.clusters.set(name, { name, labels });
    const [oldest] = this.clusters.keys();
    if (this.clusters.size > keptMax && oldest !== undefined) this.clusters.delete(oldest);
  }

  /** It is back. */
  remove(name: string): void {
    this.clusters.delete(name);
  }

  labelsOf(name: string): SelectableCluster | undefined {
    return this.clusters.get(name);
  }
}
