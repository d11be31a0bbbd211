import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../telemetry/logger.js';
import { problemOfThrown } from './fastify-problem.js';
import { sendProblem } from './problem-reply.js';

/**
 * Whatever is thrown on the way to a route or in it leaves as problem details: no stack, no text of a library. The
 * log gets a defect as it is, under the request's id.
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly log: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const [request, reply] = [http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>()];
    const problem = problemOfThrown(thrown);
    if (problem.code === 'internal') problem.details = { ...problem.details, requestId: request.id };
    if (problem.status >= 500) {
      // The route and not the address: that may hold what must not be logged.
      const route = request.routeOptions.url;
      this.log.error({ err: thrown, requestId: request.id, method: request.method, route }, 'request failed');
    }
    // An answer that has begun cannot be taken back; ending it early is all that is left to tell.
    if (reply.sent || reply.raw.headersSent) reply.raw.destroy();
    else void sendProblem(reply, problem);
  }
}
