import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Authenticator } from '../auth/authenticator.js';
import type { Caller } from '../auth/caller.js';
import { AppError } from '../errors/app-error.js';
import { Audience } from '../fleet/events/audience.js';
import { eventTypes, type EventType } from '../fleet/events/event.js';
import type { FleetEvents } from '../fleet/events/fleet-events.js';
import type { Logger } from '../telemetry/logger.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { ToolRunner } from '../tools/tool-runner.js';
import { eventStreamRoute, readEventArguments, toolOf } from './event-input.js';
import { EventStream, eventStreamTimes, type EventStreamTimes } from './event-stream.js';
import { problemOfThrown } from './fastify-problem.js';
import { sendProblem } from './problem-reply.js';
import type { RequestDrain } from './request-drain.js';
import type { RequestParts } from './tool-input.js';
import { toolRoute } from './tool-route.js';

/** Streams that are open at once, in this process and of one key. */
const streamsMax = 200;
const streamsOfKeyMax = 50;
/** Applications, clusters and jobs that may wait for one reader; more become one `reset`. */
const waitingMax = 5_000;

export interface EventRoutesOptions {
  events: Pick<FleetEvents, 'open'>;
  runner: Pick<ToolRunner, 'findTool'>;
  authenticator: Pick<Authenticator, 'authenticate'>;
  metrics: Pick<Metrics, 'eventSent' | 'eventStreamEnded' | 'readEventStreams'>;
  drain: RequestDrain;
  log: Logger;
  /** For tests that cannot wait so long. */
  times?: Partial<EventStreamTimes>;
}

/** `GET /api/v1/events`. Whatever is wrong is told as a problem before the stream begins. */
export class EventRoutes {
  private readonly open = new Map<EventStream, Caller>();

  constructor(private readonly options: EventRoutesOptions) {
    options.metrics.readEventStreams(() => this.open.size);
  }

  mount(fastify: FastifyInstance): void {
    fastify.get(toolRoute(eventStreamRoute).url, { exposeHeadRoute: false }, (request, reply) => {
      try {
        this.begin(request, reply);
      } catch (error) {
        void sendProblem(reply, problemOfThrown(error));
      }
    });
  }

  /** The keys may be others now: ends the streams of those that are. */
  review(): void {
    for (const stream of this.open.keys()) stream.review();
  }

  /** Ends all streams; their readers come back, here or to another replica. */
  close(): void {
    for (const stream of this.open.keys()) stream.end('stopped');
  }

  private begin(request: FastifyRequest, reply: FastifyReply): void {
    const { events, authenticator, metrics, drain, log } = this.options;
    const { authorization } = request.headers;
    const caller = authenticator.authenticate(authorization);
    const { types, lastEventId, ...filters } = readEventArguments(request as RequestParts);
    const heard = this.typesFor(caller, types);
    this.checkRoom(caller);
    const audience = new Audience(caller.scope, { ...filters, types: heard });
    const lastEvent = request.headers['last-event-id'];
    const after = typeof lastEvent === 'string' && lastEvent !== '' ? lastEvent : lastEventId;

    const stream = new EventStream({
      response: reply.raw,
      headers: definedHeaders(reply),
      times: { ...eventStreamTimes, ...this.options.times },
      isAllowed: () => isSame(caller, authenticator, authorization),
      onSent: ({ type }) => metrics.eventSent(type),
      onEnd: (ending) => {
        this.open.delete(stream);
        drain.leave();
        metrics.eventStreamEnded(ending);
        const line = { caller: caller.name, ending, requestId: request.id };
        if (ending === 'slow') log.warn(line, 'a reader of events took too little and was cut off');
        else log.info(line, 'event stream ended');
      },
    });
    const opened = events.open(audience, { max: waitingMax, after, onOffer: stream.wake });
    reply.hijack();
    this.open.set(stream, caller);
    drain.enter();
    log.info({ caller: caller.name, types: heard, requestId: request.id }, 'event stream begins');
    void stream.begin(opened, { types: heard, after });
  }

  /** What was asked for, or everything that the key may read. */
  private typesFor(caller: Caller, asked: readonly EventType[] | undefined): EventType[] {
    const mayHear = (type: EventType): boolean => this.options.runner.findTool(caller, toolOf[type]) !== undefined;
    const heard = eventTypes.filter((type) => (asked?.includes(type) ?? true) && mayHear(type));
    const refused = (asked ?? eventTypes).filter((type) => !heard.includes(type));
    if (heard.length > 0 && (!asked || refused.length === 0)) return heard;
    const tools = refused.map((type) => toolOf[type]).join(', ');
    throw new AppError('forbidden', `This API key may not call ${tools}, and so gets no events of that.`);
  }

  private checkRoom({ name }: Caller): void {
    const ofKey = [...this.open.values()].filter((caller) => caller.name === name).length;
    const hint = 'Close streams that nobody reads, or read one with a wider filter instead of several.';
    if (ofKey >= streamsOfKeyMax) {
      throw new AppError('rate_limited', `This key has ${ofKey} event streams open already.`, {}, { hint });
    }
    if (this.open.size >= streamsMax) {
      throw new AppError('unavailable', `${streamsMax} event streams are open on this server already.`, {}, { hint });
    }
  }
}

/** Headers that hooks have set would be lost with a hijacked reply. */
function definedHeaders(reply: FastifyReply): Record<string, number | string | string[]> {
  const entries = Object.entries(reply.getHeaders());
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** False when the key was taken away or means something else now: then the stream must begin anew. */
function isSame(
  caller: Caller,
  authenticator: Pick<Authenticator, 'authenticate'>,
  authorization: string | undefined,
): boolean {
  try {
    const now = authenticator.authenticate(authorization);
    return now.name === caller.name && now.scope.key === caller.scope.key && hearsTheSame(now, caller);
  } catch {
    return false;
  }
}

const hearsTheSame = (a: Caller, b: Caller): boolean =>
  eventTypes.every((type) => a.tool(toolOf[type]) === b.tool(toolOf[type]));
