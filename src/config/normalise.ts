import { resolve } from 'node:path';
import { normaliseUrl } from './addresses.js';
import type { ApiKeyConfig, ClusterConfig, Config, SecretSource, ServerConfig, TlsConfig } from './config.js';
import { configHash } from './config-hash.js';
import { defaultKeyPrefix, defaultLimits, defaultServer } from './defaults.js';
import type { ConfigFile } from './file-schema.js';

/** What the command line sets; it wins over the file. */
export interface ServerOverrides {
  host?: string;
  port?: number;
  readOnly?: boolean;
  /** Added to those of the file. */
  allowedHosts?: readonly string[];
}

/** Turns a valid file into the configuration: defaults applied, addresses normalised, paths absolute. */
export function normalise(file: ConfigFile, baseDir: string, overrides: ServerOverrides = {}): Config {
  const { redis } = file;
  return withHash({
    server: serverOf(file.server, overrides),
    redis: {
      ...(redis?.cache === undefined ? {} : { cache: sourceOf(redis.cache, baseDir) }),
      ...(redis?.queue === undefined ? {} : { queue: sourceOf(redis.queue, baseDir) }),
      keyPrefix: redis?.keyPrefix ?? defaultKeyPrefix,
    },
    clusters: file.clusters.map((cluster) => clusterOf(cluster, file.defaults ?? {}, baseDir)),
  });
}

export const withHash = (config: Omit<Config, 'hash'>): Config => ({ ...config, hash: configHash(config) });

export function serverOf(server: ConfigFile['server'], overrides: ServerOverrides): ServerConfig {
  return {
    host: overrides.host ?? server?.host ?? defaultServer.host,
    port: overrides.port ?? server?.port ?? defaultServer.port,
    ...(server?.publicUrl === undefined ? {} : { publicUrl: normaliseUrl(server.publicUrl) }),
    allowedHosts: [...(server?.allowedHosts ?? []), ...(overrides.allowedHosts ?? [])].map((host) =>
      host.toLowerCase(),
    ),
    corsOrigins: (server?.corsOrigins ?? []).map((origin) => new URL(origin).origin),
    // The command line can only take rights away.
    readOnly: (server?.readOnly ?? defaultServer.readOnly) || (overrides.readOnly ?? false),
    apiKeys: (server?.apiKeys ?? []).map(withoutAbsent) as ApiKeyConfig[],
  };
}

type FileCluster = ConfigFile['clusters'][number];

export function clusterOf(
  cluster: FileCluster,
  defaults: NonNullable<ConfigFile['defaults']>,
  baseDir: string,
): ClusterConfig {
  return {
    name: cluster.name,
    url: normaliseUrl(cluster.url),
    labels: { ...defaults.labels, ...cluster.labels },
    token: sourceOf(cluster.token, baseDir),
    tls: tlsOf({ ...defaults.tls, ...cluster.tls }, baseDir),
    headers: { ...lowerNames(defaults.headers), ...lowerNames(cluster.headers) },
    readOnly: cluster.readOnly ?? defaults.readOnly ?? false,
    limits: { ...defaultLimits, ...defaults.limits, ...cluster.limits },
  };
}

function tlsOf(tls: NonNullable<FileCluster['tls']>, baseDir: string): TlsConfig {
  const { insecureSkipVerify = false, ...files } = tls;
  const paths = Object.entries(files).map(([field, file]) => [
    field,
    file === undefined ? file : resolve(baseDir, file),
  ]);
  return { ...withoutAbsent(Object.fromEntries(paths) as Omit<TlsConfig, 'insecureSkipVerify'>), insecureSkipVerify };
}

function sourceOf(source: FileCluster['token'] | string, baseDir: string): SecretSource {
  if (typeof source === 'string') return { kind: 'value', value: source };
  if ('env' in source) return { kind: 'env', name: source.env };
  if ('file' in source) return { kind: 'file', path: resolve(baseDir, source.file) };
  const [program = '', ...args] = source.command;
  // A bare name is looked for in PATH, a path is relative to the file as all others are.
  return { kind: 'command', argv: [program.includes('/') ? resolve(baseDir, program) : program, ...args] };
}

const lowerNames = (headers: Record<string, string> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

const withoutAbsent = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as T;
