import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ConfigError } from './config-error.js';
import { codeOf, isOpenToOthers } from './secret-file.js';

const bytesMax = 4 * 1024 * 1024;

/** Reads a whole UTF-8 file or pipe, at most 4 MiB. Throws `ConfigError` that names the file as the user named it. */
export function readTextFile(file: string): { text: string; isReadableByOthers: boolean } {
  const refuse = (message: string): ConfigError => new ConfigError(file, [{ path: '', message }]);
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, 'r');
    const stats = fstatSync(descriptor);
    if (stats.isDirectory()) throw refuse('is a folder; a file is wanted');
    const chunks: Buffer[] = [];
    let bytes = 0;
    for (;;) {
      const chunk = Buffer.alloc(64 * 1024);
      const read = readSync(descriptor, chunk, 0, chunk.length, null);
      if (read === 0) break;
      bytes += read;
      if (bytes > bytesMax) throw refuse(`is larger than ${bytesMax / 1024 / 1024} MiB`);
      chunks.push(chunk.subarray(0, read));
    }
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
    return { text, isReadableByOthers: stats.isFile() && isOpenToOthers(stats.mode) };
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const code = codeOf(error);
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') throw refuse('is not UTF-8 text');
    throw refuse(code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
