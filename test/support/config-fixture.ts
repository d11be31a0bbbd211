import { ConfigError, type ConfigProblem } from '../../src/config/config-error.js';
import type { LoadedConfig } from '../../src/config/loaded-config.js';
import { parseConfig, type ParseOptions } from '../../src/config/load-config.js';

/** What the configurations of the tests name. */
export const configEnv = { TOKEN: 'opaque-token', REDIS_URL: 'redis://127.0.0.1:6390/0', PATH: process.env['PATH'] };

/** The smallest fleet. */
export const oneCluster = 'clusters: [{name: a, url: "https://a.example", token: {env: TOKEN}}]\n';

/** Reads a configuration text as if it stood in `fleet.yaml`. */
export const readConfig = (text: string, options: Partial<ParseOptions> = {}): LoadedConfig =>
  parseConfig(text, { source: 'fleet.yaml', baseDir: '/no/such/folder', env: configEnv, ...options });

/** The error that a wrong configuration gives. */
export function configErrorOf(text: string, options: Partial<ParseOptions> = {}): ConfigError {
  try {
    readConfig(text, options);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

export const problemsOf = (text: string, options: Partial<ParseOptions> = {}): readonly ConfigProblem[] =>
  configErrorOf(text, options).problems;
