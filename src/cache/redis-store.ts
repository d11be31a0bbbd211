import type { ChainableCommander } from 'ioredis';
import { AppError } from '../errors/app-error.js';
import { memoKey, rowsKey } from './keys.js';
import { RedisConnection, type RedisConnectionOptions } from './redis-connection.js';
import { rowKey, type ApplicationRow } from './row.js';
import { parseMemo, parseRow } from './store-format.js';
import type { ClusterMemo, Store } from './store.js';

/** Arguments of one HSET or HDEL: enough to be fast, few enough that other clients get their turn. */
const fieldsPerCommand = 500;
/** Fields that one HSCAN is asked for: about 0.5 MB of JSON. */
const fieldsPerScan = 500;

/** The store in Redis: per cluster one hash of rows, and a memo. Keys: `keys.ts`. */
export class RedisStore implements Store {
  readonly kind = 'redis';
  private readonly connection: RedisConnection;

  constructor(private readonly options: Omit<RedisConnectionOptions, 'purpose'> & { keyPrefix: string }) {
    this.connection = new RedisConnection({ ...options, purpose: 'cache' });
  }

  async apply(
    cluster: string,
    change: { upsert: readonly ApplicationRow[]; remove: readonly string[]; memo?: ClusterMemo },
  ): Promise<number> {
    const { upsert, remove, memo } = change;
    const rows = rowsKey(this.options.keyPrefix, cluster);
    const results = await this.transact((transaction) => {
      for (const part of chunks(remove, fieldsPerCommand)) transaction.hdel(rows, ...part);
      for (const part of chunks(upsert, fieldsPerCommand)) {
        transaction.hset(rows, ...part.flatMap((row) => [rowKey(row), JSON.stringify(row)]));
      }
      if (memo) transaction.set(memoKey(this.options.keyPrefix, cluster), JSON.stringify(memo));
      transaction.hlen(rows);
    });
    return Number(results.at(-1));
  }

  async load(cluster: string): Promise<{ rows: ApplicationRow[]; memo?: ClusterMemo; unreadable: number }> {
    const { keyPrefix } = this.options;
    // HSCAN may give a field twice, and a field that changes meanwhile in either state: the last one read counts.
    const rows = new Map<string, ApplicationRow>();
    const unreadable = new Set<string>();
    // Before the rows: rows that are newer than the memo says are no lie, older ones would be.
    const memo = parseMemo(await this.connection.use((client) => client.get(memoKey(keyPrefix, cluster))));
    let cursor = '0';
    do {
      const [next, fields] = await this.connection.use((client) =>
        client.hscan(rowsKey(keyPrefix, cluster), cursor, 'COUNT', fieldsPerScan),
      );
      for (let i = 0; i + 1 < fields.length; i += 2) {
        const [field, text] = [fields[i]!, fields[i + 1]!];
        const row = parseRow(cluster, field, text);
        if (row) {
          rows.set(field, row);
          unreadable.delete(field);
        } else unreadable.add(field);
      }
      cursor = next;
    } while (cursor !== '0');
    return { rows: [...rows.values()], ...(memo ? { memo } : {}), unreadable: unreadable.size };
  }

  async drop(cluster: string): Promise<void> {
    const { keyPrefix } = this.options;
    // UNLINK, not DEL: freeing a hash of 100,000 rows would stop Redis for everybody.
    await this.transact((transaction) => transaction.unlink(rowsKey(keyPrefix, cluster), memoKey(keyPrefix, cluster)));
  }

  health(): Promise<{ ok: boolean; reason?: string }> {
    return this.connection.health();
  }

  async close(): Promise<void> {
    this.connection.close();
  }

  /** Sends what `fill` adds as one MULTI: all of it or nothing is seen and kept. */
  private async transact(fill: (transaction: ChainableCommander) => void): Promise<unknown[]> {
    return this.connection.use(async (client) => {
      const transaction = client.multi();
      fill(transaction);
      const results = await transaction.exec();
      for (const [error] of results ?? []) if (error) throw error;
      if (!results) throw new AppError('unavailable', 'Redis gave up on a transaction.');
      return results.map(([, result]) => result);
    });
  }
}

function* chunks<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
