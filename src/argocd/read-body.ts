import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { AppError } from '../errors/app-error.js';
import { withinTime } from './deadline.js';
import { failure } from './failure.js';

/** What is unpacked at once. */
const unpackBytes = 64 * 1024;

/** The whole body as text. Errors: as `unpacked`. */
export async function readBody(body: Readable, encoding: string | undefined, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of unpacked(body, encoding, bytesMax)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * The body, unpacked, while it arrives. Stops reading as soon as the unpacked bytes exceed `bytesMax`
 * (`cluster_unreachable`, reason `too_large`): a small packed answer may unpack to anything. Throws the stream's error
 * for a truncated answer, and `cluster_timeout` when nothing arrives for `silenceMs`.
 */
export async function* unpacked(
  body: Readable,
  encoding: string | undefined,
  bytesMax: number,
  silenceMs = Infinity,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  let isComplete = false;
  body.on('error', () => undefined);
  const chunks = (unpack(body, encoding) as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  const silent = (): AppError =>
    failure('cluster_timeout', 'timeout', `The answer stopped in the middle for ${silenceMs / 1000} s.`);
  try {
    for (;;) {
      const { done, value } = await withinTime(chunks.next(), silenceMs, silent);
      isComplete = done === true;
      if (done) return;
      bytes += value.length;
      if (bytes > bytesMax) {
        throw failure('cluster_unreachable', 'too_large', `The answer exceeds the limit of ${bytesMax} bytes.`);
      }
      yield value;
    }
  } finally {
    if (!isComplete) body.destroy();
  }
}

function unpack(body: Readable, encoding = 'identity'): Readable {
  switch (encoding.trim().toLowerCase()) {
    case '':
    case 'identity':
      return body;
    case 'gzip':
    case 'x-gzip':
      // The errors of both ends reach the reader of the last stream.
      return pipeline(body, createGunzip({ chunkSize: unpackBytes }), () => {});
    default:
      body.destroy();
      throw failure('cluster_unreachable', 'garbage', 'The cluster packs its answer in a way that was not asked for.');
  }
}
