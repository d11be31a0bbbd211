import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { LRUCache } from 'lru-cache';
import type { Authenticator } from '../auth/authenticator.js';
import type { Caller } from '../auth/caller.js';
import type { Tool } from '../tools/tool.js';
import type { ToolRunner } from '../tools/tool-runner.js';
import { nextRequestId } from './fastify-options.js';
import type { FrontDoor } from './front-door.js';
import type { RequestDrain } from './request-drain.js';
import { securityHeaders } from './security-headers.js';
import { asOfHeader, matchesTag, revalidate, validatorOf } from './validator.js';

export interface ShortPathOptions {
  door: Pick<FrontDoor, 'knows' | 'vary'>;
  drain: RequestDrain;
  authenticator: Pick<Authenticator, 'authenticate'>;
  runner: Pick<ToolRunner, 'recall'>;
}

/** A question that the long way has answered before: how its URL reads. */
interface Known {
  tool: Tool;
  input: Record<string, unknown>;
}

const knownMax = 2_000;
const urlCharactersMax = 2_000;
export const jsonType = 'application/json; charset=utf-8';

/**
 * Answers a GET that was answered before and whose answer still holds, before the framework has begun. It knows nothing
 * by itself: the URL must have come the long way once, the Host must have passed the door, the key is looked up and the
 * call authorised each time, and the gate gives the answer only while it is true. Whatever else there is about a request
 * goes the long way. Both ways give the same answer, header for header; a test holds them against each other.
 */
export class ShortPath {
  private readonly known = new LRUCache<string, Known>({ max: knownMax });

  constructor(private readonly options: ShortPathOptions) {}

  /** Stands in front of whatever listens to the server's requests now. */
  mount(server: Server): void {
    const listeners = server.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[];
    server.removeAllListeners('request');
    server.on('request', (request, response) => {
      if (this.answer(request, response)) return;
      for (const listener of listeners) listener.call(server, request, response);
    });
  }

  /** The long way has answered this. */
  learn(url: string, tool: Tool, input: Record<string, unknown>): void {
    if (tool.cachedForMs && url.length <= urlCharactersMax) this.known.set(url, { tool, input });
  }

  /** True if it was answered. */
  private answer(request: IncomingMessage, response: ServerResponse): boolean {
    if (request.method !== 'GET') return false;
    const known = this.known.get(request.url ?? '');
    if (!known || !this.isPlain(request)) return false;
    const caller = this.callerOf(request.headers.authorization);
    if (!caller) return false;
    const requestId = nextRequestId();
    const result = this.options.runner.recall(known.tool, { caller, input: known.input, transport: 'rest', requestId });
    if (!result) return false;
    const { etag, asOf, body } = validatorOf(result);
    const isKnown = matchesTag(request.headers['if-none-match'], etag);
    const headers = [
      ...securityHeaders.flat(),
      ...['x-request-id', requestId, 'cache-control', revalidate['cache-control'], 'vary', this.options.door.vary],
      ...['etag', etag, ...(asOf === undefined ? [] : [asOfHeader, asOf])],
    ];
    if (isKnown) response.writeHead(304, headers).end();
    else {
      headers.push('content-type', jsonType, 'content-length', String(body.length));
      response.writeHead(200, headers).end(body);
    }
    return true;
  }

  /** Nothing about it that the door, the framework or the drain would have a say in. */
  private isPlain({ headers, httpVersionMinor }: IncomingMessage): boolean {
    const { door, drain } = this.options;
    return (
      httpVersionMinor === 1 &&
      headers.origin === undefined &&
      headers['content-length'] === undefined &&
      headers['transfer-encoding'] === undefined &&
      headers.expect === undefined &&
      headers.upgrade === undefined &&
      !drain.isDraining &&
      door.knows(headers.host)
    );
  }

  /** Who calls; undefined for nobody we know: the long way says so in full. */
  private callerOf(authorization: string | undefined): Caller | undefined {
    try {
      return this.options.authenticator.authenticate(authorization);
    } catch {
      return undefined;
    }
  }
}
