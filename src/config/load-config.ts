import { dirname, resolve } from 'node:path';
import type { Config } from './config.js';
import { ConfigError, pathText, type ConfigProblem } from './config-error.js';
import { bindingProblem, warningsOf } from './config-warnings.js';
import { crossCheck } from './cross-checks.js';
import { explainIssues, type Explained } from './explain-issues.js';
import { fileSchema } from './file-schema.js';
import type { LoadedConfig, LoadOptions } from './loaded-config.js';
import { normalise, type ServerOverrides } from './normalise.js';
import { hasOfficialEnvironment, ignoredVariables, loadOfficialEnvironment } from './official-environment.js';
import { block } from './raw-file.js';
import { readTextFile } from './read-text-file.js';
import { readableByOthers } from './secret-file.js';
import { atOnce, type Steps } from './steps.js';
import { checkSurroundings } from './surroundings.js';
import { readYaml } from './yaml-source.js';

/**
 * Reads, checks and normalises the configuration. Reads the secrets that it names, to be sure that they are there, and
 * keeps none. Contacts nobody and runs no program.
 *
 * Throws `ConfigError` with everything that is wrong, and nothing else.
 */
export const loadConfig = (options: LoadOptions): LoadedConfig => atOnce(stepsOfLoading(options));

/** `loadConfig` in steps. */
export function* stepsOfLoading(options: LoadOptions): Steps<LoadedConfig> {
  const { file, env = process.env } = options;
  if (file !== undefined) {
    const { text, isReadableByOthers } = readTextFile(file);
    const { config, warnings } = yield* stepsOfParsing(text, {
      ...options,
      source: file,
      baseDir: dirname(resolve(file)),
    });
    if (isReadableByOthers && holdsPassword(config)) warnings.push(`${file} holds a password and ${readableByOthers}`);
    const ignored = ignoredVariables(env);
    if (ignored.length > 0)
      warnings.push(`${ignored.join(', ')}: set but not used, because there is a configuration file`);
    return { config, warnings };
  }
  if (hasOfficialEnvironment(env)) return loadOfficialEnvironment({ ...options, env });
  throw new ConfigError('There is no configuration', [
    { path: '', message: 'give a file with --config FILE, or set ARGOCD_BASE_URL and ARGOCD_API_TOKEN' },
  ]);
}

export interface ParseOptions extends Omit<LoadOptions, 'file'> {
  /** How problems call the text, for example the file's name. */
  source: string;
  /** Relative paths in the text are relative to this folder. */
  baseDir: string;
}

/** As `loadConfig`, for a text that has been read already. */
export const parseConfig = (text: string, options: ParseOptions): LoadedConfig => atOnce(stepsOfParsing(text, options));

function* stepsOfParsing(text: string, options: ParseOptions): Steps<LoadedConfig> {
  const { source, baseDir, env = process.env, overrides = {}, allowAnonymous = false } = options;
  const yaml = yield* readYaml(text);
  if (!('value' in yaml)) throw new ConfigError(source, yaml.problems);
  if (yaml.value === null || yaml.value === undefined) {
    const message = 'is empty: it needs at least `clusters:` with one entry of name, url and token';
    throw new ConfigError(source, [{ path: '', message }]);
  }
  yield;
  const parsed = fileSchema.safeParse(yaml.value);
  yield;
  const surroundings = yield* checkSurroundings(yaml.value, { env, baseDir, now: new Date() });
  const found = [
    ...(parsed.success ? [] : explainIssues(parsed.error.issues, yaml.value)),
    ...crossCheck(yaml.value),
    ...surroundings.problems,
    ...checkBinding(yaml.value, overrides, allowAnonymous),
  ];
  const problems: ConfigProblem[] = found.map(({ path, message }) => ({
    path: pathText(path),
    message,
    ...yaml.placeOf(path),
  }));
  problems.push(...yaml.problems);
  if (!parsed.success || problems.length > 0) throw new ConfigError(source, inOrder(problems));

  yield;
  const config = normalise(parsed.data, baseDir, overrides);
  yield;
  const warnings = [...surroundings.warnings, ...warningsOf(config)];
  return { config, warnings: warnings.map(({ path, message }) => `${pathText(path)} ${message}`) };
}

function checkBinding(root: unknown, overrides: ServerOverrides, allowAnonymous: boolean): Explained[] {
  const server = block(block(root)['server']);
  const host = overrides.host ?? server['host'];
  const apiKeys = server['apiKeys'];
  if (typeof host !== 'string') return [];
  const message = bindingProblem(host, Array.isArray(apiKeys) && apiKeys.length > 0, allowAnonymous);
  return message === undefined ? [] : [{ path: ['server', 'host'], message }];
}

/** As they stand in the file, each once. */
function inOrder(problems: ConfigProblem[]): ConfigProblem[] {
  const unique = new Map(problems.map((problem) => [`${problem.path} ${problem.message}`, problem]));
  return [...unique.values()].sort(
    (a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0) || (a.path < b.path ? -1 : 1),
  );
}

function holdsPassword({ redis }: Config): boolean {
  return [redis.cache, redis.queue].some((source) => source?.kind === 'value' && source.value.includes('@'));
}
