import { loadConfig, stepsOfLoading } from './load-config.js';
import type { LoadedConfig, LoadOptions } from './loaded-config.js';
import type { Config, SecretSource } from './config.js';
import { inSlices } from './steps.js';

/** A configuration that can be read again. */
export interface ConfigSource {
  /** Reads and checks it; contacts nobody. Throws `ConfigError`. */
  load(): LoadedConfig;
  /** The same for a program that has others to answer meanwhile. */
  loadInSlices(): Promise<LoadedConfig>;
  /** What it stands in: the configuration file, or the token registry. Absent: in the environment alone. */
  file?: string;
  /** Listening beyond this machine without any API key is fine. */
  allowAnonymous?: boolean;
}

/** The file or the environment that the options name, as they were at the start. */
export function configSource(options: LoadOptions): ConfigSource {
  const env = { ...(options.env ?? process.env) };
  const file = options.file ?? env['ARGOCD_TOKEN_REGISTRY_PATH']?.trim();
  return {
    load: () => loadConfig({ ...options, env }),
    loadInSlices: () => inSlices(stepsOfLoading({ ...options, env })),
    ...(file ? { file } : {}),
    allowAnonymous: options.allowAnonymous,
  };
}

/** Every file that a configuration names, each once. */
export function namedFiles({ clusters, redis }: Config): string[] {
  const sources: (SecretSource | undefined)[] = [redis.cache, redis.queue, ...clusters.map(({ token }) => token)];
  const files = sources.flatMap((source) => (source?.kind === 'file' ? [source.path] : []));
  const pem = clusters.flatMap(({ tls }) => [tls.caFile, tls.certFile, tls.keyFile]);
  return [...new Set([...files, ...pem.flatMap((path) => path ?? [])])];
}
