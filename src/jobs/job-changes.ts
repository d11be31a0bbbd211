import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { jobKeys } from '../cache/keys.js';
import { openRedis, type RedisConnectionOptions } from '../cache/redis-connection.js';
import { parseJobRecord } from './job-record.js';
import type { JobWatcher } from './wait-for-end.js';
import { JobWatchers } from './job-watchers.js';

/** How long the first watcher waits for the subscription; after that it lives with the gap. */
const subscribeWaitMs = 1_000;

/**
 * Hears of every change of a job, whichever process made it. The connection is opened by the first watcher; after it
 * was lost, every watcher is told that there was a gap.
 */
export class JobChanges {
  private readonly watchers = new JobWatchers();
  private readonly channel: string;
  private subscription?: { client: Redis; subscribed: Promise<void> };

  constructor(private readonly options: Omit<RedisConnectionOptions, 'purpose'> & { keyPrefix: string }) {
    this.channel = jobKeys(options.keyPrefix).changes;
  }

  async watch(jobId: string, watcher: JobWatcher): Promise<() => void> {
    const unwatch = this.watchers.add(jobId, watcher);
    this.subscription ??= this.subscribe();
    const wait = new AbortController();
    await Promise.race([
      this.subscription.subscribed,
      delay(subscribeWaitMs, undefined, { signal: wait.signal }).catch(() => undefined),
    ]);
    wait.abort();
    return unwatch;
  }

  close(): void {
    this.subscription?.client.disconnect();
  }

  private subscribe(): { client: Redis; subscribed: Promise<void> } {
    // Subscribing again is done by hand: only when it is done is the gap over.
    const client = openRedis(
      { ...this.options, purpose: 'job-changes' },
      { autoResubscribe: false, maxRetriesPerRequest: 1, connectTimeout: 5_000, socketTimeout: 10_000 },
    );
    client.on('message', (_channel: string, message: string) => this.tell(message));
    const subscribed = new Promise<void>((resolve) => {
      client.on('ready', () => {
        client.subscribe(this.channel).then(
          () => {
            resolve();
            this.watchers.tellGap();
          },
          // The connection broke again: the next `ready` subscribes.
          () => undefined,
        );
      });
    });
    return { client, subscribed };
  }

  /** `<jobId> <version> <record>`; what nobody here waits for is not parsed. */
  private tell(message: string): void {
    const [, jobId = '', version = '', text = ''] = /^(\S+) (\d+) (.*)$/s.exec(message) ?? [];
    if (!this.watchers.has(jobId)) return;
    const record = parseJobRecord(text);
    if (record) this.watchers.tell({ version: Number(version), record });
  }
}
