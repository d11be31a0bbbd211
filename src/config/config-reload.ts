import type { Logger } from '../telemetry/logger.js';
import { bootValues, liveChange, redisChanges, redisPrints, type RedisPrints } from './boot-values.js';
import { ConfigError } from './config-error.js';
import { namedFiles, type ConfigSource } from './config-source.js';
import type { LiveConfig } from './live-config.js';

/**
 * How a reload ended.
 * - `applied`: everything that was changed counts now
 * - `unchanged`: it says what it said before
 * - `restart_needed`: what can change while the program runs counts now, the rest waits for a restart
 * - `refused`: it cannot be used; everything is as it was
 * - `failed`: it was taken over in part when something broke that should not; the next reload completes it
 */
export const reloadResults = ['applied', 'unchanged', 'restart_needed', 'refused', 'failed'] as const;
export type ReloadResult = (typeof reloadResults)[number];

/**
 * What asked for it. `again`: nobody; something may have changed unnoticed, or what was
 * wrong may be right by now.
 */
export type ReloadReason = 'signal' | 'file' | 'again';

export interface ReloadMetrics {
  /** Metrics `config_reloads_total`, `config_last_reload_*` and `config_restart_needed`. */
  configReloaded(result: ReloadResult): void;
  /** Metric `config_info`: what the program goes by. */
  configTaken(hash: string): void;
}

export interface ConfigReloadOptions {
  source: ConfigSource;
  live: LiveConfig;
  log: Logger;
  metrics: ReloadMetrics;
  /** Warnings that were told at the start; they are not told again. */
  warnings?: readonly string[];
}

/**
 * Takes the configuration over again, as a whole or not at all, one at a time: what is asked for while one is under way
 * becomes one more after it. Every reload leaves one log line and a metric.
 */
export class ConfigReload {
  private running?: Promise<ReloadResult>;
  private waiting?: Promise<ReloadResult>;
  private told: ReadonlySet<string>;
  /** What was wrong with the last one. */
  private behind?: string;
  /** Of what Redis is reached by since the start. */
  private readonly redis: RedisPrints;

  constructor(private readonly options: ConfigReloadOptions) {
    this.told = new Set(options.warnings);
    this.redis = redisPrints(options.live.current);
    options.metrics.configTaken(options.live.current.hash);
  }

  /** The last one was refused or failed: what is in force is not what is configured. */
  get isBehind(): boolean {
    return this.behind !== undefined;
  }

  /** Every file that the configuration in force stands in or names. */
  get files(): string[] {
    const { source, live } = this.options;
    return [...new Set([...(source.file ? [source.file] : []), ...namedFiles(live.current)])];
  }

  /** Never throws. */
  reload(because: ReloadReason): Promise<ReloadResult> {
    if (!this.running) return this.begin(because);
    this.waiting ??= this.running.then(() => {
      this.waiting = undefined;
      return this.begin(because);
    });
    return this.waiting;
  }

  /** Resolves when none is under way. */
  async idle(): Promise<void> {
    await this.running;
    await this.waiting;
  }

  private begin(because: ReloadReason): Promise<ReloadResult> {
    this.running = this.attempt(because).finally(() => (this.running = undefined));
    return this.running;
  }

  private async attempt(because: ReloadReason): Promise<ReloadResult> {
    const { source, live } = this.options;
    try {
      const { config, warnings } = await source.loadInSlices();
      const { config: next, needsRestart: values, server } = liveChange(live.current, config, source);
      const files = redisChanges(this.redis, redisPrints(config));
      const needsRestart = bootValues.filter((path) => values.includes(path) || files.includes(path));
      const { summary, isChange, failure } = await live.change(next);
      this.warn(warnings);
      if (failure !== undefined) return this.wentWrong('failed', because, failure);
      const changes = { ...summary, ...(server.length > 0 ? { server } : {}) };
      return this.wentWell(because, { changes, isChange, needsRestart });
    } catch (error) {
      return this.wentWrong('refused', because, error);
    }
  }

  private wentWell(
    because: ReloadReason,
    { changes, isChange, needsRestart }: { changes: object; isChange: boolean; needsRestart: readonly string[] },
  ): ReloadResult {
    const { log, metrics, live } = this.options;
    const result = needsRestart.length > 0 ? 'restart_needed' : isChange ? 'applied' : 'unchanged';
    const wasBehind = this.isBehind;
    this.behind = undefined;
    metrics.configTaken(live.current.hash);
    if (because === 'again' && !isChange && !wasBehind) return result;
    metrics.configReloaded(result);
    const line = { because, result, configHash: live.current.hash, ...changes };
    if (needsRestart.length > 0) {
      log.warn(
        { ...line, needsRestart },
        `configuration reloaded, but a change of ${needsRestart.join(', ')} needs a restart`,
      );
    } else {
      // Files are touched for many reasons; who asked by a signal wants an answer.
      const isWorthIt = isChange || wasBehind || because === 'signal';
      log[isWorthIt ? 'info' : 'debug'](line, isChange ? 'configuration reloaded' : 'configuration is unchanged');
    }
    return result;
  }

  private wentWrong(result: 'refused' | 'failed', because: ReloadReason, error: unknown): ReloadResult {
    const { log, metrics, live } = this.options;
    const problems = error instanceof ConfigError ? error.lines : undefined;
    const text = problems?.join('\n') ?? String(error);
    // Tried again by itself and still wrong: that was told.
    if (because === 'again' && text === this.behind) return result;
    this.behind = text;
    metrics.configReloaded(result);
    const line = { because, result, configHash: live.current.hash, ...(problems ? { problems } : { err: error }) };
    if (result === 'refused') log.error(line, 'configuration refused; the one before stays in force');
    else log.error(line, 'configuration was taken over in part; it is tried again');
    return result;
  }

  /** Those that were not told before. */
  private warn(warnings: readonly string[]): void {
    for (const warning of warnings) if (!this.told.has(warning)) this.options.log.warn(warning);
    this.told = new Set(warnings);
  }
}
