import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { Clock } from './clock.js';

/** Go's server gives a Content-Length to answers that fit its buffer, and sends longer ones in chunks. */
const BUFFER_BYTES = 2048;
const PAGE_HEADERS = {
  'Content-Security-Policy': "frame-ancestors 'self';",
  'X-Frame-Options': 'sameorigin',
  'X-Robots-Tag': 'noindex, nofollow',
  'X-Xss-Protection': '1',
};

/** Writes whole answers with the headers and the framing that Argo CD's server gives them. */
export class Answers {
  constructor(private readonly clock: Clock) {}

  truncate(response: ServerResponse, text: string): void {
    response.writeHead(200, { 'Content-Type': 'application/json', Date: this.date() });
    response.write(text.slice(0, Math.floor(text.length / 2)), () => response.socket?.destroy());
  }

  json(
    request: IncomingMessage,
    response: ServerResponse,
    status: number,
    text: string,
    headers: Record<string, string>,
  ): void {
    const isZipped =
      request.headers.accept !== 'text/event-stream' &&
      /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
    const body = isZipped ? gzipSync(text) : Buffer.from(text);
    response.writeHead(status, {
      ...(isZipped ? { 'Content-Encoding': 'gzip' } : {}),
      'Content-Type': 'application/json',
      ...headers,
      Vary: 'Accept-Encoding',
      Date: this.date(),
      ...(body.length <= BUFFER_BYTES ? { 'Content-Length': String(body.length) } : {}),
    });
    response.end(body);
  }

  text(
    response: ServerResponse,
    status: number,
    text: string,
    headers: Record<string, string>,
    type = 'text/plain; charset=utf-8',
  ): void {
    response.writeHead(status, {
      'Content-Type': type,
      ...headers,
      Date: this.date(),
      'Content-Length': String(Buffer.byteLength(text)),
    });
    response.end(text);
  }

  /** Outside the API stands the web page: whoever asks for HTML with a wrong base address gets it, with 200. */
  page(request: IncomingMessage, response: ServerResponse): void {
    const headers = { ...PAGE_HEADERS, Vary: 'Accept-Encoding', 'X-Content-Type-Options': 'nosniff' };
    if (request.headers.accept?.includes('text/html')) {
      this.text(
        response,
        200,
        '<!doctype html><html lang="en"><head><title>Argo CD</title></head><body><div id="app"></div></body></html>\n',
        headers,
        'text/html; charset=utf-8',
      );
    } else this.text(response, 404, '404 page not found\n', headers);
  }

  date(): string {
    return this.clock.now().toUTCString();
  }
}
