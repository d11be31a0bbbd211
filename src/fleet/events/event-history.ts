import { compareChangeIds } from '../../cache/change-log.js';
import type { FleetEvent } from './event.js';

interface Entry {
  /** Absent: it has no place of its own, and came after the one before it. */
  changeId?: string;
  event: FleetEvent;
}

/**
 * The newest events of this process, for readers that come back. It knows what every row was before, so that they are
 * told exactly what a filter left; what is older must be asked from the log.
 */
export class EventHistory {
  private entries: Entry[] = [];
  /** Everything after this change is here. Undefined until a first one was told. */
  private floor?: string;
  private last?: string;
  /** Up to here, events without a place have been forgotten. */
  private unloggedUntil?: string;

  constructor(private readonly max: number) {}

  /** Id of the newest change that was told. */
  get newest(): string | undefined {
    return this.last;
  }

  /** Nobody is told of this cluster any more, and what its events hold of it must not live on. */
  forget(cluster: object): void {
    this.entries = this.entries.filter(({ event }) => event.cluster !== cluster);
  }

  /** Notes that everything up to the change was told. */
  advance(changeId: string): void {
    this.floor ??= changeId;
    this.last = changeId;
  }

  /** In the order in which they were told. */
  add(event: FleetEvent): void {
    const changeId = 'id' in event ? event.id : undefined;
    // A gap may carry the id of the change before it.
    const isPlaced = changeId !== undefined && changeId !== this.last;
    this.entries.push({ ...(isPlaced ? { changeId } : {}), event });
    // Twice the bound before it is cut: moving the array at every event would cost more than the memory.
    if (this.entries.length >= 2 * this.max) this.cut();
  }

  /** What was told after the change, in order; undefined when that is not all known here. */
  since(changeId: string): FleetEvent[] | undefined {
    const { floor, last } = this;
    if (floor === undefined || last === undefined) return undefined;
    if (compareChangeIds(changeId, floor) < 0 || compareChangeIds(changeId, last) > 0) return undefined;
    const at = this.entries.findLastIndex(
      (entry) => entry.changeId !== undefined && compareChangeIds(entry.changeId, changeId) <= 0,
    );
    return this.entries.slice(at + 1).map(({ event }) => event);
  }

  /** False when something is forgotten here that came after the change and that no log names. */
  isAllLogged(changeId: string): boolean {
    return this.unloggedUntil === undefined || compareChangeIds(changeId, this.unloggedUntil) > 0;
  }

  private cut(): void {
    const forgotten = this.entries.slice(0, -this.max);
    this.entries = this.entries.slice(-this.max);
    this.floor = this.entries.find(({ changeId }) => changeId !== undefined)?.changeId ?? this.last;
    if (forgotten.some(({ changeId }) => changeId === undefined)) this.unloggedUntil = this.floor;
  }
}
