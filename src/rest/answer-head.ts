import { securityHeaders } from './security-headers.js';
import { asOfHeader, revalidate, type Validator } from './validator.js';

export const jsonType = 'application/json; charset=utf-8';

/** Where the id of the request stands in the headers. */
const idAt = 1;

/**
 * The headers of an answer that is given more than once, made once: names and values in turns, as `writeHead` takes them.
 * Only the id differs from request to request.
 */
export class AnswerHead {
  private readonly full: string[];
  private readonly notModified: string[];

  constructor(
    { etag, asOf, body }: Validator,
    readonly vary: string,
  ) {
    this.notModified = [
      ...['x-request-id', ''],
      ...securityHeaders.flat(),
      ...['cache-control', revalidate['cache-control'], 'vary', vary],
      ...['etag', etag, ...(asOf === undefined ? [] : [asOfHeader, asOf])],
    ];
    this.full = [...this.notModified, 'content-type', jsonType, 'content-length', String(body.length)];
  }

  /** To be written at once: the next call gives the same list, with another id. */
  headersOf(status: 200 | 304, requestId: string): string[] {
    const headers = status === 200 ? this.full : this.notModified;
    headers[idAt] = requestId;
    return headers;
  }
}
