import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Authenticator } from '../auth/authenticator.js';
import type { Caller } from '../auth/caller.js';
import type { Tool } from '../tools/tool.js';
import type { ToolRunner } from '../tools/tool-runner.js';
import { jsonType } from './answer-head.js';
import { problemOfThrown } from './fastify-problem.js';
import { sendProblem } from './problem-reply.js';
import type { RequestDrain } from './request-drain.js';
import type { ShortPath } from './short-path.js';
import { ToolInput, type RequestParts } from './tool-input.js';
import { apiPrefix, toolRoute } from './tool-route.js';
import { asOfHeader, matchesTag, revalidate, validatorOf } from './validator.js';
import type { FrontDoor } from './front-door.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls; known once the route's first hook has run. */
    caller: Caller | null;
  }
}

export interface ToolRoutesOptions {
  tools: readonly Tool[];
  runner: Pick<ToolRunner, 'run'>;
  authenticator: Pick<Authenticator, 'authenticate'>;
  drain: RequestDrain;
  door: Pick<FrontDoor, 'vary'>;
  shortPath: Pick<ShortPath, 'learn'>;
}

/**
 * One route per tool, as plain Fastify handlers: a request costs no more than its call. The gate decides; here is only
 * translated.
 */
export class ToolRoutes {
  constructor(private readonly options: ToolRoutesOptions) {}

  mount(fastify: FastifyInstance): void {
    fastify.decorateRequest('caller', null);
    for (const tool of this.options.tools) {
      const { method, url } = toolRoute(tool);
      const input = new ToolInput(tool);
      fastify.route({
        method,
        url,
        // Before the body is read: whoever has no key gets none of our memory.
        onRequest: (request, reply, done) => {
          try {
            request.caller = this.options.authenticator.authenticate(request.headers.authorization);
            done();
          } catch (error) {
            void sendProblem(reply, problemOfThrown(error));
          }
        },
        handler: (request, reply) => this.call(tool, input, request, reply),
      });
    }
  }

  private async call(tool: Tool, input: ToolInput, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { caller } = request;
    if (!caller) throw new Error('a request reached its tool without a caller');
    const gone = new AbortController();
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) gone.abort();
    });
    this.options.drain.enter();
    try {
      const { runner } = this.options;
      const read = input.read(request as RequestParts);
      const call = { caller, input: read, transport: 'rest' as const, requestId: request.id, signal: gone.signal };
      const result = await runner.run(tool, call);
      if (!result.ok) {
        void sendProblem(reply, result.problem);
        return;
      }
      if (tool.startsJob) accept(reply, result.output);
      if (tool.cachedForMs) {
        if (this.validate(request, reply, result)) return;
        this.options.shortPath.learn(request.raw.url ?? '', tool, read);
      }
      void reply.header('content-type', jsonType).send(result.json);
    } finally {
      this.options.drain.leave();
    }
  }

  /** Adds what a client needs to ask again cheaply. True if it has the answer already, and was told so. */
  private validate(
    { headers }: FastifyRequest,
    reply: FastifyReply,
    result: { output: Record<string, unknown>; json: string },
  ): boolean {
    const { etag, asOf } = validatorOf(result);
    void reply.header('cache-control', revalidate['cache-control']).header('vary', this.options.door.vary);
    void reply.header('etag', etag);
    if (asOf !== undefined) void reply.header(asOfHeader, asOf);
    if (!matchesTag(headers['if-none-match'], etag)) return false;
    void reply.code(304).send();
    return true;
  }
}

/** 202: where the job is, and when it is worth looking. */
function accept(reply: FastifyReply, output: Record<string, unknown>): void {
  const { jobId, pollAfterMs } = output['job'] as { jobId: string; pollAfterMs?: number };
  const seconds = Math.max(1, Math.ceil((pollAfterMs ?? 0) / 1000));
  void reply
    .code(202)
    .header('location', `${apiPrefix}/jobs/${encodeURIComponent(jobId)}`)
    .header('retry-after', String(seconds));
}
