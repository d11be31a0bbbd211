import { rowKey, type ApplicationRow } from '../../cache/row.js';
import type { ChangeLog, LoggedChange } from '../../cache/change-log.js';
import { publicRow, type PublicRow } from '../answers/public-row.js';
import type { Cluster } from '../cluster.js';
import type { Fleet } from '../fleet.js';
import type { FleetChange } from '../index/fleet-index.js';
import { everything, type Scope } from '../scope.js';
import { VisibleClusters } from '../visible-clusters.js';
import type { Audience } from './audience.js';
import { ClusterChanges, type ClusterChange } from './cluster-changes.js';
import { EventHistory } from './event-history.js';
import { decodeEventId, encodeEventId, toldAtMs } from './event-id.js';
import { ApplicationEvent, type FleetEvent } from './event.js';
import { eventOf, replayOf, rowAt } from './replay.js';
import { PassingTime } from './passing-time.js';
import { Subscription } from './subscription.js';

/** Events that are kept for readers who come back; what is older stands in the log. */
const historyMax = 5_000;
/** How long a change of a row waits for its place in the log before it is told without one. */
const unloggedMs = 250;
const sweepMs = 100;

export interface OpenOptions {
  /** Applications, clusters and jobs that may wait at once; more become one `reset`. */
  max: number;
  /** Applications are told when anything known of them is otherwise, also what lists do not show. */
  everyChange?: boolean;
  /** The id of the last event that the reader got, if it comes back. */
  after?: string;
  /** Called when there is something to take. */
  onOffer: () => void;
}

export interface OpenEvents {
  /** Gives what waits. */
  next(): ReturnType<Subscription['next']>;
  /**
   * Resolves when it is known whether the reader goes on where it was: true, and what it missed waits; or false, and it
   * must read everything anew (if it asked to go on, a `reset` waits that says why). Nothing waits before that.
   */
  resumed: Promise<boolean>;
  /** The id to resume by after what was taken so far. Absent while there is no such place. */
  place(): string | undefined;
  close(): void;
}

/** The part of the fleet that events are made of. */
export type EventfulFleet = Pick<Fleet, 'clusters' | 'cluster' | 'departed' | 'index' | 'onClusters'>;

interface Unlogged {
  cluster: string;
  key: string;
  before?: ApplicationRow;
  atMs: number;
}

/**
 * What happens in the fleet, as events, in this process: rows as the index takes them, clusters as their feeds change,
 * jobs as they move. The log gives the order that all replicas agree on, and the ids to resume by; the index gives what
 * a row is and was. An event of a row is told when the index holds it, so whoever hears of it sees it in the lists.
 *
 * While the log is away, events go on without ids; when it is back, everybody is told to read anew.
 */
export class FleetEvents {
  private readonly history: EventHistory;
  private readonly subscriptions = new Set<Subscription>();
  /** Changes of rows that the log has not told of, oldest first, with what the row was when it was last told of. */
  private readonly unlogged = new Map<string, Unlogged>();
  private readonly stops: (() => void)[];
  private readonly sweep: NodeJS.Timeout;
  private readonly passing: PassingTime;
  /** Grows when clusters come or go. */
  private fleetVersion = 0;

  constructor(
    private readonly fleet: EventfulFleet,
    private readonly log: ChangeLog,
    private readonly options: { historyMax?: number; now?: () => number } = {},
  ) {
    this.history = new EventHistory(options.historyMax ?? historyMax);
    this.passing = new PassingTime(fleet, this.show, this.now);
    const clusters = new ClusterChanges(fleet, (change) => this.onCluster(change));
    this.stops = [
      () => clusters.close(),
      fleet.index.onChange((change) => this.onRow(change)),
      log.tail((change) => this.onLogged(change)),
    ];
    this.sweep = setInterval(() => this.tick(), sweepMs).unref();
  }

  /** How many read now. */
  get readers(): number {
    return this.subscriptions.size;
  }

  /** Nest calls it when the program ends. */
  onModuleDestroy(): void {
    clearInterval(this.sweep);
    for (const stop of this.stops) stop();
    this.subscriptions.clear();
    this.passing.close();
    this.unlogged.clear();
  }

  /** Which clusters a scope can see, to notice that they have become others. */
  clusterNames(scope: Scope): string[] {
    return new VisibleClusters(() => this.fleet.clusters(), scope)
      .all()
      .map(({ name }) => name)
      .sort();
  }

