import type { ErrorCode } from '../errors/catalogue.js';
import { AppError } from '../errors/app-error.js';
import type { Logger } from '../telemetry/logger.js';
import type { SecretSource } from './config.js';
import { CommandError } from './run-command.js';
import { SecretCommand } from './secret-command.js';
import { SecretFile, SecretFileError } from './secret-file.js';
import { readSecret } from './secret-value.js';

/** An open source of a secret. */
export interface SecretHandle {
  /** The secret to use now. Cheap while nothing has changed. */
  get(): Promise<string>;
  /** A fresh one after the current was refused; the same where there is no other. */
  renew(): Promise<string>;
  /** Ends a command under way. Afterwards nothing of it is left. */
  close(): void;
}

export interface OpenSecretOptions {
  log?: Pick<Logger, 'warn'>;
  /** What it is for, in messages; default `token`. */
  what?: string;
  /** Code of the errors; default `cluster_refused`, for Redis addresses `unavailable`. */
  code?: ErrorCode;
  /** Default: the environment of the process. */
  env?: NodeJS.ProcessEnv;
  /** For tests of commands. */
  timeoutMs?: number;
  now?: () => number;
}

/**
 * Opens a source of a secret; reads and runs nothing yet.
 *
 * - `env`: the variable's value.
 * - `file`: read again when the file changes.
 * - `command`: run without a shell, single flight, 10 s and 64 KiB at most, output never logged; run again 60 s before
 *   a JWT's `exp`, and by `renew`.
 *
 * Both methods throw `AppError` of `options.code`. Its message names neither the secret nor where it comes from.
 */
export function openSecret(source: SecretSource, options: OpenSecretOptions = {}): SecretHandle {
  const { log, what = 'token', code = 'cluster_refused' } = options;
  const failed = (message: string, cause?: unknown): AppError => new AppError(code, message, {}, { cause });
  const plain = (text: string | undefined, where: string): SecretHandle => {
    const get = async (): Promise<string> => {
      const read = readSecret(text ?? '');
      if ('problem' in read) throw failed(`The ${where} with the ${what} ${read.problem}.`);
      return read.secret;
    };
    return { get, renew: get, close: () => {} };
  };

  switch (source.kind) {
    case 'env':
      return plain((options.env ?? process.env)[source.name], 'environment variable');
    case 'value':
      return plain(source.value, 'value');
    case 'file': {
      const file = new SecretFile(source.path);
      const get = (): Promise<string> =>
        file.read().catch((error: unknown) => {
          throw failed(`The file with the ${what} ${messageOf(error, SecretFileError)}.`, error);
        });
      return {
        get,
        renew: () => {
          file.forget();
          return get();
        },
        close: () => file.forget(),
      };
    }
    case 'command': {
      const { timeoutMs, now } = options;
      const onCovered = (why: string): void =>
        log?.warn({ reason: why }, `the ${what} command ${why}; the last ${what} is used until it expires`);
      const command = new SecretCommand(source.argv, { timeoutMs, now, onCovered });
      const explain = (error: unknown): never => {
        throw failed(`The ${what} command ${messageOf(error, CommandError)}.`, error);
      };
      return {
        get: () => command.get().catch(explain),
        renew: () => command.renew().catch(explain),
        close: () => command.close(),
      };
    }
  }
}

/** Only our own sentences are repeated. */
function messageOf(error: unknown, known: new (message: string) => Error): string {
  return error instanceof known ? error.message : 'failed';
}
