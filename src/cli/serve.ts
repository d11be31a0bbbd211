import type { ProcessRole } from '../config/config.js';
import { isLoopback } from '../config/loopback.js';
import { createLogger, type LogLevel } from '../telemetry/logger.js';
import { configFor, type ConfigOptions } from './config-for.js';
import { CommandError, listenError } from './exit.js';
import { untilAskedToStop } from './signals.js';

export interface ServeOptions extends ConfigOptions {
  role: ProcessRole;
  logLevel: LogLevel;
}

/** MCP and REST over HTTP, workers by role; until it is asked to stop. */
export async function serve(options: ServeOptions): Promise<void> {
  const log = createLogger(options.logLevel);
  const config = configFor(options, log);
  if (options.role === 'worker' && !config.redis.queue) {
    throw new CommandError(
      'A worker takes its jobs from Redis, and none is configured. Set redis.queue, or run with --role all.',
    );
  }
  const { host, port } = config.server;
  if (config.server.apiKeys.length === 0 && !isLoopback(host)) {
    log.warn({ host }, 'no API key is configured: whoever reaches this address may do everything');
  }
  // Loaded only now: a mistake in the configuration is told at once.
  const { startServer } = await import('../server.js');
  const server = await startServer({ config, role: options.role, log }).catch((error: unknown) => {
    throw listenError(error, host, port);
  });
  log.info(
    {
      url: server.url,
      role: options.role,
      clusters: config.clusters.length,
      jobs: config.redis.queue ? 'durable' : 'in memory',
      configHash: config.hash,
    },
    'listening',
  );
  const signal = await untilAskedToStop();
  log.info({ signal }, 'draining');
  await server.close();
  log.info('stopped');
}
