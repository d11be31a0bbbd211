import { Inject, Module, Optional, type DynamicModule, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { Authenticator } from '../auth/authenticator.js';
import { LiveConfig, type ConfigUser, type Prepared } from '../config/live-config.js';
import { FleetEvents } from '../fleet/events/fleet-events.js';
import { Metrics } from '../telemetry/metrics.js';
import { ToolRunner } from '../tools/tool-runner.js';
import { FleetServer } from './fleet-server.js';
import { createHttpHandler } from './http-handler.js';
import { ListenStreams, type ListenTimes } from './listen-streams.js';
import { McpEndpoint } from './mcp-endpoint.js';
import { McpShortPath } from './short-path.js';

/** Time that calls under way get at shutdown. Waits for jobs are cut: they are made to be asked again. */
const drainMs = 5000;

export interface McpModuleOptions {
  log: Logger;
  imports?: DynamicModule['imports'];
  /** For tests that cannot wait so long. */
  listenTimes?: Partial<ListenTimes>;
}

/**
 * MCP over Streamable HTTP at `/mcp`, mounted on the application's Fastify instance when the module starts. `ToolRunner`,
 * `FleetEvents` and `Authenticator` come from outside, through `imports` or a global module.
 */
@Module({})
export class McpModule implements OnModuleInit, OnModuleDestroy, ConfigUser {
  static forRoot(options: McpModuleOptions): DynamicModule {
    return {
      module: McpModule,
      imports: options.imports ?? [],
      providers: [
        {
          provide: ListenStreams,
          inject: [FleetEvents, ToolRunner, Metrics],
          useFactory: (events: FleetEvents, runner: ToolRunner, { subscriptions: metrics }: Metrics) =>
            new ListenStreams({ events, runner, metrics, log: options.log, times: options.listenTimes }),
        },
        {
          provide: McpEndpoint,
          inject: [ToolRunner, Authenticator, ListenStreams],
          useFactory: (runner: ToolRunner, authenticator: Authenticator, listen: ListenStreams) => {
            // The legacy leg keeps no sessions, so nothing could be pushed to its clients.
            const server = new FleetServer(runner, (era) => era === 'modern');
            return new McpEndpoint({
              handler: createHttpHandler(server, options.log, listen),
              shortPath: new McpShortPath({ runner, mirroredArguments: (tool) => server.mirroredArguments(tool) }),
              authenticate: (authorization) => authenticator.authenticate(authorization),
              log: options.log,
            });
          },
        },
      ],
      exports: [McpEndpoint],
    };
  }

  constructor(
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
    @Inject(McpEndpoint) private readonly endpoint: McpEndpoint,
    @Inject(ListenStreams) private readonly listen: ListenStreams,
    @Inject(LiveConfig) @Optional() live?: LiveConfig,
  ) {
    live?.join(this);
  }

  /** Ends subscriptions of keys that are others now, when everybody has taken the configuration over. */
  prepare(): Prepared {
    return { commit: () => void setImmediate(() => void this.listen.review()) };
  }

  onModuleInit(): void {
    this.endpoint.mount(this.host.httpAdapter.getInstance<FastifyInstance>());
  }

  async onModuleDestroy(): Promise<void> {
    await this.endpoint.drain(drainMs);
  }
}
