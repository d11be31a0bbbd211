import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from '../telemetry/logger.js';
import { EmbeddedStore } from './embedded-store.js';
import { RedisStore } from './redis-store.js';
import { STORE, type Store } from './store.js';

export interface CacheOptions {
  /** Of the Redis; absent: embedded. */
  url?: string;
  keyPrefix: string;
  log: Logger;
}

/** Gives `STORE` to the whole application, and closes it after everything that writes to it. */
@Module({})
export class CacheModule implements OnApplicationShutdown {
  constructor(@Inject(STORE) private readonly store: Store) {}

  static forRoot(options: CacheOptions): DynamicModule {
    const { url, ...rest } = options;
    return {
      module: CacheModule,
      global: true,
      providers: [{ provide: STORE, useFactory: () => (url ? new RedisStore({ ...rest, url }) : new EmbeddedStore()) }],
      exports: [STORE],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.store.close();
  }
}
