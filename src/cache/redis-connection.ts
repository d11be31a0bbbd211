import { setTimeout as delay } from 'node:timers/promises';
import { Redis, type RedisOptions } from 'ioredis';
import { AppError } from '../errors/app-error.js';
import type { Logger } from '../telemetry/logger.js';

export interface RedisConnectionOptions {
  /** redis:// or rediss://, as the secret source gave it. Never logged, never part of an error. */
  url: string;
  /** What it is for, in log lines and in Redis' CLIENT LIST, for example `cache`. */
  purpose: string;
  log: Logger;
  /** Once it fires, nothing connects again: also not copies of the client that a library made. */
  stopped?: AbortSignal;
  /** How long one command may take, and how long the first connection is waited for. Default 2000. */
  timeoutMs?: number;
}

const awayMessage = 'Redis cannot be reached at the moment.';

/**
 * A connection that fails fast: a command is answered or refused within `timeoutMs`, connected or not, and nothing is
 * queued or sent twice. It connects in the background, reconnects for ever, and logs one line per change of state.
 */
export class RedisConnection {
  readonly client: Redis;
  private readonly timeoutMs: number;
  /** Settles at the first connection or the first failure: only a process that has just started waits for one. */
  private readonly firstAttempt: Promise<void>;

  constructor(options: RedisConnectionOptions) {
    this.timeoutMs = options.timeoutMs ?? 2_000;
    this.client = openRedis(options, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 1,
      // A command whose answer was lost may have been carried out; only the caller knows whether it may be repeated.
      autoResendUnfulfilledCommands: false,
      commandTimeout: this.timeoutMs,
      // Longer than callers wait: a busy start must not break off a connection that is about to stand.
      connectTimeout: 5_000,
    });
    this.firstAttempt = new Promise((resolve) => {
      for (const event of ['ready', 'close', 'end'] as const) this.client.once(event, () => resolve());
    });
  }

  get isReady(): boolean {
    return this.client.status === 'ready';
  }

  /**
   * Runs commands. Any failure becomes `unavailable`, with `details.maybeDone: true` where a command was sent and its
   * answer is missing.
   */
  async use<T>(commands: (client: Redis) => Promise<T>): Promise<T> {
    // Counted from here, not from the start: a program that starts is busy, and hears late that it is connected.
    if (!this.isReady) await this.waitForFirstAttempt();
    if (!this.isReady) throw new AppError('unavailable', awayMessage);
    try {
      return await commands(this.client);
    } catch (error) {
      if (error instanceof AppError) throw error;
      const [message, details] = isReply(error)
        ? ['Redis refuses commands at the moment.', {}]
        : wasNeverSent(error)
          ? [awayMessage, {}]
          : ['Redis did not answer.', { maybeDone: true }];
      throw new AppError('unavailable', message, details, { cause: error });
    }
  }

  async health(): Promise<{ ok: boolean; reason?: string }> {
    try {
      await this.use((client) => client.ping());
      return { ok: true };
    } catch (error) {
      return { ok: false, reason: AppError.from(error).message };
    }
  }

  /** Closes at once: nothing waits in this connection. */
  close(): void {
    this.client.disconnect();
  }

  private async waitForFirstAttempt(): Promise<void> {
    const wait = new AbortController();
    const tooLong = delay(this.timeoutMs, undefined, { signal: wait.signal }).catch(() => undefined);
    await Promise.race([this.firstAttempt, tooLong]);
    wait.abort();
  }
}

/** Opens a client that reconnects for ever, with jitter, and logs its changes of state. */
export function openRedis(options: RedisConnectionOptions, settings: RedisOptions): Redis {
  const client = new Redis(checkedUrl(options.url), {
    connectionName: `argocd-fleet-mcp-${options.purpose}`,
    retryStrategy: (attempt) =>
      options.stopped?.aborted ? null : Math.min(100 * 2 ** Math.min(attempt, 6), 5_000) * (0.5 + Math.random() / 2),
    reconnectOnError: reconnectsWhenReadOnly(),
    // How long a connection whose other end hangs may still be there after it was closed.
    disconnectTimeout: 300,
    ...settings,
  });
  logStates(client, options.purpose, options.log);
  return client;
}

/**
 * A failover leaves the old primary read-only; only a new connection finds the new one. Soon at first, then more rarely:
 * each time breaks off what is under way, and there may be no other one to find.
 */
function reconnectsWhenReadOnly(): (error: Error) => boolean {
  const [leastMs, mostMs] = [2_000, 60_000];
  let waitMs = leastMs;
  let notBeforeMs = -Infinity;
  return ({ message }) => {
    const nowMs = performance.now();
    if (!/\bREADONLY\b/.test(message) || nowMs < notBeforeMs) return false;
    waitMs = nowMs > notBeforeMs + mostMs ? leastMs : Math.min(2 * waitMs, mostMs);
    notBeforeMs = nowMs + waitMs;
    return true;
  };
}

function checkedUrl(url: string): string {
  const protocol = URL.canParse(url) ? new URL(url).protocol : undefined;
  if (protocol === 'redis:' || protocol === 'rediss:') return url;
  // The driver would take anything else for the path of a socket.
  throw new AppError('invalid_input', 'A Redis URL must begin with redis:// or rediss:// and name a host.');
}

function logStates(client: Redis, purpose: string, log: Logger): void {
  let state: 'starting' | 'up' | 'down' = 'starting';
  let reason: string | undefined;
  client.on('error', (error: Error) => {
    reason = reasonOf(error);
    // Wrong password, still loading: the connection stands and yet is of no use; there is no `close` to tell of it.
    if (state !== 'down' && client.status === 'connect') down();
  });
  client.on('ready', () => {
    if (state !== 'up') log.info({ purpose }, 'redis connected');
    state = 'up';
    reason = undefined;
  });
  client.on('close', () => {
    if (state !== 'down' && client.status !== 'end') down();
  });
  client.on('end', () => {
    log.debug({ purpose }, 'redis connection closed');
  });
  const down = (): void => {
    state = 'down';
    log.warn({ purpose, reason }, 'redis cannot be reached; trying again until it answers');
  };
}

/** A code, or the first word of what Redis says (NOAUTH, WRONGPASS, LOADING): never an address. */
function reasonOf(error: Error & { code?: string }): string {
  return error.code ?? /^[A-Z]+\b/.exec(error.message)?.[0] ?? error.name;
}

/** True if the driver found the connection broken before it wrote the command; it has no code for that. */
const wasNeverSent = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith("Stream isn't writeable");

/** True if Redis answered with an error: then it is known that the command was not carried out. */
const isReply = (error: unknown): boolean => error instanceof Error && error.name === 'ReplyError';
