import type { Redis } from 'ioredis';
import { jobKeys } from '../cache/keys.js';
import { openRedis, type RedisConnectionOptions } from '../cache/redis-connection.js';
import { parseJobRecord } from './job-record.js';
import type { VersionedRecord } from './job-records.js';

interface Watcher {
  onChange: (change: VersionedRecord) => void;
  onGap: () => void;
}

/**
 * Hears of every change of a job, whichever process made it. The connection is opened by the first watcher; after it
 * was lost, every watcher is told that there is a gap.
 */
export class JobChanges {
  private readonly watchers = new Map<string, Set<Watcher>>();
  private readonly channel: string;
  private client?: Redis;

  constructor(private readonly options: Omit<RedisConnectionOptions, 'purpose'> & { keyPrefix: string }) {
    this.channel = jobKeys(options.keyPrefix).changes;
  }

  watch(jobId: string, watcher: Watcher): () => void {
    this.client ??= this.subscribe();
    const ofJob = this.watchers.get(jobId) ?? new Set();
    this.watchers.set(jobId, ofJob.add(watcher));
    return () => {
      ofJob.delete(watcher);
      if (ofJob.size === 0 && this.watchers.get(jobId) === ofJob) this.watchers.delete(jobId);
    };
  }

  close(): void {
    this.client?.disconnect();
    this.watchers.clear();
  }

  private subscribe(): Redis {
    // Resubscribing is done by hand below: only when it is done is the gap over.
    const client = openRedis(
      { ...this.options, purpose: 'job-changes' },
      { autoResubscribe: false, maxRetriesPerRequest: 1, connectTimeout: 5_000, socketTimeout: 10_000 },
    );
    client.on('ready', () => {
      client.subscribe(this.channel).then(
        () => this.tellGap(),
        // The connection broke again: the next `ready` subscribes.
        () => undefined,
      );
    });
    client.on('message', (_channel: string, message: string) => this.tell(message));
    return client;
  }

  private tellGap(): void {
    for (const ofJob of [...this.watchers.values()]) for (const watcher of [...ofJob]) watcher.onGap();
  }

  /** `<jobId> <version> <record>`; what nobody here waits for is not parsed. */
  private tell(message: string): void {
    const [, jobId = '', version = '', text = ''] = /^(\S+) (\d+) (.*)$/s.exec(message) ?? [];
    const ofJob = this.watchers.get(jobId);
    const record = ofJob && parseJobRecord(text);
    if (!ofJob || !record) return;
    for (const watcher of [...ofJob]) watcher.onChange({ version: Number(version), record });
  }
}
