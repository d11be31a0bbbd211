import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from '../telemetry/logger.js';
import { CHANGE_LOG, type ChangeLog } from './change-log.js';
import { DETAIL_CACHE, type DetailCache } from './detail-cache.js';
import { EmbeddedChangeLog } from './embedded-change-log.js';
import { EmbeddedDetailCache } from './embedded-detail-cache.js';
import { EmbeddedStore } from './embedded-store.js';
import { RedisChangeLog } from './redis-change-log.js';
import { RedisConnection } from './redis-connection.js';
import { RedisDetailCache } from './redis-detail-cache.js';
import { RedisStore } from './redis-store.js';
import { STORE, type Store } from './store.js';

export interface CacheOptions {
  /** Of the Redis; absent: embedded. */
  url?: string;
  keyPrefix: string;
  log: Logger;
}

const LAST_KNOWN = Symbol('store and history');

/**
 * Gives `STORE`, `CHANGE_LOG` and `DETAIL_CACHE` to the whole application, and closes them after everything that writes
 * to them.
 */
@Module({})
export class CacheModule implements OnApplicationShutdown {
  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CHANGE_LOG) private readonly changes: ChangeLog,
    @Inject(DETAIL_CACHE) private readonly details: DetailCache,
  ) {}

  static forRoot(options: CacheOptions): DynamicModule {
    const { url, ...rest } = options;
    return {
      module: CacheModule,
      global: true,
      providers: [
        { provide: LAST_KNOWN, useFactory: () => lastKnown(options) },
        { provide: STORE, inject: [LAST_KNOWN], useFactory: ({ store }: LastKnown) => store },
        { provide: CHANGE_LOG, inject: [LAST_KNOWN], useFactory: ({ changes }: LastKnown) => changes },
        {
          provide: DETAIL_CACHE,
          useFactory: () => (url ? new RedisDetailCache({ ...rest, url }) : new EmbeddedDetailCache()),
        },
      ],
      exports: [STORE, CHANGE_LOG, DETAIL_CACHE],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.changes.close(), this.store.close(), this.details.close()]);
  }
}

/** The store and the history of what is written to it. */
interface LastKnown {
  store: Store;
  changes: ChangeLog;
}

function lastKnown({ url, keyPrefix, log }: CacheOptions): LastKnown {
  if (url === undefined) {
    const changes = new EmbeddedChangeLog();
    return { store: new EmbeddedStore(changes), changes };
  }
  const connection = new RedisConnection({ url, log, purpose: 'cache' });
  return {
    store: new RedisStore(connection, keyPrefix),
    changes: new RedisChangeLog(connection, { url, log, keyPrefix }),
  };
}
