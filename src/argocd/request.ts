import { Readable } from 'node:stream';
import { AppError } from '../errors/app-error.js';

type QueryValue = string | readonly string[] | undefined;

/** One request to Argo CD, before the instance's address and token are added. */
export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Segments below the instance's path prefix; each is encoded. */
  path: readonly string[];
  query?: Record<string, QueryValue>;
  body?: unknown;
  /** Default: the cluster's `timeoutMs`. */
  timeoutMs?: number;
  signal?: AbortSignal;
  /** Bytes of the answer, decoded. Default: what one application can need. */
  bytesMax?: number;
  /** The call may block inside Argo CD, which is then told when to give up. */
  blocks?: boolean;
  /** `text/event-stream` for streams. */
  accept?: string;
  /** For the translation of refusals, see RequestFacts. */
  application?: string;
  hasProject?: boolean;
  since?: string;
}

/** Path and query as they go on the wire, below the prefix of the base url. */
export function requestPath(basePath: string, { path, query }: HttpRequest): string {
  const prefix = basePath.replace(/\/+$/, '');
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const one of typeof value === 'string' ? [value] : (value ?? [])) search.append(name, one);
  }
  const text = search.toString();
  return `${prefix}/${path.map(segment).join('/')}${text ? `?${text}` : ''}`;
}

/** Dots are not encoded by anybody and would lead to another path. */
function segment(value: string): string {
  if (value === '' || value === '.' || value === '..') {
    throw new AppError('invalid_input', 'A name must not be empty or consist of dots.');
  }
  return encodeURIComponent(value);
}

/** Configured headers first: what Argo CD insists on and the token overrule them. */
export function headersOf(
  request: HttpRequest,
  { token, extra, grpcTimeoutMs }: { token: string; extra: Record<string, string>; grpcTimeoutMs: number },
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(extra)) headers[name.toLowerCase()] = value;
  headers['accept'] = request.accept ?? 'application/json';
  headers['authorization'] = `Bearer ${token}`;
  // Streams are never packed, and a packed one could not be read frame by frame.
  if (request.accept === undefined) headers['accept-encoding'] = 'gzip';
  // Exactly this, for every verb and with no body too: with a charset Argo CD answers 415.
  if (request.method !== 'GET') headers['content-type'] = 'application/json';
  if (request.blocks) headers['grpc-timeout'] = `${Math.ceil(grpcTimeoutMs)}m`;
  return headers;
}

/** The bytes of a body, noting in `sent` that they were asked for: the library does so right before it writes them. */
export function bodyOf(value: unknown, sent: { isSent?: boolean }): { length: number; body: Readable } {
  const bytes = Buffer.from(JSON.stringify(value));
  const noting = function* (): Generator<Buffer> {
    sent.isSent = true;
    yield bytes;
  };
  return { length: bytes.length, body: Readable.from(noting()) };
}
