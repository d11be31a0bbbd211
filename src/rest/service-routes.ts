import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Authenticator } from '../auth/authenticator.js';
import { seesEverything } from '../auth/caller-scope.js';
import { AppError } from '../errors/app-error.js';
import type { Metrics } from '../telemetry/metrics.js';
import { scrubText } from '../telemetry/scrub.js';
import { problemOfThrown } from './fastify-problem.js';
import { sendProblem, transportProblem } from './problem-reply.js';
import type { RequestDrain } from './request-drain.js';

/** A part of the server that can be asked whether it works. */
export interface HealthSource {
  /** `redis` or `embedded`. */
  readonly kind: string;
  /** False: what it holds does not survive this process. */
  readonly durable?: boolean;
  health(): Promise<{ ok: boolean; reason?: string }>;
}

export interface ServiceRoutesOptions {
  parts: Readonly<Record<string, HealthSource>>;
  /** Parts without which this process is of no use: a worker without its queue. Reads need none of them. */
  needed: readonly string[];
  authenticator: Pick<Authenticator, 'authenticate'>;
  metrics: Pick<Metrics, 'text' | 'contentType'>;
  drain: RequestDrain;
}

/** A part that says nothing for so long does not work; probes give up themselves after a few seconds. */
const healthTimeoutMs = 2000;

/** What operators and their tools ask: `/livez`, `/readyz`, `/metrics`. Clusters have no say in any of them. */
export class ServiceRoutes {
  constructor(private readonly options: ServiceRoutesOptions) {}

  mount(fastify: FastifyInstance): void {
    fastify.get('/livez', (_request, reply) => reply.send({ status: 'alive' }));
    fastify.get('/readyz', (_request, reply) => this.ready(reply));
    fastify.get('/metrics', async (request, reply) => {
      // They name clusters. Without keys everybody is the local caller.
      try {
        const caller = this.options.authenticator.authenticate(request.headers.authorization);
        if (!seesEverything(caller)) {
          throw new AppError('forbidden', 'Metrics name every cluster, and this key is limited to some.');
        }
      } catch (error) {
        return sendProblem(reply, problemOfThrown(error));
      }
      const { metrics } = this.options;
      return reply.header('content-type', metrics.contentType).send(await metrics.text());
    });
  }

  /**
   * A store or queue that is away is told and is no reason to take this process out of service: reads go on from memory,
   * and what needs the queue is refused with `unavailable`.
   */
  private async ready(reply: FastifyReply): Promise<FastifyReply> {
    const { parts, needed, drain } = this.options;
    const found = await Promise.all(
      Object.entries(parts).map(async ([name, source]) => [name, source, await healthOf(source)] as const),
    );
    const broken = found.filter(([, , { ok }]) => !ok);
    const reasons = broken
      .filter(([name]) => needed.includes(name))
      .map(([name, , { reason }]) => `${name}: ${reason}`);
    if (drain.isDraining) reasons.unshift('shutting down');
    if (reasons.length > 0) {
      return sendProblem(reply, transportProblem('unavailable', 'This server is not ready.', { details: { reasons } }));
    }
    const shown = found.map(([name, { kind, durable }, { ok, reason }]) => [
      name,
      { kind, ...(durable === undefined ? {} : { durable }), ...(ok ? {} : { ok, reason }) },
    ]);
    return reply.send({ status: broken.length > 0 ? 'degraded' : 'ready', ...Object.fromEntries(shown) });
  }
}

/** Whatever happens is an answer. Reasons are scrubbed: this route asks nobody for a key. */
async function healthOf(source: HealthSource): Promise<{ ok: boolean; reason: string }> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<{ ok: boolean; reason?: string }>((resolve) => {
    timer = setTimeout(() => resolve({ ok: false, reason: 'does not answer' }), healthTimeoutMs);
  });
  try {
    const { ok, reason } = await Promise.race([source.health(), late]);
    return { ok, reason: scrubText(reason ?? 'does not work') };
  } catch {
    return { ok: false, reason: 'does not work' };
  } finally {
    clearTimeout(timer);
  }
}
