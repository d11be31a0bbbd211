import { EmbeddedChangeLog } from '../../src/cache/embedded-change-log.js';
import { rowKey, type ApplicationRow } from '../../src/cache/row.js';
import type { Cluster } from '../../src/fleet/cluster.js';
import { Audience, type EventsQuery } from '../../src/fleet/events/audience.js';
import { FleetEvents, type EventfulFleet } from '../../src/fleet/events/fleet-events.js';
import type { ToldEvent } from '../../src/fleet/events/subscription.js';
import { Feed } from '../../src/fleet/feed/feed.js';
import { Departed } from '../../src/fleet/departed.js';
import { FleetIndex } from '../../src/fleet/index/fleet-index.js';
import { everything, type Scope } from '../../src/fleet/scope.js';
import { aRow } from './rows.js';

/** A fleet of the cluster `eu` that the test moves by hand, with its log and its events; what a stream and a store would do to it. */
export class EventFleet {
  readonly fleet: EventfulFleet;
  readonly log = new EmbeddedChangeLog();
  readonly events: FleetEvents;
  private readonly index = new FleetIndex();
  private readonly listeners = new Set<() => void>();
  private readonly clusters = new Map<string, Cluster>();
  private version = 0;

  constructor(private readonly options: { historyMax?: number; now?: () => number } = {}) {
    this.fleet = {
      index: this.index,
      departed: new Departed(),
      clusters: () => [...this.clusters.values()],
      cluster: (name) => this.clusters.get(name),
      onClusters: (listener) => {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
      },
    };
    this.events = new FleetEvents(this.fleet, this.log, options);
    this.add('eu');
  }

  add(name: string, labels: Record<string, string> = {}): Cluster {
    const rows = this.index.open(name);
    const cluster = {
      name,
      labels,
      config: { readOnly: false },
      rows,
      feed: new Feed('live'),
      facts: {},
      count: () => rows.size,
      isStale: () => false,
    } as unknown as Cluster;
    this.clusters.set(name, cluster);
    this.tell();
    return cluster;
  }

  leave(name: string): void {
    this.fleet.departed.add(this.cluster(name));
    this.clusters.delete(name);
    this.index.drop(name);
    this.tell();
  }

  relabel(name: string, labels: Record<string, string>): void {
    Object.assign(this.cluster(name), { labels });
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }

  cluster(name: string): Cluster {
    return this.clusters.get(name) ?? this.add(name);
  }

  /** Takes a row into the index and, as the store does it, into the log. */
  put(row: Partial<ApplicationRow>): void {
    this.write([row]);
  }

  /** Several rows of one cluster, in one change of the log. */
  write(rows: Partial<ApplicationRow>[]): void {
    const refs = rows.map((part) => {
      const { row, previous } = this.putUnlogged(part);
      const { project } = row;
      return {
        key: rowKey(row),
        project,
        ...(previous && previous.project !== project ? { previousProject: previous.project } : {}),
      };
    });
    this.log.add({ kind: 'rows', cluster: rows[0]?.cluster ?? 'eu', changes: refs });
  }

  /** Into the index alone: the store is away or late. */
  putUnlogged(part: Partial<ApplicationRow>): { row: ApplicationRow; previous?: ApplicationRow } {
    const row = aRow({ cluster: 'eu', resourceVersion: String(++this.version), ...part });
    const { rows } = this.cluster(row.cluster);
    const previous = rows.get(row.namespace, row.name);
    rows.upsert(row, rows.nextEpoch());
    return { row, ...(previous ? { previous } : {}) };
  }

  remove(cluster: string, name: string): void {
    const { rows } = this.cluster(cluster);
    const row = rows.get('argocd', name);
    rows.remove(`argocd/${name}`);
    const ref = { key: `argocd/${name}`, project: row?.project ?? 'default', removed: true as const };
    this.log.add({ kind: 'rows', cluster, changes: [ref] });
  }

  job(cluster: string, project: string, job: Record<string, unknown>): void {
    this.log.noteJob({ cluster, project, job });
  }

  gap(cluster?: string): void {
    this.log.add({ kind: 'gap', ...(cluster ? { cluster } : {}), reason: 'for operators' });
  }

  /** Reads as `scope`. */
  async open(
    query: Partial<EventsQuery> = {},
    { scope = everything, after, max = 1_000 }: { scope?: Scope; after?: string; max?: number } = {},
  ): Promise<Reading> {
    const audience = new Audience(
      scope,
      { types: ['application', 'cluster', 'job'], ...query },
      this.options.now?.() ?? Date.now(),
    );
    const opened = this.events.open(audience, { max, ...(after ? { after } : {}), onOffer: () => undefined });
    const resumed = await opened.resumed;
    return {
      resumed,
      place: opened.place,
      take: () => {
        const taken: Taken[] = [];
        for (let told = opened.next(); told; told = opened.next()) taken.push({ ...told, data: JSON.parse(told.data) });
        return taken;
      },
      takeOne: () => {
        const told = opened.next();
        return told && { ...told, data: JSON.parse(told.data) };
      },
      close: opened.close,
    };
  }
}

export type Taken = Omit<ToldEvent, 'data'> & { data: any };

export interface Reading {
  resumed: boolean;
  place(): string | undefined;
  /** Everything that waits. */
  take(): Taken[];
  takeOne(): Taken | undefined;
  close(): void;
}

export const inProjects = (...projects: string[]): Scope => ({
  cluster: () => true,
  project: (project) => projects.includes(project),
  key: JSON.stringify(projects),
});

export const inClusters = (...names: string[]): Scope => ({
  cluster: ({ name }) => names.includes(name),
  project: () => true,
  key: JSON.stringify({ names }),
});
