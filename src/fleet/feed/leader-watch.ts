import type { StoredFeed } from '../../cache/store.js';
import { parsePublished } from './published-feed.js';

/** A process that watches already waits so long at most for one that leads to have read the cluster. */
const seedingMaxMs = 60_000;

/**
 * Judges by looks at the store whether the one that leads a cluster can be followed: it is heard of, and the store holds
 * what it knows. A store that is full or read-only answers looks as if all were well.
 */
export class LeaderWatch {
  private soundAtMs = performance.now();
  private seedingSinceMs?: number;
  private version?: string;
  private isReady = false;

  /** @param trustMs what it said counts for so long */
  constructor(private readonly trustMs: number) {}

  /** Time without a leader that can be followed counts from now on. */
  begin(): void {
    this.soundAtMs = performance.now();
  }

  see({ leader, version, state, ageMs = Infinity }: StoredFeed): void {
    const isHeard = leader !== undefined && ageMs < this.trustMs;
    const published = isHeard && state !== undefined ? parsePublished(state) : undefined;
    const isSeeding = published?.feed.state === 'seeding';
    // All rows written anew take their time: then every look finds another version.
    const isWriting = isHeard && version !== this.version;
    this.version = version;
    if (published?.complete || isWriting) this.soundAtMs = performance.now();
    this.seedingSinceMs = isSeeding ? (this.seedingSinceMs ?? performance.now()) : undefined;
    const hasHadTime = performance.now() - (this.seedingSinceMs ?? Infinity) > seedingMaxMs;
    this.isReady = published?.complete === true && (!isSeeding || hasHadTime);
  }

  /** For how long there has been nobody to follow. */
  get missingMs(): number {
    return performance.now() - this.soundAtMs;
  }

  /** The store holds everything that the leader knows, and that is the cluster as it is; or it had the time to be. */
  get mayHandOver(): boolean {
    return this.isReady;
  }
}
