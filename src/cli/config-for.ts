import type { Config } from '../config/config.js';
import { configSource, type ConfigSource } from '../config/config-source.js';
import type { Logger } from '../telemetry/logger.js';

/** What the command line says about the configuration; it wins over the file. */
export interface ConfigOptions {
  config?: string;
  host?: string;
  port?: number;
  readOnly?: boolean;
  insecureNoAuth?: boolean;
}

/** A configuration that was read, and how to read it again. */
export interface ReadConfig {
  config: Config;
  source: ConfigSource;
  /** Were logged. */
  warnings: readonly string[];
}

/** Loads the configuration and logs its warnings. Throws `ConfigError`. */
export function configFor(options: ConfigOptions, log: Logger): ReadConfig {
  const { host, port, readOnly } = options;
  const source = configSource({
    file: options.config,
    overrides: {
      ...(host !== undefined ? { host } : {}),
      ...(port !== undefined ? { port } : {}),
      ...(readOnly ? { readOnly } : {}),
    },
    allowAnonymous: options.insecureNoAuth,
  });
  const { config, warnings } = source.load();
  for (const warning of warnings) log.warn(warning);
  return { config, source, warnings };
}

/** For commands that listen nowhere: what would be unsafe to serve is no mistake there. */
export const notListening = (options: ConfigOptions): ConfigOptions => ({ ...options, insecureNoAuth: true });
