import { isDeepStrictEqual } from 'node:util';
import type { Config } from './config.js';

/** What one part of the program made ready for a new configuration. */
export interface Prepared {
  /** What will be different, for the log; absent when nothing will. Holds names, no secrets. */
  summary?: Record<string, unknown>;
  /** Takes it over. Must not fail for anything that `prepare` could have found out. */
  commit(): void | Promise<void>;
  /** Lets go of what was made ready; the old configuration stays. */
  abandon?(): void | Promise<void>;
}

/** A part of the program that can live with another configuration while it runs. */
export interface ConfigUser {
  /** Makes ready, with no effect yet. Throws when the configuration cannot be used: then nobody takes it over. */
  prepare(next: Config): Prepared | Promise<Prepared>;
}

/** What every user of the configuration did at a change. */
export interface ConfigChange {
  /** Of all users that had something to do, merged. */
  summary: Record<string, unknown>;
  /** False when nobody had anything to do, and it says what the one before said: that one stays. */
  isChange: boolean;
  /** What broke while it was taken over, though nobody foresaw it. The rest has taken it over. */
  failure?: unknown;
}

/**
 * The configuration as it is now, for whatever may change while the program runs. What only a start can change is read
 * from `CONFIG` instead.
 */
export class LiveConfig {
  private config: Config;
  private loaded = new Date();
  private readonly users = new Set<ConfigUser>();

  constructor(config: Config) {
    this.config = frozen(config);
  }

  /** Frozen. Ask again at each use. */
  get current(): Config {
    return this.config;
  }

  /** When the current one was taken over. */
  get loadedAt(): Date {
    return this.loaded;
  }

  /** Takes part in every change from now on; the result ends that. */
  join(user: ConfigUser): () => void {
    this.users.add(user);
    return () => this.users.delete(user);
  }

  /**
   * Takes a configuration over as a whole or not at all: every user makes ready first, and when one of them cannot, all
   * let go and its error is thrown. One change at a time: that is the caller's business.
   */
  async change(next: Config): Promise<ConfigChange> {
    const prepared: Prepared[] = [];
    try {
      for (const user of this.users) prepared.push(await user.prepare(frozen(next)));
    } catch (error) {
      await letGo(prepared);
      throw error;
    }
    const summaries = prepared.flatMap(({ summary }) => summary ?? []);
    const summary = Object.assign({}, ...summaries) as Record<string, unknown>;
    if (summaries.length === 0 && isDeepStrictEqual(next, this.config)) {
      await letGo(prepared);
      return { summary, isChange: false };
    }
    this.config = next;
    this.loaded = new Date();
    const ends = await Promise.allSettled(prepared.map(async (each) => each.commit()));
    const broken = ends.find((end) => end.status === 'rejected');
    return { summary, isChange: true, ...(broken ? { failure: broken.reason as unknown } : {}) };
  }
}

const letGo = (prepared: readonly Prepared[]): Promise<unknown> =>
  Promise.all(prepared.map(async (each) => each.abandon?.()));

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) frozen(inner);
  return value;
}
