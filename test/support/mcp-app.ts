import type { AddressInfo } from 'node:net';
import { Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHash } from 'node:crypto';
import { Authenticator } from '../../src/auth/authenticator.js';
import { EmbeddedChangeLog } from '../../src/cache/embedded-change-log.js';
import type { ApiKeyConfig } from '../../src/config/config.js';
import { FleetEvents } from '../../src/fleet/events/fleet-events.js';
import { Fleet, type ClusterOpener } from '../../src/fleet/fleet.js';
import { FleetIndex } from '../../src/fleet/index/fleet-index.js';
import { McpModule } from '../../src/mcp/mcp.module.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { Metrics } from '../../src/telemetry/metrics.js';
import { ToolRunner } from '../../src/tools/tool-runner.js';
import type { Tool } from '../../src/tools/tool.js';
import { testCatalog, ToolProbe } from './test-catalog.js';

export interface McpApp {
  url: URL;
  probe: ToolProbe;
  runner: ToolRunner;
  log: string[];
  close(): Promise<void>;
}

/** A gate over the test catalog; its log is kept, not printed. */
export function testRunner(probe: ToolProbe, log: string[], tools: readonly Tool[] = testCatalog(probe)): ToolRunner {
  return new ToolRunner({
    tools,
    contextFor: (caller, extra) => ({ fleet: {}, jobs: {}, caller, ...extra }) as never,
    readOnly: false,
    log: createLogger('debug', { write: (line: string) => void log.push(line) }),
    metrics: { toolCalled: () => undefined },
  });
}

export const keyConfig = (key: string, part: Partial<ApiKeyConfig> = {}): ApiKeyConfig => ({
  name: 'test',
  role: 'admin',
  hash: `sha256:${createHash('sha256').update(key).digest('hex')}`,
  ...part,
});

export const authenticatorFor = (apiKeys: ApiKeyConfig[]): Authenticator =>
  new Authenticator({ server: { apiKeys } as never });

/** Of a fleet without clusters. */
export const noEvents = (): FleetEvents =>
  new FleetEvents(new Fleet(new FleetIndex(), {} as ClusterOpener), new EmbeddedChangeLog());

/** The MCP module alone in a Nest application on a free loopback port. */
export async function startMcpApp(options: { apiKeys?: ApiKeyConfig[]; port?: number } = {}): Promise<McpApp> {
  const probe = new ToolProbe();
  const log: string[] = [];
  const runner = testRunner(probe, log);
  const authenticator = authenticatorFor(options.apiKeys ?? []);

  @Module({
    providers: [
      { provide: ToolRunner, useValue: runner },
      { provide: Authenticator, useValue: authenticator },
      { provide: FleetEvents, useValue: noEvents() },
      { provide: Metrics, useValue: new Metrics() },
    ],
    exports: [ToolRunner, Authenticator, FleetEvents, Metrics],
  })
  class Surroundings {}

  const logger = createLogger('debug', { write: (line: string) => void log.push(line) });
  const root = McpModule.forRoot({ log: logger, imports: [Surroundings] });
  // Node counts a connection that never carried a request as busy: clients that connect ahead would hold up the end.
  const adapter = new FastifyAdapter({ forceCloseConnections: true });
  const app: INestApplication = await NestFactory.create<NestFastifyApplication>(root, adapter, {
    logger: false,
  });
  await app.listen(options.port ?? 0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { url: new URL(`http://127.0.0.1:${port}/mcp`), probe, runner, log, close: () => app.close() };
}
