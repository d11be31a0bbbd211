import { setTimeout as pause } from 'node:timers/promises';

/** Between two clusters that begin: a hundred take two seconds. */
const defaultGapMs = 20;

/**
 * Keeps a little apart what would begin at once: a process that starts, or takes over what another one watched, would
 * open a stream to every cluster in the same moment, and read all their snapshots together.
 */
export class Spread {
  private freeAtMs = 0;

  constructor(private readonly gapMs = defaultGapMs) {}

  /** Waits for its turn; the first has none to wait for. Rejects when the signal fires. */
  async turn(signal: AbortSignal): Promise<void> {
    const nowMs = performance.now();
    const atMs = Math.max(nowMs, this.freeAtMs);
    this.freeAtMs = atMs + this.gapMs;
    if (atMs > nowMs) await pause(atMs - nowMs, undefined, { signal });
  }
}
