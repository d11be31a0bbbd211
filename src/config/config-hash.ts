import { createHash } from 'node:crypto';
import type { Config, SecretSource } from './config.js';

/**
 * First 12 hex digits of the SHA-256 of a configuration: equal for files that mean the same, whatever their order of
 * fields and their comments. Where secrets come from counts, secrets do not: not the values of extra headers and not
 * the password of a Redis address either. Where the process listens does not count: replicas that answer alike are equal.
 */
export function configHash(config: Omit<Config, 'hash'>): string {
  const { redis, clusters } = config;
  const { host: _host, port: _port, ...server } = config.server;
  const shown = {
    server,
    redis: { ...redis, cache: withoutSecret(redis.cache), queue: withoutSecret(redis.queue) },
    clusters: clusters.map((cluster) => ({
      ...cluster,
      token: withoutSecret(cluster.token),
      headers: Object.keys(cluster.headers).sort(),
    })),
  };
  return createHash('sha256').update(stableText(shown)).digest('hex').slice(0, 12);
}

function withoutSecret(source: SecretSource | undefined): unknown {
  if (source?.kind !== 'value') return source;
  return { kind: 'value', ...(URL.canParse(source.value) ? { host: new URL(source.value).host } : {}) };
}

/** JSON with the fields of every object in order. */
function stableText(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
