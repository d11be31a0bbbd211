import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Config } from './config.js';
import { ConfigError } from './config-error.js';
import { bindingProblem } from './config-warnings.js';
import { withHash } from './normalise.js';
import { readSecretFile } from './secret-file.js';

/** What only a start can change: the open port, and the connections to Redis under everything that is kept there. */
export const bootValues = ['server.host', 'server.port', 'redis.cache', 'redis.queue', 'redis.keyPrefix'] as const;
export type BootValue = (typeof bootValues)[number];

/** What else of the server can change while it runs. */
const serverFields = ['publicUrl', 'allowedHosts', 'corsOrigins', 'readOnly', 'apiKeys'] as const;

export interface LiveChange {
  /** What the program can go by now: the new configuration with the old values of what needs a restart. */
  config: Config;
  /** What the new configuration says otherwise and does not count before a restart. */
  needsRestart: BootValue[];
  /** Fields of the server that change now. */
  server: string[];
}

/**
 * What of a new configuration can be taken over while the program runs. Throws `ConfigError` when what is left of it is
 * not safe: without keys at an address that other machines reach.
 */
export function liveChange(now: Config, next: Config, options: { allowAnonymous?: boolean } = {}): LiveChange {
  const { host, port } = now.server;
  const server = { ...next.server, host, port };
  const needsRestart = bootValues.filter((path) => !isDeepStrictEqual(at(now, path), at(next, path)));
  const problem = bindingProblem(host, server.apiKeys.length > 0, options.allowAnonymous ?? false);
  if (problem !== undefined) {
    const message = `${problem}. (The address itself changes only with a restart)`;
    throw new ConfigError('The configuration', [{ path: 'server.apiKeys', message }]);
  }
  return {
    config: withHash({ server, redis: now.redis, clusters: next.clusters }),
    needsRestart,
    server: serverFields.filter((field) => !isDeepStrictEqual(now.server[field], next.server[field])),
  };
}

function at(config: Config, path: BootValue): unknown {
  const [block, field] = path.split('.') as ['server' | 'redis', string];
  return (config[block] as unknown as Record<string, unknown>)[field];
}

/** Tells whether a file holds another address of Redis than before; it says nothing of the address. */
export type RedisPrints = Partial<Record<'redis.cache' | 'redis.queue', string>>;

export function redisPrints({ redis }: Config): RedisPrints {
  const prints: RedisPrints = {};
  for (const field of ['cache', 'queue'] as const) {
    const source = redis[field];
    if (source?.kind === 'file') prints[`redis.${field}`] = printOf(source.path);
  }
  return prints;
}

/** What a file holds otherwise than at the start, though the configuration names the same one. */
export const redisChanges = (start: RedisPrints, now: RedisPrints): BootValue[] =>
  (['redis.cache', 'redis.queue'] as const).filter((path) => start[path] !== now[path]);

function printOf(path: string): string {
  try {
    return createHash('sha256').update(readSecretFile(path).secret).digest('base64');
  } catch {
    return 'unreadable';
  }
}
