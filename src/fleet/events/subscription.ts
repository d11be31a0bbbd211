import { compareChangeIds } from '../../cache/change-log.js';
import { publicCluster } from '../answers/list-clusters.js';
import type { Audience } from './audience.js';
import { encodeEventId } from './event-id.js';
import type { ApplicationEvent, ClusterEvent, EventType, FleetEvent, JobEvent } from './event.js';

/** One event as its reader gets it. */
export interface ToldEvent {
  type: EventType | 'reset';
  /** Resumes right after this event, and after everything before it. Absent while there is no place to resume from. */
  id?: string;
  /** JSON. */
  data: string;
  /** What it is about, for readers that only need to know that. */
  about: { cluster?: string; namespace?: string; name?: string; jobId?: string };
}

/** What waits for one reader about one application, cluster or job: the newest of it. */
interface Waiting {
  /** Places in the log of the first and the last change that it stands for; absent while the log is away. */
  firstId?: string;
  lastId?: string;
  /** Gives the event as it is to be told now; nothing if there is nothing to tell after all. */
  tell: () => Omit<ToldEvent, 'id'> | undefined;
  application?: WaitingApplication;
}

interface WaitingApplication {
  event: ApplicationEvent;
  /** The reader knows the application, or may know it, from before this event. */
  isKnown: boolean;
  isWanted: boolean;
  /** Something that lists show has changed on the way. */
  isDifferent: boolean;
}

/**
 * Events that wait for one reader, at most one per application, cluster and job: who reads slowly gets newer states and
 * not more of them. Each is told in the place of its first change, with the state after its last. When more than `max`
 * things wait, they are given up for one `reset`.
 */
export class Subscription {
  private waiting = new Map<string, Waiting>();
  /** Up to here everything was told. */
  private toldId?: string;
  /** The newest change that was told. */
  private newestId?: string;
  private isHeld = false;

  constructor(
    private readonly audience: Audience,
    private readonly options: { max: number; binding: () => string; onOffer: () => void; everyChange?: boolean },
  ) {}

  /** Everything that was offered has been taken. */
  get isIdle(): boolean {
    return !this.isHeld && this.waiting.size === 0;
  }

  /** Between `hold` and `release`. */
  get isHolding(): boolean {
    return this.isHeld;
  }

  /** Nothing is told until `release`, so that what happened earlier can be put in front of what happens now. */
  hold(): void {
    this.isHeld = true;
  }

  release(earlier: readonly FleetEvent[]): void {
    const later = this.waiting;
    this.isHeld = false;
    if (!later.has(resetKey)) {
      this.waiting = new Map();
      for (const event of earlier) this.take(event);
      for (const [key, waiting] of later) {
        if (waiting.application) this.takeApplication(waiting.application.event, waiting);
        else this.put(key, waiting);
      }
    }
    if (this.waiting.size > 0) this.options.onOffer();
  }

  offer(event: FleetEvent): void {
    this.take(event);
    if (this.waiting.size > this.options.max) {
      this.reset(tooMuch, 'id' in event ? event.id : undefined);
    }
    if (this.waiting.size > 0 && !this.isHeld) this.options.onOffer();
  }

  /** Offers what happened at once to different things. More than can be held is given up without a look at each. */
  offerAll<T>(things: readonly T[], eventOf: (thing: T) => FleetEvent): void {
    if (things.length <= this.options.max) {
      for (const thing of things) this.offer(eventOf(thing));
      return;
    }
    this.reset(tooMuch, undefined);
    if (!this.isHeld) this.options.onOffer();
  }

  /** The id after the last event that had one; undefined before the first. */
  place(): string | undefined {
    return this.toldId === undefined ? undefined : encodeEventId(this.toldId, this.options.binding());
  }

  /** The next event to tell; undefined when nothing waits. */
  next(): ToldEvent | undefined {
    if (this.isHeld) return undefined;
    for (const [key, waiting] of this.waiting) {
      this.waiting.delete(key);
      const told = waiting.tell();
      this.pass(waiting);
      if (told) {
        const id = waiting.lastId === undefined ? undefined : this.place();
        return id === undefined ? told : { ...told, id };
      }
    }
    return undefined;
  }

  /** A change of many rows has one id: only with the last of them is it all told. */
  private pass({ firstId, lastId }: Waiting): void {
    if (lastId !== undefined) this.newestId = newer(this.newestId, lastId);
    const next = this.waiting.values().next().value;
    if (!next) this.toldId = this.newestId;
    else if (firstId !== undefined && firstId !== next.firstId) this.toldId = firstId;
  }

