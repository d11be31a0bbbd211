import { constants, fstatSync, openSync, closeSync, readSync, type BigIntStats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { readSecret, secretBytesMax } from './secret-value.js';

/** Why a file gives no secret. The message names no path, so that it may be shown to callers. */
export class SecretFileError extends Error {}

/** Not blocking: a named pipe at the path must not hold up the program. */
const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * A secret in a file, read again whenever the file is another one or has changed: also after Kubernetes swaps the
 * symbolic link under a mounted secret, and after a rewrite of the same length.
 */
export class SecretFile {
  private last?: { version: string; secret: string };

  constructor(private readonly path: string) {}

  async read(): Promise<string> {
    const { last } = this;
    // Most reads find what the one before found: a look at the file is enough for that, and opens nothing.
    if (last && (await this.look()) === last.version) return last.secret;
    const handle = await open(this.path, flags).catch((error: unknown) => {
      throw new SecretFileError(`cannot be read (${codeOf(error)})`);
    });
    try {
      const stats = await handle.stat({ bigint: true });
      const version = versionOf(stats);
      const buffer = Buffer.alloc(secretBytesMax + 1);
      let bytes = 0;
      for (;;) {
        const { bytesRead } = await handle.read(buffer, bytes, buffer.length - bytes);
        bytes += bytesRead;
        if (bytesRead === 0 || bytes === buffer.length) break;
      }
      const secret = secretIn(buffer.subarray(0, bytes));
      this.last = { version, secret };
      return secret;
    } catch (error) {
      throw error instanceof SecretFileError ? error : new SecretFileError(`cannot be read (${codeOf(error)})`);
    } finally {
      await handle.close();
    }
  }

  private async look(): Promise<string | undefined> {
    return stat(this.path, { bigint: true })
      .then(versionOf)
      .catch(() => undefined);
  }

  forget(): void {
    this.last = undefined;
  }
}

/** Reads a secret file once, at boot. Throws `SecretFileError`. */
export function readSecretFile(path: string): { secret: string; isReadableByOthers: boolean } {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, flags);
    const stats = fstatSync(descriptor, { bigint: true });
    versionOf(stats);
    const buffer = Buffer.alloc(secretBytesMax + 1);
    let bytes = 0;
    for (let read = -1; read !== 0 && bytes < buffer.length; bytes += read) {
      read = readSync(descriptor, buffer, bytes, buffer.length - bytes, null);
    }
    const secret = secretIn(buffer.subarray(0, bytes));
    return { secret, isReadableByOthers: isOpenToOthers(Number(stats.mode)) };
  } catch (error) {
    throw error instanceof SecretFileError ? error : new SecretFileError(`cannot be read (${codeOf(error)})`);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** True if the group or others may read a file of this mode. Windows has no such modes. */
export const isOpenToOthers = (mode: number): boolean => process.platform !== 'win32' && (mode & 0o044) !== 0;

export const readableByOthers = 'can be read by other users of this machine; restrict it (chmod 600)';

function versionOf(stats: BigIntStats): string {
  if (!stats.isFile()) throw new SecretFileError('is not a regular file');
  return [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(':');
}

function secretIn(bytes: Buffer): string {
  const read = readSecret(bytes.toString('utf8'));
  if ('problem' in read) throw new SecretFileError(read.problem);
  return read.secret;
}

export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'unknown error';
}
