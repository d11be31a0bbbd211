import type { IncomingMessage } from 'node:http';
import { GrpcError } from './grpc-error.js';

const BODY_BYTES_MAX = 32 * 1024 * 1024;

/** Tokens of a request, in the order in which they are tried. */
export function tokensOf({ headers }: IncomingMessage): string[] {
  const bearer = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
  const cookie = /(?:^|;\s*)argocd\.token=([^;]+)/.exec(headers.cookie ?? '')?.[1];
  const metadata = headers['grpc-metadata-token'];
  return [typeof metadata === 'string' ? metadata : undefined, bearer, cookie].filter((token) => token !== undefined);
}

/** The work, or the reason why its call ended first. */
export function raceAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => undefined);
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** The whole body of a request that may have one. */
export async function readBody(request: IncomingMessage): Promise<string> {
  if (request.method === 'GET') return '';
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX)
      throw new GrpcError(8, `grpc: received message larger than max (${bytes} vs. ${BODY_BYTES_MAX})`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** `30S`, `500m`: the gateway's own deadline header. */
export function grpcTimeoutMs(header: string | string[] | undefined): number | undefined {
  if (typeof header !== 'string' || header === '') return undefined;
  const match = /^(\d+)([HMSmun])$/.exec(header);
  if (!match) throw new GrpcError(3, `invalid grpc-timeout: ${header}`);
  const unitMs: Record<string, number> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };
  return Math.min(Number(match[1]) * unitMs[match[2]!]!, 2 ** 31 - 1);
}

/** Never throws: what cannot be read is the root. */
export function parseUrl(raw: string): URL {
  try {
    return new URL(raw.startsWith('/') ? `http://simulator${raw.replace(/^\/+/, '/')}` : raw);
  } catch {
    return new URL('http://simulator/');
  }
}

/** The path as the gateway matches it: decoded, except where a segment may be an address of its own. */
export function decodePath(path: string): string {
  if (/^\/api\/v1\/(clusters|repositories|repocreds|write-repositories|write-repocreds)\//.test(path)) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
