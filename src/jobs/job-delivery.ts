import { setTimeout as delay } from 'node:timers/promises';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { bullQueueName, jobKeys } from '../cache/keys.js';
import type { Logger } from '../telemetry/logger.js';
import type { JobRecords } from './job-records.js';

export interface JobDeliveryOptions {
  /** Patient: BullMQ keeps a promise of its first connection for ever, so that one must not fail. */
  client: Redis;
  records: JobRecords;
  keyPrefix: string;
  log: Logger;
}

const deliverWaitMs = 2_000;

/** Hands ids of jobs to BullMQ, as often as it takes: an id that is there already is not added again. */
export class JobDelivery {
  private readonly queue: Queue;

  constructor(private readonly options: JobDeliveryOptions) {
    this.queue = new Queue(bullQueueName, {
      connection: options.client,
      prefix: jobKeys(options.keyPrefix).bullPrefix,
      skipVersionCheck: true,
      // Nobody reads BullMQ's event stream: changes are announced by the records.
      streams: { events: { maxLen: 10 } },
    });
    this.queue.on('error', (error) => options.log.debug({ err: error }, 'job delivery'));
  }

  /** Returns after 2 s at most; what Redis did not take until then, it gets when it is back, or by `redeliver`. */
  async deliver(jobId: string): Promise<void> {
    const wait = new AbortController();
    const added = this.queue
      .add('job', {}, { jobId, attempts: 1, removeOnComplete: true, removeOnFail: true })
      .catch((error: unknown) => this.options.log.warn({ jobId, err: error }, 'a job will be delivered later'));
    await Promise.race([added, delay(deliverWaitMs, undefined, { signal: wait.signal }).catch(() => undefined)]);
    wait.abort();
  }

  /** Delivers open jobs that BullMQ does not know: added right before a crash, or lost by it. */
  async redeliver(): Promise<void> {
    const { records, log } = this.options;
    const jobIds = await records.openIds();
    if (jobIds.length === 0) return;
    const known = await records.connection.use(async (client) => {
      const pipeline = client.pipeline();
      for (const jobId of jobIds) pipeline.exists(this.queue.toKey(jobId));
      return pipeline.exec();
    });
    for (const [index, jobId] of jobIds.entries()) {
      // Only a clear "not there" counts; an error is no reason to deliver.
      if (known?.[index]?.[1] !== 0) continue;
      log.info({ jobId }, 'delivering a job again');
      await this.deliver(jobId);
    }
  }

  async close(): Promise<void> {
    await this.queue.close();
  }
}
