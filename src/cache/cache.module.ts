import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from '../telemetry/logger.js';
import { CHANGE_LOG } from './change-log.js';
import { EmbeddedChangeLog } from './embedded-change-log.js';
import { EmbeddedStore } from './embedded-store.js';
import { RedisStore } from './redis-store.js';
import { STORE, type Store } from './store.js';

export interface CacheOptions {
  /** Of the Redis; absent: embedded. */
  url?: string;
  keyPrefix: string;
  log: Logger;
}

/** Gives `STORE` and `CHANGE_LOG` to the whole application, and closes them after everything that writes to them. */
@Module({})
export class CacheModule implements OnApplicationShutdown {
  constructor(@Inject(STORE) private readonly store: Store) {}

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
      ],
      exports: [STORE, CHANGE_LOG],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.store.close();
  }
}
