import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Global, Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { z } from 'zod';
import { AuthModule } from '../../src/auth/auth.module.js';
import { EmbeddedChangeLog } from '../../src/cache/embedded-change-log.js';
import { STORE } from '../../src/cache/store.js';
import type { ServerConfig } from '../../src/config/config.js';
import { FleetConfigModule } from '../../src/config/config.module.js';
import { LiveConfig } from '../../src/config/live-config.js';
import { AppError } from '../../src/errors/app-error.js';
import { FleetEvents } from '../../src/fleet/events/fleet-events.js';
import { Fleet, type ClusterOpener } from '../../src/fleet/fleet.js';
import { FleetIndex } from '../../src/fleet/index/fleet-index.js';
import { JOB_QUEUE } from '../../src/jobs/job-queue.js';
import { fastifyOptions } from '../../src/rest/fastify-options.js';
import { RestModule, type RestModuleOptions } from '../../src/rest/rest.module.js';
import type { HealthSource } from '../../src/rest/service-routes.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { Metrics } from '../../src/telemetry/metrics.js';
import { ToolRunner } from '../../src/tools/tool-runner.js';
import { defineTool, type Tool } from '../../src/tools/tool.js';

/** Tools that show what reached them, one of each kind. */
export const testCatalog: readonly Tool[] = [
  defineTool({
    name: 'list_things',
    title: 'List things',
    description: 'Shows its arguments.',
    effect: 'read',
    idempotent: true,
    route: 'GET /things',
    toolset: 'applications',
    input: z.strictObject({
      cluster: z.string().optional().meta({ 'x-mcp-header': 'Cluster' }).describe('Text'),
      limit: z.int().min(1).max(200).default(20).describe('Whole number'),
      ratio: z.number().optional().describe('Number'),
      live: z.boolean().optional().describe('Flag'),
      names: z.array(z.string()).optional().describe('Texts'),
      sizes: z.array(z.int()).optional().describe('Whole numbers'),
    }),
    output: z.object({ got: z.record(z.string(), z.unknown()).describe('The arguments') }),
    run: async (got) => ({ got }),
  }),
  defineTool({
    name: 'start_thing',
    title: 'Start a thing',
    description: 'Starts nothing, and says so.',
    effect: 'change',
    idempotent: false,
    route: 'POST /things/{thing}/start',
    toolset: 'jobs',
    startsJob: true,
    input: z.strictObject({
      thing: z.string().max(300).describe('Name'),
      force: z.boolean().default(false).describe('Flag'),
    }),
    output: z.object({
      job: z
        .object({
          jobId: z.string().describe('Id'),
          pollAfterMs: z.int().describe('Wait'),
          thing: z.string().describe('Name'),
        })
        .describe('The job'),
    }),
    run: async ({ thing }) => ({ job: { jobId: 'job/1 ä', pollAfterMs: 1500, thing } }),
  }),
  defineTool({
    name: 'fail_thing',
    title: 'Fail',
    description: 'Fails as it is told, or waits until it is let go.',
    effect: 'destroy',
    idempotent: true,
    route: 'DELETE /things/{thing}',
    toolset: 'applications',
    input: z.strictObject({ thing: z.string().describe('Error code, `hang`, or anything for a defect') }),
    output: z.object({ done: z.boolean().describe('Done') }),
    run: async ({ thing }, { signal }) => {
      if (thing === 'hang') {
        hanging.add(signal);
        await new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => resolve());
          letGo.push(resolve);
        });
        return { done: true };
      }
      if (thing === 'rate_limited') throw new AppError(thing, 'Slow down.', { retryAfterSeconds: 7 });
      if (thing === 'unavailable' || thing === 'not_found') throw new AppError(thing, 'No.', { suggestions: ['a'] });
      throw new Error('secret detail of redis://:hunter2@cache');
    },
  }),
];

/** Signals of calls that hang, and what lets them go. */
export const hanging = new Set<AbortSignal>();
export const letGo: (() => void)[] = [];

export const serverConfig: ServerConfig = {
  host: '127.0.0.1',
  port: 0,
  allowedHosts: ['fleet.example.com'],
  corsOrigins: [],
  readOnly: false,
  apiKeys: [],
};

export interface RestApp {
  app: NestFastifyApplication;
  url: string;
  port: number;
  /** Every line that was logged. */
  log: () => string;
  metrics: Metrics;
  /** As if the configuration had been read anew. */
  configure(server: Partial<ServerConfig>): Promise<void>;
  close(): Promise<void>;
}

export interface RestAppOptions {
  server?: Partial<ServerConfig>;
  store?: HealthSource;
  queue?: HealthSource;
  rest?: Partial<RestModuleOptions>;
  tools?: readonly Tool[];
  events?: FleetEvents;
  /** Further modules, as the MCP endpoint is one. */
  imports?: DynamicModule['imports'];
}

const noEvents = (): FleetEvents =>
  new FleetEvents(new Fleet(new FleetIndex(), {} as ClusterOpener), new EmbeddedChangeLog());

const healthy = (kind: string): HealthSource => ({ kind, health: async () => ({ ok: true }) });

/** A server with the REST module on a real port, over the test catalog and the real gate. */
export async function startRestApp(options: RestAppOptions = {}): Promise<RestApp> {
  const lines: string[] = [];
  const log = createLogger('debug', { write: (line: string) => void lines.push(line) });
  const metrics = new Metrics();
  const config = { server: { ...serverConfig, ...options.server }, redis: { keyPrefix: 't' }, clusters: [], hash: '0' };
  const runner = new ToolRunner({
    tools: options.tools ?? testCatalog,
    // The test tools use neither fleet nor jobs.
    contextFor: (caller, extra) => ({ caller, ...extra }) as never,
    readOnly: config.server.readOnly,
    log,
    metrics,
  });

  @Global()
  @Module({
    providers: [
      { provide: ToolRunner, useValue: runner },
      { provide: Metrics, useValue: metrics },
      { provide: STORE, useValue: options.store ?? healthy('embedded') },
      { provide: JOB_QUEUE, useValue: options.queue ?? { ...healthy('embedded'), durable: false } },
      {
        provide: FleetEvents,
        useValue: options.events ?? noEvents(),
      },
    ],
    exports: [ToolRunner, Metrics, STORE, JOB_QUEUE, FleetEvents],
  })
  class Surroundings {}

  @Module({
    imports: [
      FleetConfigModule.forRoot(config),
      Surroundings,
      AuthModule,
      ...(options.imports ?? []),
      RestModule.forRoot({ log, role: 'all', ...options.rest }),
    ],
  })
  class TestServer {}

  const app = await NestFactory.create<NestFastifyApplication>(TestServer, new FastifyAdapter(fastifyOptions()), {
    logger: false,
    bodyParser: false,
    abortOnError: false,
  });
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return {
    app,
    port,
    url: `http://127.0.0.1:${port}`,
    metrics,
    log: () => lines.join(''),
    configure: async (server) => {
      await app.get(LiveConfig).change({ ...config, server: { ...config.server, ...server } });
    },
    close: () => app.close(),
  };
}

/** Sends bytes as they are and gives everything that comes back until the server closes; for what no client would send. */
export function sendRaw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('utf8')));
  });
}

/** Status, headers (lower case) and body of a raw answer that is not chunked. */
export function parseRaw(text: string): { status: number; headers: Record<string, string>; body: string } {
  const [head = '', ...body] = text.split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  return { status: Number(statusLine.split(' ')[1]), headers, body: body.join('\r\n\r\n') };
}
