import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Config, ProcessRole } from './config/config.js';
import { ConfigReload, type ReloadReason, type ReloadResult } from './config/config-reload.js';
import type { ConfigSource } from './config/config-source.js';
import { ConfigWatch } from './config/config-watch.js';
import { LiveConfig } from './config/live-config.js';
import { openSecret } from './config/secrets.js';
import type { FleetOptions } from './fleet/fleet.module.js';
import { Fleet } from './fleet/fleet.js';
import { fastifyOptions } from './rest/fastify-options.js';
import { ServerModule } from './server.module.js';
import type { Logger } from './telemetry/logger.js';
import { Metrics } from './telemetry/metrics.js';

export interface ServerOptions {
  config: Config;
  role: ProcessRole;
  log: Logger;
  /** When replicas take over from one another; for tests. */
  replication?: FleetOptions['replication'];
  /** Where the configuration can be read again from. Absent: it stays as it is. */
  source?: ConfigSource;
  /** Warnings that were told when it was first read. */
  warnings?: readonly string[];
}

export interface RunningServer {
  /** For example `http://127.0.0.1:8090`. */
  url: string;
  fleet: Fleet;
  /** Reads the configuration again; undefined when there is no source of it. Never throws. */
  reload(because: ReloadReason): Promise<ReloadResult | undefined>;
  /** Drains: no new calls, running ones finish, jobs are handed over. Leaves nothing behind. */
  close(): Promise<void>;
}

/** Addresses of the two Redis, from their sources. Absent: embedded. */
export async function redisUrls({ redis }: Config): Promise<{ cacheUrl?: string; queueUrl?: string }> {
  const read = async (source: typeof redis.cache, what: string): Promise<string | undefined> =>
    source && openSecret(source, { what, code: 'unavailable' }).get();
  return {
    cacheUrl: await read(redis.cache, 'address of the cache Redis'),
    queueUrl: await read(redis.queue, 'address of the queue Redis'),
  };
}

/**
 * Starts the HTTP server and, by role, the workers. Contacts no cluster before it listens and waits for none.
 *
 * Throws what opening the port throws (`EADDRINUSE`, ...).
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { config, role, log, replication } = options;
  const redis = await redisUrls(config);
  const app = await NestFactory.create<NestFastifyApplication>(
    ServerModule.forRoot({ config, role, log, redis, http: true, replication }),
    new FastifyAdapter(fastifyOptions()),
    { logger: false, abortOnError: false, bodyParser: false },
  );
  try {
    await app.listen(config.server.port, config.server.host);
  } catch (error) {
    await app.close();
    throw error;
  }
  const fleet = app.get(Fleet, { strict: false });
  if (role !== 'worker') fleet.start();
  const watch = watchConfig(app, options);
  await watch?.start();
  return {
    url: (await app.getUrl()).replace('[::1]', 'localhost'),
    fleet,
    reload: async (because) => watch?.reload(because),
    close: async () => {
      await watch?.close();
      await app.close();
    },
  };
}

/** Takes the configuration over whenever it changes, from `start` on. Close it before the application. */
export function watchConfig(
  app: INestApplicationContext,
  { source, log, warnings }: Pick<ServerOptions, 'source' | 'log' | 'warnings'>,
): ConfigWatch | undefined {
  if (!source) return undefined;
  const live = app.get(LiveConfig, { strict: false });
  const { configuration: metrics } = app.get(Metrics, { strict: false });
  return new ConfigWatch(new ConfigReload({ source, live, log, metrics, warnings }));
}
