import { Module, type DynamicModule } from '@nestjs/common';
import { AuthModule } from './auth/auth.module.js';
import { CacheModule } from './cache/cache.module.js';
import type { Config, ProcessRole } from './config/config.js';
import { FleetConfigModule } from './config/config.module.js';
import { EventsModule } from './fleet/events/events.module.js';
import { FleetModule, type FleetOptions } from './fleet/fleet.module.js';
import { JobsModule } from './jobs/jobs.module.js';
import { WorkerModule } from './jobs/worker.module.js';
import { McpModule } from './mcp/mcp.module.js';
import { RestModule } from './rest/rest.module.js';
import type { Logger } from './telemetry/logger.js';
import { TelemetryModule } from './telemetry/telemetry.module.js';
import { ToolsModule } from './tools/tools.module.js';

/** Jobs that one process does at once: they mostly wait for Argo CD. */
const jobsAtOnce = 20;

export interface ServerModuleOptions {
  config: Config;
  role: ProcessRole;
  log: Logger;
  /** Addresses with their passwords; absent: embedded. */
  redis: { cacheUrl?: string; queueUrl?: string };
  /** MCP and REST over HTTP; false for stdio. */
  http: boolean;
  /** For tests. */
  replication?: FleetOptions['replication'];
}

/** The whole program, put together. Reads as the architecture: ground, cache, fleet, jobs, tools, transports. */
@Module({})
export class ServerModule {
  static forRoot({ config, role, log, redis, http, replication }: ServerModuleOptions): DynamicModule {
    const { keyPrefix } = config.redis;
    return {
      module: ServerModule,
      imports: [
        FleetConfigModule.forRoot(config),
        TelemetryModule,
        CacheModule.forRoot({ url: redis.cacheUrl, keyPrefix, log }),
        FleetModule.forRoot({ log, replication }),
        EventsModule.forRoot(),
        WorkerModule.forRoot({ log }),
        JobsModule.forRoot({ url: redis.queueUrl, keyPrefix, role, concurrency: jobsAtOnce, log }),
        AuthModule,
        ToolsModule.forRoot({ log }),
        ...(http && role !== 'worker' ? [McpModule.forRoot({ log })] : []),
        ...(http ? [RestModule.forRoot({ log, role })] : []),
      ],
    };
  }
}
