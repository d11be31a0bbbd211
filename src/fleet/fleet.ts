import { isSliceOver, nextSlice } from '../argocd/time-slice.js';
import type { Config, ClusterConfig } from '../config/config.js';
import type { ConfigUser, Prepared } from '../config/live-config.js';
import type { Cluster } from './cluster.js';
import type { ClusterLink, HeldCluster } from './cluster-link.js';
import { Departed } from './departed.js';
import { abandonPlan, planFleet, summaryOf, type FleetPlan } from './fleet-plan.js';
import { type FleetIndex } from './index/fleet-index.js';
import type { OpenCluster } from './open-cluster.js';

/** How clusters come and go. */
export interface ClusterOpener {
  /** The way to a cluster that is not open yet. Throws `cluster_refused` when its files cannot be read. */
  link(config: ClusterConfig): ClusterLink;
  /** Contacts nobody. */
  open(link: ClusterLink): Promise<OpenCluster>;
  /** Called when nothing of a removed cluster is left and no other has its name. */
  forget(name: string): Promise<void>;
  /** The program ends, and the store did not take the last of these clusters. */
  leftUnwritten(names: readonly string[]): void;
}

/** What the fleet was configured with. */
export interface FleetConfiguration {
  hash: string;
  loadedAt: Date;
}

/** All configured clusters: many Argo CDs as one. Callers work with a `FleetView`, never with the fleet itself. */
export class Fleet implements ConfigUser {
  /** Clusters that left the fleet while this process ran. */
  readonly departed = new Departed();
  private open = new Map<string, OpenCluster>();
  /** What still ends of clusters that are gone. */
  private readonly leaving = new Map<OpenCluster, Promise<void>>();
  private readonly listeners = new Set<() => void>();
  private isStarted = false;
  private taken: FleetConfiguration = { hash: '', loadedAt: new Date() };

  constructor(
    /** All rows of all clusters. */
    readonly index: FleetIndex,
    private readonly opener: ClusterOpener,
  ) {}

  /** In the order of the configuration. */
  clusters(): Cluster[] {
    return [...this.open.values()].map(({ cluster }) => cluster);
  }

  /** For the worker of a job, which acts for a caller who was checked when the job was made. */
  cluster(name: string): Cluster | undefined {
    return this.open.get(name)?.cluster;
  }

  /** Which configuration the clusters are those of. */
  get configuration(): FleetConfiguration {
    return this.taken;
  }

  /**
   * A cluster for a job, which keeps the client it began with. One that this process does not know yet may be configured
   * any moment, where replicas read a new configuration one after the other: that is waited for, at most `patienceMs`.
   * Undefined when there is none, at once if it has left.
   */
  async hold(name: string, { signal, patienceMs }: { signal: AbortSignal; patienceMs: number }) {
    const held = (): HeldCluster | undefined => this.cluster(name)?.hold();
    if (this.cluster(name) || this.departed.labelsOf(name)) return held();
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        stopListening();
        resolve();
      };
      const timer = setTimeout(done, patienceMs);
      signal.addEventListener('abort', done);
      const stopListening = this.onClusters(() => {
        if (this.cluster(name)) done();
      });
      if (signal.aborted) done();
    });
    return held();
  }

  /** Hears after clusters were added, taken away or configured otherwise; `clusters()` says which there are now. */
  onClusters(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Starts to watch every cluster, those that come later too. Waits for none. */
  start(): void {
    this.isStarted = true;
    for (const cluster of this.clusters()) cluster.start();
  }

  /**
   * Makes ready for other clusters. At `commit` those with other labels, credentials or limits go on with their rows and
   * their feed; those with another URL begin anew, and nothing of the old one is kept; those that are gone end, while
   * jobs that run on them go on with their client.
   */
  async prepare({ clusters, hash }: Pick<Config, 'clusters' | 'hash'>): Promise<Prepared> {
    const plan = await planFleet(this.open, clusters, (config) => this.opener.link(config));
    return {
      summary: summaryOf(plan, [...this.open.keys()]),
      commit: () => this.commit(plan, hash),
      abandon: () => abandonPlan(plan),
    };
  }

  /** Nest calls it when the program ends. Resolves when nothing of any cluster is left. */
  async onModuleDestroy(): Promise<void> {
    const closing = [...this.open.values(), ...this.leaving.keys()];
    this.open.clear();
    const unwritten: string[] = [];
    const close = async (cluster: OpenCluster): Promise<void> => {
      if (!(await cluster.stop())) unwritten.push(cluster.cluster.name);
      await cluster.close();
    };
    await Promise.all(closing.map(close));
    await Promise.all(this.leaving.values());
    if (unwritten.length > 0) this.opener.leftUnwritten(unwritten);
  }

  private async commit(plan: FleetPlan, hash: string): Promise<void> {
    for (const { change } of plan.changed) change.commit();
    for (const { cluster } of plan.removed) {
      this.open.delete(cluster.name);
      this.departed.add(cluster);
    }
    this.taken = { hash, loadedAt: new Date() };
    this.changed();
    // What is shown of an address that is no longer asked must not pass for true.
    for (const { instead } of plan.opened) instead?.cluster.feed.move('seeding', 'its address was changed');
    const gone = [...plan.removed, ...plan.opened.flatMap(({ instead }) => instead ?? [])];
    await Promise.all(gone.map((cluster) => this.leave(cluster)));
    for (const { link } of plan.opened) {
      // A hundred new ones must not hold up those who ask the others.
      if (isSliceOver()) await nextSlice();
      const opened = await this.opener.open(link);
      this.departed.remove(link.config.name);
      this.open.set(link.config.name, opened);
      if (this.isStarted) opened.cluster.start();
    }
    this.open = new Map(plan.order.flatMap((name) => entryOf(this.open, name)));
    this.changed();
  }

  /** Resolves when nothing follows it any more; its client lives on until nobody needs it. */
  private async leave(cluster: OpenCluster): Promise<void> {
    await cluster.stop({ forget: true });
    const end = async (): Promise<void> => {
      await cluster.link.retire();
      await cluster.close();
      this.leaving.delete(cluster);
      const { name } = cluster.cluster;
      if (!this.open.has(name)) await this.opener.forget(name);
    };
    this.leaving.set(cluster, end());
  }

  private changed(): void {
    this.index.bump();
    for (const listener of this.listeners) listener();
  }
}

function entryOf(open: ReadonlyMap<string, OpenCluster>, name: string): [string, OpenCluster][] {
  const cluster = open.get(name);
  return cluster ? [[name, cluster]] : [];
}
