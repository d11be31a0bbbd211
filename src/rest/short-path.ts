import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { LRUCache } from 'lru-cache';
import type { Authenticator } from '../auth/authenticator.js';
import type { Caller } from '../auth/caller.js';
import type { Tool } from '../tools/tool.js';
import type { ToolRunner } from '../tools/tool-runner.js';
import { AnswerHead } from './answer-head.js';
import { nextRequestId } from './fastify-options.js';
import type { FrontDoor } from './front-door.js';
import type { RequestDrain } from './request-drain.js';
import { matchesTag, validatorOf, type Validator } from './validator.js';

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

/**
 * Answers a GET that was answered before and whose answer still holds, before the framework has begun. It knows nothing
 * by itself: the URL must have come the long way once, the Host must have passed the door, the key is looked up and the
 * call authorised each time, and the gate gives the answer only while it is true. Whatever else there is about a request
 * goes the long way. Both ways give the same answer, header for header; a test holds them against each other.
 */
export class ShortPath {
  private readonly known = new LRUCache<string, Known>({ max: knownMax });
  private readonly heads = new WeakMap<Validator, AnswerHead>();

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
    const validator = validatorOf(result);
    const status = matchesTag(request.headers['if-none-match'], validator.etag) ? 304 : 200;
    response.writeHead(status, this.headOf(validator).headersOf(status, requestId));
    if (status === 304) response.end();
    else response.end(validator.body);
    return true;
  }

  private headOf(validator: Validator): AnswerHead {
    const { vary } = this.options.door;
    let head = this.heads.get(validator);
    if (head?.vary !== vary) {
      head = new AnswerHead(validator, vary);
      this.heads.set(validator, head);
    }
    return head;
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
