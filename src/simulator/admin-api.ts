import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Rule } from './accounts.js';
import type { Fault } from './fault.js';
import type { Instance } from './instance.js';
import type { Mutation } from './mutation.js';
import type { Commit } from './repositories.js';
import { stateOf } from './application-store.js';
import { sourcesOf } from './application.js';
import type { Simulator } from './simulator.js';
import { isObject } from './spec-shape.js';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;
const BODY_BYTES_MAX = 1024 * 1024;
/** Over HTTP a listener that goes down comes up by itself: nobody could ask it to. */
const DOWN_MS = 10_000;

type Answer = [status: number, body: unknown];
type Body = Record<string, unknown>;

/** `/_simulator`: faults, logs, rights and accidents, for tests in other processes. For programs on this machine only. */
export class AdminApi {
  constructor(private readonly simulator: Simulator) {}

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: Answer;
    try {
      answer = guard(request) ?? (await this.answer(request));
    } catch (error) {
      answer = [400, { error: (error as Error).message }];
    }
    const text = JSON.stringify(answer[1]);
    response.writeHead(answer[0], {
      'Content-Type': 'application/json',
      'Content-Length': String(Buffer.byteLength(text)),
      'Cache-Control': 'no-store',
    });
    response.end(text);
  }

  /** A commit. Applications that nobody touched yet keep showing what was true before it until they are reconciled. */
  commit(instance: Instance, repoURL: string, change: Partial<Commit>): Commit {
    for (const record of instance.store.list()) {
      if (record.version.state) continue;
      const state = stateOf(record);
      if (sourcesOf(state.spec).some((source) => source.repoURL === repoURL))
        record.version = { ...record.version, state };
    }
    return instance.repositories.commit(repoURL, change, instance.clock.stamp());
  }

  private async answer(request: IncomingMessage): Promise<Answer> {
    const { simulator } = this;
    const url = new URL(request.url ?? '/', 'http://simulator');
    const [, , what = '', ...rest] = url.pathname.split('/').map(decodeURIComponent);
    const id = rest.join('/');
    const body = request.method === 'GET' ? {} : await readJson(request);
    switch (`${request.method} ${what}${id ? '/:id' : ''}`) {
      case 'GET ':
        return [
          200,
          {
            name: simulator.name,
            url: simulator.url,
            version: simulator.version,
            applications: simulator.applications.length,
            openStreams: simulator.openStreams(),
            faults: simulator.listFaults(),
          },
        ];
      case 'GET faults':
        return [200, { faults: simulator.listFaults() }];
      case 'POST faults':
        return [201, { id: simulator.fault(body as unknown as Fault) }];
      case 'DELETE faults':
        return done(() => simulator.clearFaults());
      case 'DELETE faults/:id':
        return simulator.clearFault(id) ? [200, {}] : [404, { error: `no fault ${id}` }];
      case 'GET requests':
        return [200, { requests: simulator.requests() }];
      case 'DELETE requests':
        return done(() => simulator.clearRequests());
      case 'GET operations':
        return [200, { operations: simulator.operations() }];
      case 'DELETE operations':
        return done(() => simulator.clearOperations());
      case 'PUT rights/:id':
        return done(() => simulator.setRights(id, rulesOf(body)));
      case 'POST tokens':
        return [
          201,
          {
            token: simulator.createToken(text(body, 'account') || 'bot', {
              ...(typeof body['expiresInSeconds'] === 'number' ? { expiresInSeconds: body['expiresInSeconds'] } : {}),
              ...(text(body, 'id') ? { id: text(body, 'id') } : {}),
            }),
          },
        ];
      case 'POST revoke':
        return done(() => simulator.revokeTokens(text(body, 'account'), text(body, 'id') || undefined));
      case 'POST expire':
        return done(() => simulator.expireTokens(text(body, 'account')));
      case 'GET applications':
        return [200, { applications: simulator.applications }];
      case 'POST applications':
        return [
          201,
          { applications: simulator.addApplications(numberOf(body, 'count', 1), text(body, 'prefix') || undefined) },
        ];
      case 'PATCH applications/:id':
        return done(() => simulator.mutate(id, body as Mutation));
      case 'DELETE applications/:id':
        return done(() => simulator.mutate(id, { isDeleted: true }));
      case 'POST commits':
        return [201, simulator.commit(text(body, 'repoURL'), body as Partial<Commit>)];
      case 'POST reconcile':
        return done(() => simulator.reconcileAll());
      case 'POST restore':
        return done(() => simulator.restoreFromBackup(numberOf(body, 'by', 1000)));
      case 'POST namespaces':
        return done(() => simulator.enableNamespace(text(body, 'namespace')));
      case 'POST down':
        setTimeout(() => this.down(body), 20);
        return [202, {}];
      default:
        return [404, { error: `no ${request.method} ${url.pathname} here` }];
    }
  }

  private down(body: Body): void {
    this.simulator.goDown({ isGraceful: body['isGraceful'] === true });
    setTimeout(() => void this.simulator.comeUp().catch(() => undefined), numberOf(body, 'forMs', DOWN_MS)).unref();
  }
}

/** A web page must not reach this: loopback names only, no foreign origin, JSON for every change. */
function guard({ headers, method }: IncomingMessage): Answer | undefined {
  if (!LOOPBACK.test(headers.host ?? '')) return [403, { error: 'only loopback names are served here' }];
  if (headers.origin !== undefined) {
    const host = /^https?:\/\/(.+)$/i.exec(headers.origin)?.[1];
    if (host === undefined || !LOOPBACK.test(host)) return [403, { error: 'foreign origin' }];
  }
  if (method !== 'GET' && headers['content-type']?.toLowerCase() !== 'application/json')
    return [415, { error: 'Content-Type must be application/json' }];
  return undefined;
}

async function readJson(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new RangeError('body too large');
    chunks.push(chunk);
  }
  const read = Buffer.concat(chunks).toString('utf8').trim();
  const value: unknown = read === '' ? {} : JSON.parse(read);
  if (!isObject(value)) throw new TypeError('the body must be a JSON object');
  return value;
}

function done(work: () => void): Answer {
  work();
  return [200, {}];
}

function text(body: Body, key: string): string {
  const value = body[key];
  return typeof value === 'string' ? value : '';
}

function numberOf(body: Body, key: string, fallback: number): number {
  const value = body[key];
  return typeof value === 'number' && Number.isFinite(value) ? value : fallback;
}

function rulesOf(body: Body): Rule[] {
  const given = Array.isArray(body['rules']) ? body['rules'].filter(isObject) : [];
  return given.map((rule) => ({
    resource: text(rule, 'resource') || '*',
    action: text(rule, 'action') || '*',
    object: text(rule, 'object') || '*',
  }));
}
