import { Module, type DynamicModule } from '@nestjs/common';
import { ConfigModule, getConfigToken, registerAs } from '@nestjs/config';
import type { Config } from './config.js';
import { LiveConfig } from './live-config.js';

const namespace = 'fleet';

/**
 * `@Inject(CONFIG) config: Config` gives the whole configuration of the start, validated and frozen: for what only a start
 * can change. `LiveConfig` has the one of now.
 */
export const CONFIG: string = getConfigToken(namespace);

/**
 * Carries the configuration through @nestjs/config, to every module.
 *
 * Nothing but the given object is ever read: no `.env` file and no process environment. By default @nestjs/config falls
 * back to an environment variable of the same name for every value that is not set; here that would let a stray variable
 * configure what the schema never saw.
 */
@Module({})
export class FleetConfigModule {
  static forRoot(config: Config): DynamicModule {
    // Freezes it.
    const live = new LiveConfig(config);
    return {
      module: FleetConfigModule,
      global: true,
      imports: [
        ConfigModule.forRoot({
          isGlobal: true,
          ignoreEnvFile: true,
          ignoreEnvVars: true,
          skipProcessEnv: true,
          load: [registerAs(namespace, () => config)],
        }),
      ],
      providers: [{ provide: LiveConfig, useValue: live }],
      exports: [LiveConfig],
    };
  }
}
