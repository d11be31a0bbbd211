import {
  createMcpHandler,
  type McpHandlerRequestOptions,
  type McpServerFactory,
  type ServerEvent,
  type ServerEventBus,
} from '@modelcontextprotocol/server';
import type { Logger } from 'pino';
import type { Caller } from '../auth/caller.js';
import { AppError } from '../errors/app-error.js';
import { toProblem } from '../errors/problem.js';
import type { FleetEvents } from '../fleet/events/fleet-events.js';
import type { SubscriptionMetrics } from '../telemetry/subscription-metrics.js';
import type { ToolRunner } from '../tools/tool-runner.js';
import { readAddress, toolOfKind } from './resource-address.js';
import { ResourceWatch, type WatchTimes } from './resource-watch.js';

/** What is known of the HTTP exchange that a stream is written to. */
export interface Connection {
  /** The reader has not taken what was sent. */
  isFull(): boolean;
  /** Breaks it off. */
  cut(): void;
  /** Who its credentials stand for now; rejects when they stand for nobody any more. */
  whoNow(): Promise<Caller>;
}

export interface ListenTimes extends WatchTimes {
  keepAliveMs: number;
  /** Rights and slow readers are looked at so often. */
  beatMs: number;
  /** A reader that takes nothing for so long is cut off. */
  stallMs: number;
}

export interface ListenOptions {
  events: Pick<FleetEvents, 'open' | 'clusterNames'>;
  runner: Pick<ToolRunner, 'findTool'>;
  metrics: Pick<SubscriptionMetrics, 'began' | 'ended'>;
  log: Logger;
  /** For tests that cannot wait so long. */
  times?: Partial<ListenTimes>;
}

export const urisMax = 100;
const streamsMax = 200;
const streamsOfKeyMax = 20;
const timesDefault = { keepAliveMs: 15_000, beatMs: 5_000, stallMs: 10_000 };

interface Stream {
  caller: Caller;
  connection: Connection;
  fullSinceMs?: number;
  ending?: 'revoked' | 'slow' | 'stopped';
  end(): void;
}

/**
 * `subscriptions/listen` over HTTP. The SDK speaks the protocol; here is decided who may listen to what, how many, and
 * for how long. Each stream has a handler of the SDK of its own, because one bus for all would carry everything to all.
 */
export class ListenStreams {
  private readonly open = new Set<Stream>();
  private readonly times: Partial<WatchTimes> & typeof timesDefault;
  private beat?: NodeJS.Timeout;
  private isClosed = false;

  constructor(private readonly options: ListenOptions) {
    this.times = { ...timesDefault, ...options.times };
  }

  async serve(
    create: McpServerFactory,
    request: Request,
    options: McpHandlerRequestOptions | undefined,
    { caller, connection }: { caller: Caller; connection: Connection },
  ): Promise<Response> {
    const uris = urisOf(options?.parsedBody);
    const refusal = this.refusalOf(caller, uris);
    if (refusal) return refused(refusal, options?.parsedBody);
    const stream: Stream = { caller, connection, end: () => void handler.close() };
    // Counted before it is open: many that come at once are counted too.
    this.open.add(stream);
    let isListening = false;
    const bus: ServerEventBus = {
      publish: () => undefined,
      subscribe: (listener) => {
        isListening = true;
        const stop = this.begin(stream, uris, listener);
        return () => {
          stop();
          this.finish(stream);
        };
      },
    };
    const { log } = this.options;
    const handler = createMcpHandler(create, {
      bus,
      keepAliveMs: this.times.keepAliveMs,
      onerror: (error) => log.debug({ err: error }, 'MCP request refused'),
    });
    const response = await handler.fetch(request, options);
    if (!isListening) this.open.delete(stream);
    return response;
  }

  /** The keys may be others now: ends the streams of those that are. */
  async review(): Promise<void> {
    await Promise.all([...this.open].map((stream) => this.judge(stream)));
  }

  /** Ends all, with the protocol's own word for it; clients listen again, here or at another replica. */
  close(): void {
    this.isClosed = true;
    clearInterval(this.beat);
    for (const stream of this.open) this.end(stream, 'stopped');
  }

