import type { IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

/** A request as it goes over the wire: nothing is added to `headers`, and a text body goes out as it is. */
export interface Exchange {
  method: string;
  /** Path and query, already encoded. */
  path: string;
  headers: Record<string, string>;
  body?: unknown;
}

export interface Answer {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  text: string;
  /** Size of the body on the wire, before it was unzipped. */
  bytes: number;
}

/** Sends one request on a connection of its own and reads the whole answer. Rejects when none comes within `timeoutMs`. */
export async function exchange(origin: string, sent: Exchange, timeoutMs = 10_000): Promise<Answer> {
  const response = await open(origin, sent, timeoutMs);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const raw = Buffer.concat(chunks);
  const isZipped = response.headers['content-encoding'] === 'gzip';
  const { gunzipSync } = await import('node:zlib');
  return {
    status: response.statusCode ?? 0,
    headers: headersOf(response),
    text: (isZipped ? gunzipSync(raw) : raw).toString('utf8'),
    bytes: raw.length,
  };
}

/** What a stream gave until somebody ended it. */
export interface Listening {
  /** Undefined until the headers have come. */
  readonly status: number | undefined;
  readonly headers: Record<string, string>;
  readonly text: string;
  /** `client`, `server` (a proper last chunk), or the error code of a broken connection; undefined while it is open. */
  readonly endedBy: string | undefined;
  end(): void;
}

/** Opens a stream and keeps what comes. It never rejects: a refused connection shows in `endedBy`. */
export function listen(origin: string, sent: Exchange): Listening {
  const heard = {
    status: undefined as number | undefined,
    headers: {},
    text: '',
    endedBy: undefined as string | undefined,
  };
  const begun = start(origin, sent);
  begun.on('response', (response) => {
    Object.assign(heard, { status: response.statusCode, headers: headersOf(response) });
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => (heard.text += chunk));
    response.on('end', () => (heard.endedBy ??= 'server'));
    response.on('error', (error: NodeJS.ErrnoException) => (heard.endedBy ??= error.code ?? error.message));
  });
  begun.on('error', (error: NodeJS.ErrnoException) => (heard.endedBy ??= error.code ?? error.message));
  begun.end(bodyOf(sent));
  return Object.assign(heard, {
    end: () => {
      heard.endedBy ??= 'client';
      begun.destroy();
    },
  });
}

function open(origin: string, sent: Exchange, timeoutMs: number): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const begun = start(origin, sent);
    const timer = setTimeout(() => begun.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    begun.once('response', (response) => {
      response.once('close', () => clearTimeout(timer));
      resolve(response);
    });
    begun.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    begun.end(bodyOf(sent));
  });
}

function start(origin: string, { method, path, headers, body }: Exchange): ReturnType<typeof httpRequest> {
  const text = bodyOf({ method, path, headers, body });
  const url = new URL(origin);
  const target = {
    hostname: url.hostname,
    port: url.port,
    path: `${url.pathname.replace(/\/+$/, '')}${path}`,
    method,
    agent: false as const,
    headers: { ...headers, ...(text === undefined ? {} : { 'content-length': String(Buffer.byteLength(text)) }) },
  };
  return url.protocol === 'https:' ? httpsRequest(target) : httpRequest(target);
}

function bodyOf({ body }: Exchange): string | undefined {
  if (body === undefined || body === null) return undefined;
  return typeof body === 'string' ? body : JSON.stringify(body);
}

function headersOf(response: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
}