  private take(event: FleetEvent): void {
    const { audience } = this;
    switch (event.kind) {
      case 'application':
        if (audience.hears('application') && audience.selects(event.cluster)) this.takeApplication(event);
        return;
      case 'cluster':
        if (this.isSelectedOtherwise(event)) this.reset('other clusters can be seen now', undefined);
        if (!audience.selects(event.cluster)) return;
        if (event.isGone) this.leave(event.cluster.name);
        if (audience.hears('cluster'))
          this.put(`cluster ${event.cluster.name}`, { tell: () => clusterData(event, audience) });
        return;
      case 'job':
        if (!audience.hears('job') || !audience.wantsJob(event)) return;
        this.put(`job ${String(event.job['jobId'])}`, { lastId: event.id, tell: () => jobData(event) });
        return;
      case 'reset':
        if (!event.cluster || audience.selects(event.cluster)) this.reset(event.reason, event.id);
    }
  }

  private isSelectedOtherwise({ cluster, labelsBefore }: ClusterEvent): boolean {
    if (!labelsBefore) return false;
    return this.audience.selects({ name: cluster.name, labels: labelsBefore }) !== this.audience.selects(cluster);
  }

  /** `held`: what stood for it until now, whose first change is older than the event. */
  private takeApplication(event: ApplicationEvent, held?: Waiting): void {
    const key = `application ${event.cluster.name}/${event.key}`;
    const waiting = this.waiting.get(key)?.application;
    const before = held?.application;
    const isKnown = waiting ? mayKnowNow(waiting) : before ? before.isKnown : this.mayKnow(event);
    const isWanted = event.row !== undefined && this.audience.wants(event.row);
    if (!isKnown && !isWanted) {
      this.waiting.delete(key);
      return;
    }
    const isOther = (): boolean => (this.options.everyChange ? event.isDifferent : event.isShownDifferent);
    const isDifferent = waiting?.isDifferent || before?.isDifferent || isOther();
    const application = { event, isKnown, isWanted, isDifferent };
    const tell = () => applicationData(application, this.audience);
    this.put(key, { firstId: held?.firstId, lastId: event.id, application, tell });
  }

  private mayKnow({ before }: ApplicationEvent): boolean {
    if (before.known) return before.row !== undefined && this.audience.wants(before.row);
    return before.projects.some((project) => this.audience.sees(project));
  }

  /** What waits already keeps its place: only so is everything before an id told. */
  private put(key: string, waiting: Waiting): void {
    const first = this.waiting.get(key);
    this.waiting.set(key, { ...waiting, firstId: first ? first.firstId : (waiting.firstId ?? waiting.lastId) });
  }

  /**
   * What waits about a cluster that has gone is of no use. Who hears of applications alone would never learn that those
   * of the cluster went with it.
   */
  private leave(cluster: string): void {
    const { audience } = this;
    if (audience.hears('application') && !audience.hears('cluster')) this.reset('a cluster has left', undefined);
    for (const [key, { application }] of this.waiting)
      if (application?.event.cluster.name === cluster) this.waiting.delete(key);
  }

  private reset(reason: string, changeId: string | undefined): void {
    this.waiting.clear();
    this.put(resetKey, { lastId: changeId, tell: () => resetData(reason) });
  }
}

const newer = (a: string | undefined, b: string): string => (a !== undefined && compareChangeIds(a, b) > 0 ? a : b);

/** What waited to be told may have been read from a list meanwhile. */
const mayKnowNow = ({ isKnown, isWanted }: WaitingApplication): boolean => isKnown || isWanted;

const resetKey = 'reset';
const tooMuch = 'more has changed than this stream can hold';

const resetData = (reason: string): Omit<ToldEvent, 'id'> => ({
  type: 'reset',
  data: JSON.stringify({ reason }),
  about: {},
});

function jobData({ job, cluster }: JobEvent): Omit<ToldEvent, 'id'> {
  const jobId = String(job['jobId']);
  return { type: 'job', data: JSON.stringify({ job }), about: { cluster: cluster.name, jobId } };
}

function clusterData({ cluster, isGone }: ClusterEvent, { scope }: Audience): Omit<ToldEvent, 'id'> {
  const { name } = cluster;
  const data = isGone
    ? { change: 'removed', cluster: { cluster: name } }
    : { change: 'changed', cluster: publicCluster(cluster, scope) };
  return { type: 'cluster', data: JSON.stringify(data), about: { cluster: name } };
}

/**
 * What a row that can no longer be seen is told as must not differ from what a deleted one is told as: its name, which
 * the reader knew.
 */
function applicationData(
  { event, isKnown, isWanted, isDifferent }: WaitingApplication,
  audience: Audience,
): Omit<ToldEvent, 'id'> | undefined {
  const { cluster, key, row } = event;
  const [namespace = '', name = ''] = key.split('/');
  const about = { cluster: cluster.name, namespace, name };
  const of = (change: string, application: string) => ({
    type: 'application' as const,
    data: `{"change":"${change}","application":${application}}`,
    about,
  });
  if (isWanted) return isKnown && !isDifferent ? undefined : of('changed', event.shown);
  if (!isKnown) return undefined;
  return row && audience.sees(row.project) ? of('left', event.shown) : of('removed', JSON.stringify(about));
}
