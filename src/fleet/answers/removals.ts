import type { ApplicationRow } from '../../cache/row.js';
import type { FleetIndex } from '../index/fleet-index.js';

/** Applications that were last removed; older ones are forgotten. */
const removalsMax = 1_000;

export interface Removal {
  /** As it was last known. */
  row: ApplicationRow;
  /** When it was noticed that it is gone: milliseconds since the epoch. */
  atMs: number;
}

/**
 * A short memory of the applications that went away: no row tells of them. It begins with the process and knows what
 * this replica noticed; clusters that are no longer configured are not in it.
 */
export class Removals {
  private readonly all: Removal[] = [];
  private knownSinceMs: number;

  constructor(
    index: FleetIndex,
    private readonly now: () => number = Date.now,
  ) {
    this.knownSinceMs = now();
    index.onChange(({ type, row }) => {
      if (type === 'remove') this.note(row);
    });
  }

  /** Newest first. `knownSinceMs` is later than asked for where the memory does not reach back that far. */
  since(sinceMs: number): { removals: Removal[]; knownSinceMs: number } {
    const removals: Removal[] = [];
    for (let i = this.all.length - 1; i >= 0 && (this.all[i] as Removal).atMs >= sinceMs; i--) {
      removals.push(this.all[i] as Removal);
    }
    return { removals, knownSinceMs: Math.max(this.knownSinceMs, sinceMs) };
  }

  private note(row: ApplicationRow): void {
    this.all.push({ row, atMs: this.now() });
    if (this.all.length <= removalsMax) return;
    const [forgotten] = this.all.splice(0, 1);
    this.knownSinceMs = Math.max(this.knownSinceMs, (forgotten as Removal).atMs + 1);
  }
}