  private begin(stream: Stream, uris: readonly string[], listener: (event: ServerEvent) => void): () => void {
    const { events, runner, metrics, log } = this.options;
    const { caller, connection } = stream;
    const watch = new ResourceWatch({
      ...{ events, runner, caller, times: this.times },
      isReady: () => !connection.isFull(),
      onUpdated: (uri) => listener({ kind: 'resource_updated', uri }),
      onListChanged: () => listener({ kind: 'resources_list_changed' }),
    });
    watch.follow(uris, true);
    this.beat ??= setInterval(() => this.look(), this.times.beatMs).unref();
    metrics.began();
    log.info({ caller: caller.name, resources: uris.length }, 'MCP subscription begins');
    return () => watch.close();
  }

  private finish(stream: Stream): void {
    if (!this.open.delete(stream)) return;
    const { ending = 'gone' } = stream;
    this.options.metrics.ended(ending);
    const line = { caller: stream.caller.name, ending };
    if (stream.ending === 'slow') this.options.log.warn(line, 'a subscriber took too little and was cut off');
    else this.options.log.info(line, 'MCP subscription ended');
  }

  private refusalOf({ name }: Caller, uris: readonly string[]): AppError | undefined {
    const hint = 'One stream can hear of many resources: name them all in it.';
    if (uris.length > urisMax) {
      return new AppError('invalid_input', `A subscription names at most ${urisMax} resources.`);
    }
    try {
      for (const uri of uris) readAddress(uri);
    } catch (error) {
      return new AppError('invalid_input', (error as Error).message);
    }
    const ofKey = [...this.open].filter(({ caller }) => caller.name === name).length;
    if (ofKey >= streamsOfKeyMax) {
      return new AppError('rate_limited', `This key has ${ofKey} subscriptions open already.`, {}, { hint });
    }
    if (this.open.size < streamsMax && !this.isClosed) return undefined;
    return new AppError('unavailable', 'This server takes no further subscription now.', {}, { hint });
  }

  private look(): void {
    const nowMs = performance.now();
    for (const stream of this.open) {
      if (!stream.connection.isFull()) stream.fullSinceMs = undefined;
      else if (nowMs - (stream.fullSinceMs ??= nowMs) >= this.times.stallMs) {
        stream.ending ??= 'slow';
        stream.connection.cut();
      }
    }
    void this.review();
  }

  private async judge(stream: Stream): Promise<void> {
    const { caller, connection } = stream;
    const now = await connection.whoNow().catch(() => undefined);
    if (!now || !this.isSame(now, caller)) this.end(stream, 'revoked');
  }

  private isSame(now: Caller, before: Caller): boolean {
    const mayCall = (caller: Caller, tool: string) => this.options.runner.findTool(caller, tool) !== undefined;
    const tools = Object.values(toolOfKind);
    const isEqual = tools.every((tool) => mayCall(now, tool) === mayCall(before, tool));
    return isEqual && now.name === before.name && now.scope.key === before.scope.key;
  }

  private end(stream: Stream, ending: 'revoked' | 'stopped'): void {
    stream.ending ??= ending;
    stream.end();
  }
}

export const listenMethod = 'subscriptions/listen';

/** What a request asks to hear of; what is no list of texts is left to the SDK to refuse. */
export function urisOf(message: unknown): string[] {
  const { params } = (message ?? {}) as { params?: { notifications?: { resourceSubscriptions?: unknown } } };
  const asked = params?.notifications?.resourceSubscriptions;
  return Array.isArray(asked) ? asked.filter((uri): uri is string => typeof uri === 'string') : [];
}

/** A refusal in the form of the protocol, with the problem as tools and REST show it. */
export function listenError(refusal: AppError): { code: number; message: string; data: unknown } {
  const problem = toProblem(refusal);
  const code = refusal.code === 'invalid_input' ? -32602 : -32000;
  return { code, message: `${problem.detail} ${problem.hint}`, data: problem };
}

function refused(refusal: AppError, message: unknown): Response {
  const { id = null } = (message ?? {}) as { id?: unknown };
  return Response.json({ jsonrpc: '2.0', id, error: listenError(refusal) });
}
