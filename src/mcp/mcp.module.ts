import { Inject, Module, type DynamicModule, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { Authenticator } from '../auth/authenticator.js';
import { ToolRunner } from '../tools/tool-runner.js';
import { FleetServer } from './fleet-server.js';
import { createHttpHandler } from './http-handler.js';
import { McpEndpoint } from './mcp-endpoint.js';
import { McpShortPath } from './short-path.js';

/** Time that calls under way get at shutdown. Waits for jobs are cut: they are made to be asked again. */
const drainMs = 5000;

/**
 * MCP over Streamable HTTP at `/mcp`, mounted on the application's Fastify instance when the module starts. `ToolRunner`
 * and `Authenticator` come from outside, through `imports` or a global module.
 */
@Module({})
export class McpModule implements OnModuleInit, OnModuleDestroy {
  static forRoot(options: { log: Logger; imports?: DynamicModule['imports'] }): DynamicModule {
    return {
      module: McpModule,
      imports: options.imports ?? [],
      providers: [
        {
          provide: McpEndpoint,
          inject: [ToolRunner, Authenticator],
          useFactory: (runner: ToolRunner, authenticator: Authenticator) => {
            const server = new FleetServer(runner);
            return new McpEndpoint({
              handler: createHttpHandler(server, options.log),
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
  ) {}

  onModuleInit(): void {
    this.endpoint.mount(this.host.httpAdapter.getInstance<FastifyInstance>());
  }

  async onModuleDestroy(): Promise<void> {
    await this.endpoint.drain(drainMs);
  }
}
