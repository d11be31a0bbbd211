import { Counter, Gauge, type Registry } from 'prom-client';
import type { ReloadMetrics, ReloadResult } from '../config/config-reload.js';

/** What is in force of the configuration, and what reloads of it came to. */
export class ConfigMetrics implements ReloadMetrics {
  private readonly reloads: Counter;
  private readonly successful: Gauge;
  private readonly time: Gauge;
  private readonly restart: Gauge;
  private readonly info: Gauge;

  constructor(registry: Registry) {
    const registers = [registry];
    this.reloads = new Counter({
      name: 'config_reloads_total',
      help: 'Reloads of the configuration: applied, unchanged, restart_needed, refused, failed.',
      labelNames: ['result'],
      registers,
    });
    this.successful = new Gauge({
      name: 'config_last_reload_successful',
      help: '1 when the last reload of the configuration succeeded or there was none, 0 when it was refused or failed.',
      registers,
    });
    this.time = new Gauge({
      name: 'config_last_reload_success_timestamp_seconds',
      help: 'When the configuration was last read with success (seconds since the epoch).',
      registers,
    });
    this.restart = new Gauge({
      name: 'config_restart_needed',
      help: '1 when the configuration was changed in something that only a restart takes over.',
      registers,
    });
    this.info = new Gauge({
      name: 'config_info',
      help: 'Always 1; the label tells the hash of the configuration in force. Replicas that differ go by different ones.',
      labelNames: ['hash'],
      registers,
    });
    this.successful.set(1);
    this.time.setToCurrentTime();
  }

  configReloaded(result: ReloadResult): void {
    const isSuccess = result !== 'refused' && result !== 'failed';
    this.reloads.inc({ result });
    this.successful.set(isSuccess ? 1 : 0);
    if (!isSuccess) return;
    this.time.setToCurrentTime();
    this.restart.set(result === 'restart_needed' ? 1 : 0);
  }

  configTaken(hash: string): void {
    this.info.reset();
    this.info.set({ hash }, 1);
  }
}
