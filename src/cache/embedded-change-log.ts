import { compareChangeIds, isChangeId, type ChangeLog, type JobNote, type LoggedChange } from './change-log.js';

/** Enough for the time that a dashboard needs to connect again, also while much happens. */
const keptMax = 10_000;

type Unnumbered = LoggedChange extends infer Change ? (Change extends unknown ? Omit<Change, 'id'> : never) : never;

/** The history of one process: it begins with the process and keeps the newest changes. */
export class EmbeddedChangeLog implements ChangeLog {
  private readonly listeners = new Set<(change: LoggedChange) => void>();
  private kept: LoggedChange[] = [];
  private lastMs = 0;
  private number = 0;

  constructor(
    private readonly clock: () => number = Date.now,
    private readonly max: number = keptMax,
  ) {}

  tail(listener: (change: LoggedChange) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async since(id: string): Promise<LoggedChange[] | undefined> {
    if (!isChangeId(id)) return undefined;
    const at = this.kept.findLastIndex((change) => compareChangeIds(change.id, id) <= 0);
    return this.kept[at]?.id === id ? this.kept.slice(at + 1) : undefined;
  }

  noteJob(note: JobNote): void {
    this.add({ kind: 'job', ...note });
  }

  /** There is nobody to follow: this process writes all there is. */
  follow(): { gap(): void; stop(): void } {
    return { gap: () => undefined, stop: () => undefined };
  }

  async close(): Promise<void> {
    this.listeners.clear();
  }

  add(change: Unnumbered): void {
    const numbered = { id: this.nextId(), ...change } as LoggedChange;
    this.kept.push(numbered);
    // Twice the bound before it is cut: moving the array at every change would cost more than the memory.
    if (this.kept.length >= 2 * this.max) this.kept = this.kept.slice(-this.max);
    for (const listener of [...this.listeners]) listener(numbered);
  }

  /** Grows even when the clock is set back. */
  private nextId(): string {
    const ms = Math.max(this.clock(), this.lastMs);
    this.number = ms === this.lastMs ? this.number + 1 : 0;
    this.lastMs = ms;
    return `${ms}-${this.number}`;
  }
}
