import type { Caller } from '../auth/caller.js';
import { Audience } from '../fleet/events/audience.js';
import type { EventType } from '../fleet/events/event.js';
import type { FleetEvents, OpenEvents } from '../fleet/events/fleet-events.js';
import type { ToldEvent } from '../fleet/events/subscription.js';
import type { ToolRunner } from '../tools/tool-runner.js';
import { readAddress, subjects, toolOfKind, type ResourceAddress } from './resource-address.js';

export interface WatchTimes {
  /** Changes that come within this time are looked at together. */
  gatherMs: number;
  /** Between two notifications of one resource. */
  againMs: number;
  /** The same for the status, which nearly every change touches. */
  statusAgainMs: number;
}

export const watchTimes: WatchTimes = { gatherMs: 50, againMs: 1_000, statusAgainMs: 5_000 };

/** How long to wait when the reader has not yet taken what was sent. */
const notReadyMs = 250;
/** Things that may wait at once; more become one reset, after which all resources count as changed. */
const waitingMax = 5_000;

export interface WatchOptions {
  events: Pick<FleetEvents, 'open' | 'clusterNames'>;
  runner: Pick<ToolRunner, 'findTool'>;
  caller: Caller;
  times?: Partial<WatchTimes>;
  /** False while the reader has not taken what was sent. What changes meanwhile is told once, later. */
  isReady(): boolean;
  onUpdated(uri: string): void;
  onListChanged(): void;
}

type Kind = ResourceAddress['kind'];

/**
 * Tells one reader which of its resources have changed: no more than that, so that at most one notification per
 * resource waits, and whoever reads after it reads the newest state. Hears only what the caller's scope and tools show.
 */
export class ResourceWatch {
  private readonly times: WatchTimes;
  private readonly followed = new Map<string, ResourceAddress>();
  private readonly bySubject = new Map<string, string[]>();
  private followsList = false;
  private names = '';
  private open?: OpenEvents;
  private gathering?: NodeJS.Timeout;
  private sending?: NodeJS.Timeout;
  /** URIs, and when they may be told of; the empty one stands for the list. */
  private readonly due = new Map<string, number>();
  private readonly toldAt = new Map<string, number>();

  constructor(private readonly options: WatchOptions) {
    this.times = { ...watchTimes, ...options.times };
  }

  /** What is told of from now on, in place of what was. A resource that does not exist is told of when it does. */
  follow(uris: Iterable<string>, list: boolean): void {
    this.followed.clear();
    this.bySubject.clear();
    for (const uri of uris) this.add(uri, readAddress(uri));
    this.followsList = list && this.mayRead('cluster');
    for (const waiting of [this.due, this.toldAt]) {
      for (const uri of waiting.keys()) if (uri !== '' && !this.followed.has(uri)) waiting.delete(uri);
    }
    const isIdle = this.followed.size === 0 && !this.followsList;
    if (isIdle) this.close();
    else if (!this.open) this.begin();
  }

  close(): void {
    clearTimeout(this.gathering);
    clearTimeout(this.sending);
    this.gathering = this.sending = undefined;
    this.due.clear();
    this.open?.close();
    this.open = undefined;
  }

  /** What the caller may not read is not told of either; that it asked for it is no fault. */
  private add(uri: string, address: ResourceAddress): void {
    if (!this.mayRead(address.kind)) return;
    this.followed.set(uri, address);
    this.bySubject.set(address.subject, [...(this.bySubject.get(address.subject) ?? []), uri]);
  }

  private mayRead(kind: Kind): boolean {
    return this.options.runner.findTool(this.options.caller, toolOfKind[kind]) !== undefined;
  }

  private begin(): void {
    const { events, caller } = this.options;
    const types: EventType[] = ['application', 'cluster', 'job'];
    this.names = this.clusterNames();
    const onOffer = (): void => {
      this.gathering ??= setTimeout(() => this.gather(), this.times.gatherMs);
    };
    this.open = events.open(new Audience(caller.scope, { types }), { max: waitingMax, onOffer, everyChange: true });
  }

  private clusterNames(): string {
    return this.options.events.clusterNames(this.options.caller.scope).join('\n');
  }

  private gather(): void {
    this.gathering = undefined;
    for (let told = this.open?.next(); told; told = this.open?.next()) this.take(told);
    this.send();
  }

  private take({ type, about }: ToldEvent): void {
    const { cluster = '', namespace = '', name = '', jobId = '' } = about;
    if (type === 'job') return this.changed(subjects.job(jobId));
    this.changed(subjects.status);
    if (type === 'application') return this.changed(subjects.application(cluster, namespace, name));
    // What a cluster's feed says counts for the cluster and for every application on it.
    for (const [uri, { input, kind }] of this.followed)
      if (type === 'reset' || input['cluster'] === cluster) this.mark(uri, kind);
    const names = this.clusterNames();
    if (names !== this.names && this.followsList) this.mark('', 'cluster');
    this.names = names;
  }

  private changed(subject: string): void {
    for (const uri of this.bySubject.get(subject) ?? []) this.mark(uri, this.followed.get(uri)?.kind);
  }

  private mark(uri: string, kind: Kind | undefined): void {
    if (this.due.has(uri)) return;
    const againMs = kind === 'status' ? this.times.statusAgainMs : this.times.againMs;
    this.due.set(uri, (this.toldAt.get(uri) ?? Number.NEGATIVE_INFINITY) + againMs);
  }

  private send(): void {
    clearTimeout(this.sending);
    this.sending = undefined;
    let next = Number.POSITIVE_INFINITY;
    for (const [uri, atMs] of this.due) {
      const nowMs = performance.now();
      const isReady = this.options.isReady();
      if (atMs <= nowMs && isReady) this.tell(uri, nowMs);
      else next = Math.min(next, isReady ? atMs - nowMs : notReadyMs);
    }
    if (this.due.size > 0) this.sending = setTimeout(() => this.send(), Math.max(1, next));
  }

  private tell(uri: string, nowMs: number): void {
    this.due.delete(uri);
    this.toldAt.set(uri, nowMs);
    if (uri === '') this.options.onListChanged();
    else this.options.onUpdated(uri);
  }
}