  /** Throws `unknown_cluster` when the audience selects by a name that it cannot see, or nothing at all. */
  open(audience: Audience, { max, after, onOffer, everyChange }: OpenOptions): OpenEvents {
    new VisibleClusters(() => this.fleet.clusters(), audience.scope).select(audience.query.cluster);
    const binding = this.bindingFor(audience);
    const subscription = new Subscription(audience, { max, binding, onOffer, everyChange });
    this.subscriptions.add(subscription);
    this.passing.watch(subscription, audience, toldAtMs(after));
    const begin = this.history.newest;
    return {
      next: () => subscription.next(),
      resumed: this.resume(subscription, audience, after, binding),
      place: () => {
        const told = subscription.place() ?? (begin && encodeEventId(begin, binding()));
        // Who sees everything may know when something happened last; others would learn of what is hidden from them.
        const { newest } = this.history;
        const isUpToDate = newest !== undefined && subscription.isIdle && audience.scope.key === everything.key;
        return isUpToDate ? encodeEventId(newest, binding()) : told;
      },
      close: () => {
        this.subscriptions.delete(subscription);
        this.passing.forget(subscription);
      },
    };
  }

  private async resume(
    subscription: Subscription,
    audience: Audience,
    after: string | undefined,
    binding: () => string,
  ): Promise<boolean> {
    if (after === undefined) return false;
    subscription.hold();
    const missed = await this.missedSince(after, binding());
    if (!missed) {
      subscription.release([]);
      subscription.offer({ kind: 'reset', reason: 'what has changed since then is no longer known' });
      return false;
    }
    // Feeds change in every process for itself, so what the reader knows of them is not known here.
    const clusters = this.fleet.clusters().map((cluster): FleetEvent => ({ kind: 'cluster', cluster, isGone: false }));
    subscription.release([...missed, ...clusters.filter(() => audience.hears('cluster'))]);
    return true;
  }

  private async missedSince(after: string, binding: string): Promise<FleetEvent[] | undefined> {
    const id = decodeEventId(after);
    if (id?.binding !== binding) return undefined;
    const remembered = this.history.since(id.changeId);
    if (remembered) return remembered;
    if (!this.history.isAllLogged(id.changeId)) return undefined;
    const logged = await this.log.since(id.changeId).catch(() => undefined);
    return logged && replayOf(logged, this.history.newest, this.fleet, this.show);
  }

  private bindingFor(audience: Audience): () => string {
    let version = -1;
    let binding = '';
    return () => {
      if (version !== this.fleetVersion) binding = audience.binding(this.fleet.clusters());
      version = this.fleetVersion;
      return binding;
    };
  }

  private onRow({ cluster, type, row, previous }: FleetChange): void {
    const key = rowKey(row);
    const place = `${cluster}\n${key}`;
    if (this.unlogged.has(place)) return;
    const before = type === 'remove' ? row : previous;
    this.unlogged.set(place, { cluster, key, ...(before ? { before } : {}), atMs: this.now() });
  }

  private onLogged(change: LoggedChange): void {
    const { id } = change;
    if (change.kind === 'rows') {
      for (const { key } of change.changes) {
        const found = this.unlogged.get(`${change.cluster}\n${key}`);
        // Nothing there: what it came to was told before.
        if (found) this.tellRow(found, id);
      }
    } else for (const event of eventOf(change, id, this.fleet)) this.tell(event);
    this.history.advance(id);
  }

  private onCluster({ cluster, type, labelsBefore }: ClusterChange): void {
    if (type !== 'changed' || labelsBefore) this.fleetVersion++;
    const isGone = type === 'removed' || type === 'replaced';
    if (isGone) this.history.forget(cluster);
    if (type === 'replaced') this.tell({ kind: 'reset', cluster, reason: 'a cluster was replaced by another one' });
    this.tell({ kind: 'cluster', cluster, isGone, labelsBefore });
  }

  private tick(): void {
    this.tellUnlogged();
    this.passing.tick();
  }

  private tellUnlogged(): void {
    const due = this.now() - unloggedMs;
    for (const change of this.unlogged.values()) {
      if (change.atMs > due) return;
      this.tellRow(change, undefined);
    }
  }

  private tellRow({ cluster: name, key, before }: Unlogged, id: string | undefined): void {
    this.unlogged.delete(`${name}\n${key}`);
    const cluster = this.fleet.cluster(name);
    if (!cluster) return;
    const known = { known: true as const, ...(before ? { row: before } : {}) };
    this.tell(new ApplicationEvent(cluster, key, rowAt(cluster, key), known, this.show, id));
  }

  private tell(event: FleetEvent): void {
    // Whoever comes back is shown every cluster as it is then.
    if (event.kind !== 'cluster') this.history.add(event);
    for (const subscription of this.subscriptions) subscription.offer(event);
  }

  private readonly show = (row: ApplicationRow, cluster: Cluster): PublicRow => publicRow(row, cluster, this.now());

  private readonly now = (): number => (this.options.now ?? Date.now)();
}
