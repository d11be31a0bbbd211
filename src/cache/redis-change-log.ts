import { AppError } from '../errors/app-error.js';
import { parseEntry, type ChangeEntry } from './change-format.js';
import {
  compareChangeIds,
  isChangeId,
  type ChangeLog,
  type JobNote,
  type LoggedChange,
  type RowsFollower,
} from './change-log.js';
import { ChangeReader } from './change-reader.js';
import { changesKey } from './keys.js';
import type { RedisConnection, RedisConnectionOptions } from './redis-connection.js';
import { defineScripts, runScript } from './redis-scripts.js';
import { historyMax } from './store-scripts.js';

const retryMs = 2_000;
const entriesPerRead = 1_000;

/** The history that all replicas have in common: one stream. It is read from the first listener or follower on. */
export class RedisChangeLog implements ChangeLog {
  private readonly listeners = new Set<(change: LoggedChange) => void>();
  private follower?: RowsFollower;
  private readonly key: string;
  private reader?: ChangeReader;
  /** The last change that was told, or where reading began; undefined while it has not. */
  private reached?: string;
  private missedTimer?: NodeJS.Timeout;

  /** @param options for the connection of the reader, which waits for changes and can serve nothing else */
  constructor(
    private readonly connection: RedisConnection,
    private readonly options: Omit<RedisConnectionOptions, 'purpose'> & { keyPrefix: string },
  ) {
    this.key = changesKey(options.keyPrefix);
    defineScripts(connection.client);
  }

  tail(listener: (change: LoggedChange) => void): () => void {
    this.read();
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  follow(follower: RowsFollower): { gap(cluster: string, reason: string): void; stop(): void } {
    this.read();
    this.follower = follower;
    return {
      // Before the first connection nobody was told anything that could be wrong.
      gap: (cluster, reason) => {
        if (this.reached !== undefined) this.tell({ id: this.reached, kind: 'gap', cluster, reason });
      },
      stop: () => (this.follower = undefined),
    };
  }

  async since(id: string): Promise<LoggedChange[] | undefined> {
    if (!isChangeId(id)) return undefined;
    // What comes after is told: only then do the rows of this process hold it.
    const end = this.reached;
    const found: LoggedChange[] = [];
    const [first, ...rest] = await this.entriesFrom(id);
    if (!first || (first.id !== id && first.after !== id)) return undefined;
    let page = first.id === id ? rest : [first, ...rest];
    for (; page.length > 0; page = await this.entriesFrom(`(${page.at(-1)?.id}`)) {
      for (const { id: each, change } of page) {
        if (end !== undefined && compareChangeIds(each, end) > 0) return found;
        if (change) found.push(change);
      }
    }
    return found;
  }

  noteJob(note: JobNote): void {
    this.add('job', 'note', JSON.stringify(note)).catch(() => this.noteMissed());
  }

  async close(): Promise<void> {
    clearTimeout(this.missedTimer);
    this.listeners.clear();
    await this.reader?.close();
  }

  private read(): void {
    if (this.reader) return;
    this.reader = new ChangeReader(this.options, this.key, {
      begin: (id) => (this.reached = id),
      take: (entries) => this.take(entries),
      gap: async (id, reason) => {
        await this.follower?.catchUp();
        // Where a history begins anew, the id before its first entry is none.
        const end = this.reached !== undefined && compareChangeIds(id, this.reached) < 0 ? this.reached : id;
        this.reached = end;
        this.tell({ id: end, kind: 'gap', reason });
      },
    });
    this.reader.start();
  }

  private async take(entries: readonly ChangeEntry[]): Promise<void> {
    const stored = entries.flatMap((entry) => entry.stored ?? []);
    if (stored.length > 0) await this.follower?.apply(stored);
    for (const { id, change } of entries) {
      if (change?.kind === 'gap') await this.follower?.catchUp();
      this.reached = id;
      if (change) this.tell(change);
    }
  }

  private tell(change: LoggedChange): void {
    for (const listener of [...this.listeners]) listener(change);
  }

  private async entriesFrom(start: string): Promise<ChangeEntry[]> {
    const found = await this.connection.use((client) => client.xrange(this.key, start, '+', 'COUNT', entriesPerRead));
    return found.map(([id, fields]) => parseEntry(id, fields));
  }

  private async add(kind: string, ...fields: string[]): Promise<void> {
    await this.connection.use((client) =>
      runScript(client, 'addChange', [this.key], [historyMax, 'kind', kind, ...fields]),
    );
  }

  /** Tries until it stands in the history that something is missing. */
  private noteMissed(): void {
    this.missedTimer ??= setTimeout(() => {
      this.missedTimer = undefined;
      this.add('gap', 'reason', 'moves of jobs could not be noted').catch((error: unknown) => {
        if (AppError.from(error).code === 'unavailable') this.noteMissed();
      });
    }, retryMs).unref();
  }
}
