import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from '../telemetry/logger.js';
import { CHANGE_LOG } from './change-log.js';
import { DETAIL_CACHE, type DetailCache } from './detail-cache.js';
import { EmbeddedChangeLog } from './embedded-change-log.js';
import { EmbeddedDetailCache } from './embedded-detail-cache.js';
import { EmbeddedStore } from './embedded-store.js';
import { RedisDetailCache } from './redis-detail-cache.js';
import { RedisStore } from './redis-store.js';
import { STORE, type Store } from './store.js';

export interface CacheOptions {
  /** Of the Redis; absent: embedded. */
  url?: string;
  keyPrefix: string;
  log: Logger;
}

/**
 * Gives `STORE`, `CHANGE_LOG` and `DETAIL_CACHE` to the whole application, and closes them after everything that writes
 * to them.
 */
@Module({})
export class CacheModule implements OnApplicationShutdown {
  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(DETAIL_CACHE) private readonly details: DetailCache,
  ) {}

  static forRoot(options: CacheOptions): DynamicModule {
    const { url, ...rest } = options;
    return {
      module: CacheModule,
      global: true,
      providers: [
        { provide: CHANGE_LOG, useFactory: () => new EmbeddedChangeLog() },
        {
          provide: STORE,
          inject: [CHANGE_LOG],
          useFactory: (changes: EmbeddedChangeLog): Store =>
            url ? new RedisStore({ ...rest, url }) : new EmbeddedStore(changes),
        },
        {
          provide: DETAIL_CACHE,
          useFactory: () => (url ? new RedisDetailCache({ ...rest, url }) : new EmbeddedDetailCache()),
        },
      ],
      exports: [STORE, CHANGE_LOG, DETAIL_CACHE],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.store.close(), this.details.close()]);
  }
}
