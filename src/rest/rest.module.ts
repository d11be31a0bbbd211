import {
  Inject,
  Module,
  type DynamicModule,
  type BeforeApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { APP_FILTER, HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { Authenticator } from '../auth/authenticator.js';
import { guardPolicy } from '../auth/request-guard.js';
import { STORE, type Store } from '../cache/store.js';
import type { Config } from '../config/config.js';
import { LiveConfig, type ConfigUser, type Prepared } from '../config/live-config.js';
import { FleetEvents } from '../fleet/events/fleet-events.js';
import { JOB_QUEUE, type JobQueue } from '../jobs/job-queue.js';
import type { Logger } from '../telemetry/logger.js';
import { Metrics } from '../telemetry/metrics.js';
import { version } from '../telemetry/version.js';
import { ToolRunner } from '../tools/tool-runner.js';
import { Cors } from './cors.js';
import { EventRoutes } from './event-routes.js';
import type { EventStreamTimes } from './event-stream.js';
import { bodyBytesMax } from './fastify-problem.js';
import { FrontDoor, type DoorRules } from './front-door.js';
import { eventPaths } from './openapi-events.js';
import { openApiDocument } from './openapi.js';
import { ProblemFilter } from './problem.filter.js';
import { RequestDrain } from './request-drain.js';
import { ServiceRoutes } from './service-routes.js';
import { ShortPath } from './short-path.js';
import { ToolRoutes } from './tool-routes.js';
import { apiPrefix } from './tool-route.js';

export interface RestModuleOptions {
  log: Logger;
  /** A `worker` serves health and metrics only. */
  role: 'api' | 'worker' | 'all';
  /** Time that calls under way get at shutdown. */
  drainMs?: number;
  /** For tests that cannot wait so long. */
  eventTimes?: Partial<EventStreamTimes>;
}

const OPTIONS = Symbol('RestModuleOptions');
const drainMsDefault = 10_000;

/**
 * REST over the catalog, health, metrics, and the front door of every HTTP route, those of other modules included.
 * Works on raw Fastify: create the application with `new FastifyAdapter(fastifyOptions())` and `bodyParser: false`.
 *
 * Imported last, so that at shutdown it is first: calls end before what they use is closed.
 */
@Module({})
export class RestModule implements OnModuleInit, OnModuleDestroy, BeforeApplicationShutdown, ConfigUser {
  private readonly drain = new RequestDrain();
  private readonly fastify: FastifyInstance;
  private readonly door: FrontDoor;
  private made?: { publicUrl?: string; text: string };
  private eventRoutes?: EventRoutes;

  static forRoot(options: RestModuleOptions): DynamicModule {
    return {
      module: RestModule,
      providers: [
        { provide: OPTIONS, useValue: options },
        { provide: APP_FILTER, useValue: new ProblemFilter(options.log) },
      ],
    };
  }

  constructor(
    @Inject(HttpAdapterHost) { httpAdapter }: HttpAdapterHost<FastifyAdapter>,
    @Inject(OPTIONS) private readonly options: RestModuleOptions,
    @Inject(LiveConfig) private readonly live: LiveConfig,
    @Inject(ToolRunner) private readonly runner: ToolRunner,
    @Inject(Authenticator) private readonly authenticator: Authenticator,
    @Inject(STORE) private readonly store: Store,
    @Inject(JOB_QUEUE) private readonly queue: JobQueue,
    @Inject(Metrics) private readonly metrics: Metrics,
    @Inject(FleetEvents) private readonly events: FleetEvents,
  ) {
    this.fastify = httpAdapter.getInstance<FastifyInstance>();
    // Here and not at init: the door must stand before any module adds its routes.
    this.door = new FrontDoor(rulesOf(live.current), this.drain);
    this.door.mount(this.fastify);
    this.takeJsonOnly();
    live.join(this);
  }

  /** Other names and origins count from the next request on. */
  prepare(next: Config): Prepared {
    const rules = rulesOf(next);
    return {
      commit: () => {
        this.door.adopt(rules);
        // When everybody has taken it over, the keys among them.
        setImmediate(() => this.eventRoutes?.review());
      },
    };
  }

  onModuleInit(): void {
    const { fastify, runner, authenticator, store, queue, metrics, drain } = this;
    const needed = this.options.role === 'worker' ? ['queue'] : [];
    new ServiceRoutes({ parts: { store, queue }, needed, authenticator, metrics, drain }).mount(fastify);
    if (this.options.role === 'worker') return;
    const { door } = this;
    const shortPath = new ShortPath({ door, drain, authenticator, runner });
    shortPath.mount(fastify.server);
    new ToolRoutes({ tools: runner.catalog, runner, authenticator, drain, door, shortPath }).mount(fastify);
    const { log, eventTimes: times } = this.options;
    const { events } = this;
    this.eventRoutes = new EventRoutes({ events, runner, authenticator, metrics, drain, log, times });
    this.eventRoutes.mount(fastify);
    // It holds nothing of the fleet and asks nobody for a key.
    fastify.get(`${apiPrefix}/openapi.json`, (_request, reply) =>
      reply.header('content-type', 'application/json; charset=utf-8').send(this.document()),
    );
  }

  /** Made once for each address that the server was known by: it depends on nothing else that changes. */
  private document(): string {
    const { publicUrl } = this.live.current.server;
    if (!this.made || this.made.publicUrl !== publicUrl) {
      const document = openApiDocument(this.runner.catalog, { version, publicUrl, paths: eventPaths() });
      this.made = { publicUrl, text: JSON.stringify(document) };
    }
    return this.made.text;
  }

  async onModuleDestroy(): Promise<void> {
    this.eventRoutes?.close();
    await this.drain.drain(this.fastify.server, this.options.drainMs ?? drainMsDefault);
  }

  /** Whatever still has a connection now had its time, and Node would wait for it. */
  beforeApplicationShutdown(): void {
    this.fastify.server.closeAllConnections();
  }

  /** JSON is the only body; an empty one is no body, so that a change without arguments needs none. */
  private takeJsonOnly(): void {
    const parse = this.fastify.getDefaultJsonParser('error', 'error');
    this.fastify.removeAllContentTypeParsers();
    this.fastify.addContentTypeParser<string>(
      'application/json',
      { parseAs: 'string', bodyLimit: bodyBytesMax },
      (request, body, done) => {
        if (body === '') done(null, undefined);
        else void parse(request, body, done);
      },
    );
  }
}

const rulesOf = ({ server }: Config): DoorRules => ({
  policy: guardPolicy(server),
  cors: new Cors(server.corsOrigins),
});
