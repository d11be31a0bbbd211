import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Logger } from '../telemetry/logger.js';
import { parseEntry, type ChangeEntry } from './change-format.js';
import { openRedis, type RedisConnectionOptions } from './redis-connection.js';
import { defineScripts, runScript } from './redis-scripts.js';
import { historyMax } from './store-scripts.js';

/** How long one read waits; when nothing came, it is looked whether the history is still the one that was read. */
const blockMs = 5_000;
const entriesMax = 500;
const retryMs = 500;

/** Whom a reader gives what it reads, one step after the other. Neither may reject. */
export interface ReaderTarget {
  /** Reading begins after the entry with this id, the last one there is. */
  begin(id: string): void;
  take(entries: readonly ChangeEntry[]): Promise<void>;
  /** Something may be missing; `id` is that of the last entry before the end of the gap. */
  gap(id: string, reason: string): Promise<void>;
}

/**
 * Reads the stream of all changes from now on, over a connection of its own. Every entry names the one before it, so
 * whatever is missing is noticed: trimmed while this process was away, lost with a Redis, or removed by somebody.
 */
export class ChangeReader {
  private readonly client: Redis;
  private position?: string;
  private readonly ended = new AbortController();
  private running?: Promise<void>;
  private readonly log: Logger;

  constructor(
    options: Omit<RedisConnectionOptions, 'purpose'>,
    private readonly key: string,
    private readonly target: ReaderTarget,
  ) {
    this.log = options.log;
    this.client = openRedis(
      { ...options, purpose: 'changes' },
      { enableOfflineQueue: false, maxRetriesPerRequest: 1, connectTimeout: 5_000, socketTimeout: 2 * blockMs },
    );
    this.client.once('end', () => this.ended.abort());
    defineScripts(this.client);
  }

  start(): void {
    this.running ??= this.run();
  }

  async close(): Promise<void> {
    // Between two connections the driver forgets what it was asked: that read never ends.
    const isAway = this.client.status !== 'ready';
    this.ended.abort();
    this.client.disconnect();
    if (!isAway) await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.ended;
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        if (this.client.status !== 'ready') await once(this.client, 'ready', { signal });
        if (this.position === undefined) await this.begin(failures > 0);
        for (;;) await this.readOnce();
      } catch (error) {
        if (signal.aborted) return;
        this.log.debug({ err: error }, 'changes cannot be read');
        await pause(retryMs * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
      }
    }
  }

  private async begin(isLate: boolean): Promise<void> {
    const position = await this.lastId();
    this.target.begin(position);
    this.position = position;
    // Whoever listens since before the first connection may have missed something, too.
    if (isLate) await this.target.gap(position, 'the store could not be read');
  }

  private async readOnce(): Promise<void> {
    // First: a history that ends before our position would never give anything.
    await this.lastId();
    for (;;) {
      const found = await this.client.xread(
        ...(['COUNT', entriesMax, 'BLOCK', blockMs, 'STREAMS', this.key, this.position as string] as const),
      );
      if (!found) return;
      for (const [, entries] of found) await this.take(entries.map(([id, fields]) => parseEntry(id, fields)));
    }
  }

  private async take(entries: readonly ChangeEntry[]): Promise<void> {
    let whole: ChangeEntry[] = [];
    for (const entry of entries) {
      if (entry.after !== this.position) {
        await this.target.take(whole);
        whole = [];
        const reason = entry.change?.kind === 'gap' ? entry.change.reason : 'the history was trimmed meanwhile';
        this.log.warn({ reason }, 'changes were missed');
        if (entry.change?.kind !== 'gap') await this.target.gap(entry.after ?? entry.id, reason);
      }
      whole.push(entry);
      this.position = entry.id;
    }
    await this.target.take(whole);
  }

  /** The end of the history; it is made to end at our position or later. */
  private async lastId(): Promise<string> {
    const [ms = '0', number = '0'] = (this.position ?? '0-0').split('-');
    return (await runScript(this.client, 'openChanges', [this.key], [historyMax, ms, number])) as string;
  }
}
