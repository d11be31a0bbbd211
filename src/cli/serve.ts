import type { ProcessRole } from '../config/config.js';
import { isLoopback } from '../config/loopback.js';
import type { RunningServer } from '../server.js';
import { createLogger, type LogLevel } from '../telemetry/logger.js';
import { configFor, type ConfigOptions } from './config-for.js';
import { CommandError, listenError } from './exit.js';
import { onHangup, untilAskedToStop } from './signals.js';

export interface ServeOptions extends ConfigOptions {
  role: ProcessRole;
  logLevel: LogLevel;
}

/** MCP and REST over HTTP, workers by role; until it is asked to stop. */
export async function serve(options: ServeOptions): Promise<void> {
  const log = createLogger(options.logLevel);
  const { config, ...again } = configFor(options, log);
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
  // From before it listens: a signal meanwhile must not end it.
  const started: { server?: RunningServer } = {};
  const stopListening = onHangup(() => void started.server?.reload('signal'));
  const server = await startServer({ config, role: options.role, log, ...again }).catch((error: unknown) => {
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
  started.server = server;
  const signal = await untilAskedToStop();
  stopListening();
  log.info({ signal }, 'draining');
  endAfter(closeMs, () => log.error('closing takes too long; ending without it'));
  await server.close();
  log.info('stopped');
  // A library may still wait for a Redis that is gone.
  endAfter(lingerMs, () => log.debug('ended while something still waited'), 0);
}

/** What still waits after all was closed gets so long. */
const lingerMs = 200;

/** Longer than everything that closing waits for, shorter than the patience of whoever asked for it. */
const closeMs = 25_000;

function endAfter(ms: number, tell: () => void, code = 1): void {
  setTimeout(() => {
    tell();
    process.exit(code);
  }, ms).unref();
}
