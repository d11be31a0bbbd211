import { rowKey } from '../../cache/row.js';
import type { Cluster } from '../cluster.js';
import type { FleetIndex } from '../index/fleet-index.js';
import type { Audience } from './audience.js';
import { ApplicationEvent, type Before, type ShowRow } from './event.js';
import type { Subscription } from './subscription.js';

/** How late a reader may be told of what time alone has changed. */
const everyMs = 5_000;

/** The part of the fleet that is looked through. */
export interface PassingFleet {
  clusters(): Cluster[];
  index: Pick<FleetIndex, 'select'>;
}

/**
 * Tells readers whose filter depends on the time (`lastSyncAfter=1h`, `problem=stuck_progressing`) what began or ceased
 * to match without any change. Each has a clock of its own that stands still between two looks, so that whatever happens
 * in between is judged as it was at the last one, and nothing is missed between the two.
 */
export class PassingTime {
  private readonly readers = new Map<Subscription, Audience>();

  constructor(
    private readonly fleet: PassingFleet,
    private readonly show: ShowRow,
    private readonly now: () => number,
  ) {}

  /** @param lastToldMs when something was last told to a reader that goes on */
  watch(subscription: Subscription, audience: Audience, lastToldMs?: number): void {
    if (!audience.dependsOnTime || !audience.hears('application')) return;
    // It may have been told before the look that was due then.
    if (lastToldMs !== undefined) audience.judgeAsOf(Math.min(lastToldMs - 2 * everyMs, audience.atMs));
    this.readers.set(subscription, audience);
  }

  forget(subscription: Subscription): void {
    this.readers.delete(subscription);
  }

  close(): void {
    this.readers.clear();
  }

  /** To be called often. Looks for one reader at a time: a look through all rows takes milliseconds. */
  tick(): void {
    const nowMs = this.now();
    for (const [subscription, audience] of this.readers) {
      if (nowMs - audience.atMs < everyMs || subscription.isHolding) continue;
      // Whoever was looked for last is looked for last again.
      this.readers.delete(subscription);
      this.readers.set(subscription, audience);
      this.look(subscription, audience, nowMs);
      return;
    }
  }

  private look(subscription: Subscription, audience: Audience, nowMs: number): void {
    const clusters = new Map(
      this.fleet
        .clusters()
        .filter((cluster) => audience.selects(cluster))
        .map((cluster) => [cluster.name, cluster]),
    );
    const numbers = [...clusters.values()].map(({ rows }) => rows.number);
    const questions = audience.crossersUntil(nowMs, numbers);
    const rows = new Set(questions.flatMap((question) => this.fleet.index.select(question).map(({ row }) => row)));
    const wanted = new Set([...rows].filter((row) => audience.wantsNow(row)));
    audience.judgeAsOf(nowMs);
    const changed = [...rows].filter((row) => wanted.has(row) !== audience.wantsNow(row));
    subscription.offerAll(changed, (row) => {
      // The reader knows what has left, although its filter would by now not show either what it was.
      const before: Before = wanted.has(row) ? { known: false, projects: [row.project] } : { known: true };
      return new ApplicationEvent(clusters.get(row.cluster) as Cluster, rowKey(row), row, before, this.show);
    });
  }
}
