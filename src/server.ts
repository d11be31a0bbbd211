import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Config, ProcessRole } from './config/config.js';
import { openSecret } from './config/secrets.js';
import type { FleetOptions } from './fleet/fleet.module.js';
import { Fleet } from './fleet/fleet.js';
import { fastifyOptions } from './rest/fastify-options.js';
import { ServerModule } from './server.module.js';
import type { Logger } from './telemetry/logger.js';

export interface ServerOptions {
  config: Config;
  role: ProcessRole;
  log: Logger;
  /** When replicas take over from one another; for tests. */
  replication?: FleetOptions['replication'];
}

export interface RunningServer {
  /** For example `http://127.0.0.1:8090`. */
  url: string;
  fleet: Fleet;
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
export async function startServer({ config, role, log, replication }: ServerOptions): Promise<RunningServer> {
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
  return { url: (await app.getUrl()).replace('[::1]', 'localhost'), fleet, close: () => app.close() };
}
