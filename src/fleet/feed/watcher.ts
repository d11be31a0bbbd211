import { setTimeout as pause } from 'node:timers/promises';
import { AppError } from '../../errors/app-error.js';
import { Access } from './access.js';
import { Connection, type WatcherOptions } from './connection.js';
import { Polling } from './polling.js';
import type { Spread } from './spread.js';
import { TokenWatch } from './token-watch.js';

const backoffMinMs = 500;
const backoffMaxMs = 30_000;
const pollMs = 30_000;
/** Lists between two attempts to open a stream where streams do not get through. */
const pollsBeforeRetry = 10;

/**
 * Keeps the rows of one cluster true: one stream without resourceVersion (its snapshot is a re-seed), a list beside it
 * that finds what the stream lost, both again after every break, with jitter. Where streams do not get through, lists
 * alone.
 */
export class Watcher {
  private readonly stopping = new AbortController();
  private running?: Promise<void>;
  private connection?: Connection;
  private wake: () => void = () => {};
  private isRenewed = false;
  private readonly access: Access;
  private readonly polling: Polling;
  private readonly token: TokenWatch;

  /** @param spread of the process: when this cluster may connect */
  constructor(
    private readonly options: WatcherOptions,
    private readonly spread: Spread,
  ) {
    this.token = new TokenWatch(options);
    // Whoever watched before, in this process or another, may have seen more.
    this.access = new Access(options.feed.snapshot().incomplete?.reduction);
    this.polling = new Polling(options, this.access);
  }

  /** Starts once; further calls do nothing. */
  start(): void {
    this.running ??= this.run();
  }

  /** A request of somebody failed: looks now whether the cluster is well. */
  doubt(): void {
    this.connection?.doubt();
  }

  /** The client was replaced: connects anew with the one of now. What is shown stays until then. */
  renew(): void {
    this.isRenewed = true;
    this.connection?.end();
    this.wake();
  }

  /** Resolves when no request, stream or timer is left. */
  async stop(): Promise<void> {
    this.stopping.abort(new Error('the watcher was stopped'));
    await this.running;
  }

  private async run(): Promise<void> {
    const { feed, log, cluster } = this.options;
    // Whoever takes over has rows to show, and said so.
    if (feed.snapshot().state === 'idle') feed.move('seeding');
    let failures = 0;
    while (!this.stopping.signal.aborted) {
      await this.spread.turn(this.stopping.signal).catch(() => undefined);
      if (this.stopping.signal.aborted) return;
      this.isRenewed = false;
      this.connection = new Connection(
        this.options,
        this.access,
        this.token,
        this.options.rows.nextEpoch(),
        this.stopping.signal,
      );
      const ending = await this.connection.follow();
      if (this.stopping.signal.aborted) return;
      log.info({ cluster, reason: ending.reason, state: feed.snapshot().state }, 'stream ended');
      failures = ending.wasLive ? 0 : failures + 1;
      if (ending.pollInstead) await this.poll();
      else await this.wait(Math.min(backoffMaxMs, backoffMinMs * 2 ** Math.min(failures, 10)));
    }
  }

  /** Reads lists for a while; ends when it is time to try a stream again or a list failed. */
  private async poll(): Promise<void> {
    const { feed, limits } = this.options;
    this.polling.begin();
    const signal = this.stopping.signal;
    for (let polls = 0; polls < pollsBeforeRetry && !signal.aborted && !this.isRenewed; polls++) {
      try {
        await this.polling.read(signal);
      } catch (error) {
        const { message, code } = AppError.from(error);
        if (!signal.aborted) feed.move('down', message, code);
        return;
      }
      await this.wait(Math.min(pollMs, limits.relistMs));
    }
  }

  /** Ends early when the client was replaced. */
  private async wait(ms: number): Promise<void> {
    if (this.isRenewed) return;
    const woken = new Promise<void>((resolve) => (this.wake = resolve));
    const waiting = new AbortController();
    const signal = AbortSignal.any([waiting.signal, this.stopping.signal]);
    await Promise.race([woken, pause(ms * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined)]);
    waiting.abort();
  }
}
