import { CommandError, runCommand } from './run-command.js';
import { readSecret, secretBytesMax } from './secret-value.js';
import { expiryOf } from './token-expiry.js';

/** A token is replaced so long before its own expiry. */
const renewBeforeMs = 60_000;
/** After a run, good or bad, the command rests: a wave of 401s or of calls must not become a wave of processes. */
const restMs = 2_000;

export interface SecretCommandOptions {
  timeoutMs?: number;
  now?: () => number;
  /** Told of a failure that an older token, still valid, has covered. */
  onCovered?: (why: string) => void;
}

/** A secret that a command prints. Single flight: however many ask at once, one process runs. Throws `CommandError`. */
export class SecretCommand {
  private current?: { secret: string; renewAt: number; expiresAt: number };
  private lastRun?: { endedAt: number; failure?: CommandError };
  private running?: Promise<string>;
  private readonly closing = new AbortController();
  private readonly now: () => number;

  constructor(
    private readonly argv: readonly [string, ...string[]],
    private readonly options: SecretCommandOptions = {},
  ) {
    this.now = options.now ?? Date.now;
  }

  async get(): Promise<string> {
    const { current } = this;
    if (current && this.now() < current.renewAt) return current.secret;
    try {
      return await this.runOrRest();
    } catch (error) {
      if (!current || this.now() >= current.expiresAt) throw error;
      this.options.onCovered?.((error as Error).message);
      return current.secret;
    }
  }

  /** Runs the command again, unless it has just run. */
  renew(): Promise<string> {
    return this.runOrRest();
  }

  close(): void {
    this.closing.abort();
  }

  private async runOrRest(): Promise<string> {
    if (this.running) return this.running;
    const { lastRun, current } = this;
    if (lastRun && this.now() - lastRun.endedAt < restMs) {
      if (lastRun.failure) throw lastRun.failure;
      if (current) return current.secret;
    }
    this.running = this.run().finally(() => (this.running = undefined));
    return this.running;
  }

  private async run(): Promise<string> {
    try {
      const { timeoutMs = 10_000 } = this.options;
      const limits = { timeoutMs, outputBytesMax: secretBytesMax, signal: this.closing.signal };
      const read = readSecret(await runCommand(this.argv, limits));
      if ('problem' in read) throw new CommandError(`printed something that is no token: it ${read.problem}`);
      const expiresAt = expiryOf(read.secret)?.getTime() ?? Infinity;
      this.current = { secret: read.secret, expiresAt, renewAt: expiresAt - renewBeforeMs };
      this.lastRun = { endedAt: this.now() };
      return read.secret;
    } catch (error) {
      const failure = error instanceof CommandError ? error : new CommandError('failed');
      this.lastRun = { endedAt: this.now(), failure };
      throw failure;
    }
  }
}
