import type { ApplicationRow } from '../../cache/row.js';

/** An event that arrives so long after the change it carries is late. */
const lateMs = 10_000;
/** Late events without as many timely ones before a stream counts as lagging; and the reverse to count as live again. */
const eventsToTurn = 3;
/** Nothing late for so long: whatever it was is over. */
const quietMs = 180_000;

/**
 * How late the events of one stream are: when each arrived against the newest time that stands in it. Only changes of rows
 * that the same stream has brought before are measured, so a snapshot is never late. The clock is the server's own, as the
 * header of the stream told it.
 */
export class LagMeter {
  private aheadMs = 0;
  private score = 0;
  private isLate = false;
  private lastLateAtMs = -Infinity;
  private lastLateMs = 0;

  constructor(private readonly nowMs: () => number = Date.now) {}

  /** The stream opened; `date` is what the server's clock showed then. */
  opened(date: Date | undefined): void {
    this.aheadMs = date ? date.getTime() - this.nowMs() : 0;
  }

  /** An event changed a row of this stream. */
  saw(before: ApplicationRow, row: ApplicationRow): void {
    const changedAtMs = newestOf(row);
    // Changes that leave no time behind say nothing, and neither do times that go back.
    if (!(changedAtMs > newestOf(before))) return;
    const ageMs = this.nowMs() + this.aheadMs - changedAtMs;
    const isLate = ageMs > lateMs;
    if (isLate) {
      this.lastLateAtMs = this.nowMs();
      this.lastLateMs = ageMs;
    }
    this.score = Math.min(eventsToTurn, Math.max(0, this.score + (isLate ? 1 : -1)));
    if (this.score === eventsToTurn) this.isLate = true;
    if (this.score === 0) this.isLate = false;
  }

  /** How late events are while they are late as a rule; 0 otherwise. */
  get lagMs(): number {
    if (this.isLate && this.nowMs() - this.lastLateAtMs > quietMs) {
      this.isLate = false;
      this.score = 0;
    }
    return this.isLate ? this.lastLateMs : 0;
  }
}

/** Milliseconds since the epoch; NaN where no time stands in the row, or none that can be read. */
function newestOf({ operation, healthSince, conditions }: ApplicationRow): number {
  let newest = NaN;
  const times = [operation?.startedAt, operation?.finishedAt, healthSince, ...conditions.map(({ since }) => since)];
  for (const time of times) {
    const ms = time === undefined ? NaN : Date.parse(time);
    if (!(newest >= ms) && !Number.isNaN(ms)) newest = ms;
  }
  return newest;
}
