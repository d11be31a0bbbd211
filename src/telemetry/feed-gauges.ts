import { Gauge, type Registry } from 'prom-client';

/** What the scrape reads of one cluster's feed. */
export interface FeedReading {
  cluster: string;
  /** One of the states of a feed. */
  state: string;
  /** leader, follower or local; absent until it is known. */
  source?: string;
  /** Since when it is in this state. */
  since: Date;
  /** When the rows were last known true; absent if never. */
  asOf?: Date;
  /** When an event last told of an application; absent if never. */
  lastEventAt?: Date;
  /** When all applications were last listed; absent if never. */
  lastListAt?: Date;
  /** Why the rows are not everything there is; absent when they are, and while they are read for the first time. */
  incomplete?: object;
}

/** Points in time, of each cluster where they are known. */
const times = {
  since: {
    name: 'fleet_feed_state_since_timestamp_seconds',
    help: 'Since when the feed of a cluster is in its state (seconds since the epoch).',
  },
  lastEventAt: {
    name: 'fleet_feed_last_event_timestamp_seconds',
    help: 'When an event last told of an application of a cluster (seconds since the epoch); absent if none ever did.',
  },
  lastListAt: {
    name: 'fleet_feed_last_list_timestamp_seconds',
    help: 'When all applications of a cluster were last listed (seconds since the epoch); absent if they never were.',
  },
} as const;

/** States in which the rows are read for the first time, or not at all yet. */
const unread: ReadonlySet<string> = new Set(['idle', 'seeding']);

/** Registers what is read of feeds at every scrape: a cluster that was removed leaves no series behind. */
export function feedGauges(registry: Registry, read: () => Iterable<FeedReading>): void {
  new Gauge({
    name: 'fleet_feed_state',
    help: '1 for the state that the feed of a cluster is in; other states are absent.',
    labelNames: ['cluster', 'state'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { cluster, state } of read()) this.set({ cluster, state }, 1);
    },
  });
  new Gauge({
    name: 'fleet_feed_incomplete',
    help: '1 when the known rows of a cluster are not all there are, or some of them are in doubt, whatever the state of its feed; else 0.',
    labelNames: ['cluster'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { cluster, state, incomplete } of read())
        this.set({ cluster }, incomplete || unread.has(state) ? 1 : 0);
    },
  });
  new Gauge({
    name: 'fleet_feed_age_seconds',
    help: 'Seconds since the rows of a cluster were last known true; absent if they never were.',
    labelNames: ['cluster'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { cluster, asOf } of read()) {
        if (asOf) this.set({ cluster }, Math.max(0, (Date.now() - asOf.getTime()) / 1000));
      }
    },
  });
  for (const [field, { name, help }] of Object.entries(times)) {
    new Gauge({
      name,
      help,
      labelNames: ['cluster'],
      registers: [registry],
      collect() {
        this.reset();
        for (const { cluster, [field as keyof typeof times]: time } of read()) {
          if (time) this.set({ cluster }, time.getTime() / 1000);
        }
      },
    });
  }
  new Gauge({
    name: 'fleet_replica_role',
    help: '1 for what this replica is for a cluster: leader, follower, or local (watches for itself, Redis is away).',
    labelNames: ['cluster', 'role'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { cluster, source: role } of read()) if (role) this.set({ cluster, role }, 1);
    },
  });
}
