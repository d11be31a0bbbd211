import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { failure } from './failure.js';

/**
 * The whole body as text, unpacked. Stops reading as soon as the unpacked bytes exceed `bytesMax` (`cluster_unreachable`,
 * reason `too_large`): a small packed answer may unpack to anything. Truncated answers reject with the stream's error.
 */
export async function readBody(body: Readable, encoding: string | undefined, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of unpack(body, encoding) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) {
      body.destroy();
      throw failure('cluster_unreachable', 'too_large', `The answer exceeds the limit of ${bytesMax} bytes.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes).toString('utf8');
}

function unpack(body: Readable, encoding = 'identity'): Readable {
  switch (encoding.trim().toLowerCase()) {
    case '':
    case 'identity':
      return body;
    case 'gzip':
    case 'x-gzip':
      // The errors of both ends reach the reader of the last stream.
      return pipeline(body, createGunzip(), () => {});
    default:
      body.destroy();
      throw failure('cluster_unreachable', 'garbage', 'The cluster packs its answer in a way that was not asked for.');
  }
}
