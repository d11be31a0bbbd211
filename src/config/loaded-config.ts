import type { Config } from './config.js';
import type { ServerOverrides } from './normalise.js';

export interface LoadOptions {
  /** The configuration file. Without it, the official server's environment variables are used. */
  file?: string;
  /** Default: the environment of the process. */
  env?: NodeJS.ProcessEnv;
  /** What the command line sets; it wins. */
  overrides?: ServerOverrides;
  /** Listening beyond this machine without any API key is fine; also for programs that listen nowhere (stdio). */
  allowAnonymous?: boolean;
}

export interface LoadedConfig {
  config: Config;
  /** One sentence each, for the log. */
  warnings: string[];
}
