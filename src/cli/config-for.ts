import type { Config } from '../config/config.js';
import { loadConfig } from '../config/load-config.js';
import type { Logger } from '../telemetry/logger.js';

/** What the command line says about the configuration; it wins over the file. */
export interface ConfigOptions {
  config?: string;
  host?: string;
  port?: number;
  readOnly?: boolean;
  insecureNoAuth?: boolean;
}

/** Loads the configuration and logs its warnings. Throws `ConfigError`. */
export function configFor(options: ConfigOptions, log: Logger): Config {
  const { host, port, readOnly } = options;
  const { config, warnings } = loadConfig({
    file: options.config,
    overrides: {
      ...(host !== undefined ? { host } : {}),
      ...(port !== undefined ? { port } : {}),
      ...(readOnly ? { readOnly } : {}),
    },
    allowAnonymous: options.insecureNoAuth,
  });
  for (const warning of warnings) log.warn(warning);
  return config;
}

/** For commands that listen nowhere: what would be unsafe to serve is no mistake there. */
export const notListening = (options: ConfigOptions): ConfigOptions => ({ ...options, insecureNoAuth: true });
