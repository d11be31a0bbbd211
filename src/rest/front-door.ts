import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { guardRequest, type GuardPolicy, type GuardRefusal } from '../auth/request-guard.js';
import type { Cors } from './cors.js';
import { routesHint } from './fastify-problem.js';
import { problemOf, sendProblem, transportProblem } from './problem-reply.js';
import type { RequestDrain } from './request-drain.js';
import { RouteTable } from './route-table.js';
import { setSecurityHeaders } from './security-headers.js';
import { revalidate } from './validator.js';

/** Probes carry nobody's data, and Kubernetes sends the pod's address as Host, which no configuration can know. */
const openPaths = new Set(['/livez', '/readyz']);

/** Any port makes another Host; who sends many gets them judged each time. */
const goodHostsMax = 100;

/** What the door judges by; another configuration brings others. */
export interface DoorRules {
  policy: GuardPolicy;
  cors: Cors;
}

/**
 * What every request meets first, whichever module serves it: headers, the guard against web pages, CORS, and what is
 * said about paths and methods that no route serves. Answers those before a body is read.
 */
export class FrontDoor {
  private readonly table = new RouteTable();
  /** Hosts that passed where nothing else was to be judged. The guard always says the same of the same request. */
  private readonly goodHosts = new Set<string>();
  private varied: string;

  constructor(
    private rules: DoorRules,
    private readonly drain: RequestDrain,
  ) {
    this.varied = varyOf(rules);
  }

  /** Judges by other rules from the next request on. */
  adopt(rules: DoorRules): void {
    this.rules = rules;
    this.varied = varyOf(rules);
    this.goodHosts.clear();
  }

  /** True for the Host of a request that has passed with nothing else to be judged. */
  knows(host: string | undefined): boolean {
    return host !== undefined && this.goodHosts.has(host);
  }

  /** What answers differ by, for those that may be kept. */
  get vary(): string {
    return this.varied;
  }

  /** Must run before any route is registered, so that it knows them all and stands before their own hooks. */
  mount(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', ({ method, url }) => {
      for (const each of [method].flat()) this.table.add(each, url);
    });
    fastify.addHook('onRequest', (request, reply, done) => {
      if (!this.answer(request, reply)) done();
    });
  }

  /** True if the request ends here. */
  private answer(request: FastifyRequest, reply: FastifyReply): boolean {
    const { drain } = this;
    const { cors, policy } = this.rules;
    setSecurityHeaders(reply);
    cors.allow(request, reply);
    if (drain.isDraining) void reply.header('connection', 'close');
    const path = pathOf(request.url);
    const refusal = openPaths.has(path) ? undefined : this.refusalOf(request, policy);
    if (refusal) return sent(sendProblem(reply, problemOf(refusal.error, refusal.status)));
    if (request.is404) return this.answerUnserved(request, reply, path);
    if (drain.isOver) {
      return sent(sendProblem(reply, transportProblem('unavailable', 'This server is shutting down.')));
    }
    return false;
  }

  private refusalOf({ headers, method }: FastifyRequest, policy: GuardPolicy): GuardRefusal | undefined {
    const { host, origin, 'content-type': contentType } = headers;
    const hasBody = Number(headers['content-length'] ?? 0) > 0 || headers['transfer-encoding'] !== undefined;
    const hasHostOnly = method === 'GET' && origin === undefined && !hasBody;
    if (hasHostOnly && this.goodHosts.has(host ?? '')) return undefined;
    const refusal = guardRequest({ method, host, origin, contentType, hasBody }, policy);
    if (hasHostOnly && !refusal && host !== undefined && this.goodHosts.size < goodHostsMax) this.goodHosts.add(host);
    return refusal;
  }

  private answerUnserved(request: FastifyRequest, reply: FastifyReply, path: string): boolean {
    const methods = this.table.methodsOf(path);
    if (methods.length === 0) {
      const closest = this.table.closest(request.method, path);
      const detail = `No route has this path.${closest ? ` Did you mean ${closest}?` : ''}`;
      const details = { ...(closest ? { suggestions: [closest] } : {}), routes: '/api/v1/openapi.json' };
      return sent(sendProblem(reply, transportProblem('not_found', detail, { hint: routesHint, details })));
    }
    void reply.header('allow', methods.join(', '));
    if (request.method === 'OPTIONS') {
      this.rules.cors.preflight(request, reply, methods);
      return sent(reply.code(204).send());
    }
    const detail = `This path answers to ${methods.join(', ')}.`;
    const problem = transportProblem('invalid_input', detail, {
      status: 405,
      hint: routesHint,
      details: { allow: methods },
    });
    return sent(sendProblem(reply, problem));
  }
}

const varyOf = ({ cors }: DoorRules): string => [...cors.vary, revalidate.vary].join(', ');

const sent = (_reply: FastifyReply): true => true;

function pathOf(url: string): string {
  const end = url.search(/[?#]/);
  return end === -1 ? url : url.slice(0, end);
}
