import type { Logger } from '../telemetry/logger.js';
import { detailAgeMaxMs, detailsMax, type DetailCache, type DetailRef, type StoredDetail } from './detail-cache.js';
import { detailField, formatDetail, parseDetail } from './detail-format.js';
import { detailAgesKey, detailsKey } from './keys.js';
import { RedisConnection, type RedisConnectionOptions } from './redis-connection.js';

/** A cache that is slower than the cluster it spares is no help: after so long the cluster is asked. */
const timeoutMs = 250;

/**
 * KEYS details, ages; ARGV field, value, when it was read (ms), number to keep, milliseconds to keep. Keeps the bound in
 * the same step. The two lie in one slot.
 */
const putScript = `
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
local over = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[4])
if over > 0 then
  local oldest = redis.call('ZPOPMIN', KEYS[2], over)
  for i = 1, #oldest, 2 do redis.call('HDEL', KEYS[1], oldest[i]) end
end
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('PEXPIRE', KEYS[2], ARGV[5])`;

/** The detail cache that all replicas have in common. Keys: `keys.ts`. */
export class RedisDetailCache implements DetailCache {
  private readonly connection: RedisConnection;
  private readonly log: Logger;
  /** So that an outage is one line in the log, not one per call. */
  private isFailing = false;

  constructor(private readonly options: Omit<RedisConnectionOptions, 'purpose'> & { keyPrefix: string }) {
    this.log = options.log;
    this.connection = new RedisConnection({ ...options, purpose: 'details', timeoutMs });
  }

  async get(ref: DetailRef): Promise<StoredDetail | undefined> {
    const key = detailsKey(this.options.keyPrefix, ref.cluster);
    const text = await this.attempt(() => this.connection.use((client) => client.hget(key, detailField(ref))));
    return typeof text === 'string' ? parseDetail(ref, text, Date.now()) : undefined;
  }

  async put(ref: DetailRef, stored: StoredDetail): Promise<void> {
    const text = formatDetail(ref, stored);
    if (text === undefined) return;
    const [details, ages] = this.keysOf(ref.cluster);
    const written = [detailField(ref), text, Date.parse(stored.readAt), detailsMax, detailAgeMaxMs];
    await this.attempt(() => this.connection.use((client) => client.eval(putScript, 2, details, ages, ...written)));
  }

  async drop(cluster: string): Promise<void> {
    const keys = this.keysOf(cluster);
    await this.attempt(() => this.connection.use((client) => client.unlink(...keys)));
  }

  async close(): Promise<void> {
    this.connection.close();
  }

  private keysOf(cluster: string): [string, string] {
    const { keyPrefix } = this.options;
    return [detailsKey(keyPrefix, cluster), detailAgesKey(keyPrefix, cluster)];
  }

  private async attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await work();
      this.isFailing = false;
      return result;
    } catch (error) {
      if (!this.isFailing)
        this.log.warn({ err: error }, 'details of applications cannot be cached; clusters are asked');
      this.isFailing = true;
      return undefined;
    }
  }
}
