import { NestFactory } from '@nestjs/core';
import { Authenticator } from '../auth/authenticator.js';
import { FleetEvents } from '../fleet/events/fleet-events.js';
import { serveStdio } from '../mcp/stdio.js';
import { redisUrls, watchConfig } from '../server.js';
import { ServerModule } from '../server.module.js';
import { createLogger, type LogLevel } from '../telemetry/logger.js';
import { ToolRunner } from '../tools/tool-runner.js';
import { configFor, notListening, type ConfigOptions } from './config-for.js';
import { onHangup, untilAskedToStop } from './signals.js';

export interface StdioOptions extends ConfigOptions {
  logLevel: LogLevel;
}

/** MCP on stdin and stdout. A cluster is contacted at its first use; ends when the client goes. */
export async function stdio(options: StdioOptions): Promise<void> {
  const log = createLogger(options.logLevel);
  const { config, ...again } = configFor(notListening(options), log);
  const module = ServerModule.forRoot({ config, role: 'all', log, redis: await redisUrls(config), http: false });
  const app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  const watch = watchConfig(app, { log, ...again });
  const stopListening = onHangup(() => void watch?.reload('signal'));
  void watch?.start();
  const connection = serveStdio({
    runner: app.get(ToolRunner, { strict: false }),
    events: app.get(FleetEvents, { strict: false }),
    caller: app.get(Authenticator, { strict: false }).localCaller(),
    log,
  });
  await Promise.race([connection.closed, untilAskedToStop()]);
  stopListening();
  await connection.close();
  await watch?.close();
  await app.close();
}
