import {
  ProtocolError,
  ProtocolErrorCode,
  SUBSCRIPTION_ID_META_KEY,
  type JSONRPCMessage,
  type RequestId,
  type Server,
} from '@modelcontextprotocol/server';
import type { Caller } from '../auth/caller.js';
import { AppError } from '../errors/app-error.js';
import type { FleetEvents } from '../fleet/events/fleet-events.js';
import type { ToolRunner } from '../tools/tool-runner.js';
import type { FleetResources } from './fleet-resources.js';
import type { ProtocolEra } from './fleet-server.js';
import { listenError, listenMethod, urisMax, urisOf } from './listen-streams.js';
import { readAddress } from './resource-address.js';
import { ResourceWatch, type WatchTimes } from './resource-watch.js';
import { cancelledRequestOf, type StdioTap } from './stdio-transport.js';

export interface StdioSubscriptionsOptions {
  events: Pick<FleetEvents, 'open' | 'clusterNames'>;
  runner: Pick<ToolRunner, 'findTool'>;
  resources: Pick<FleetResources, 'read'>;
  caller: Caller;
  /** False while the client has not taken what was written. */
  isReady(): boolean;
  /** For tests that cannot wait so long. */
  times?: Partial<WatchTimes>;
}

/**
 * Subscriptions of the one client on stdio. In 2026-07-28 the SDK keeps them and picks who gets which notification, so
 * it is read off the messages what is wanted; in 2025 the methods are served here.
 */
export class StdioSubscriptions implements StdioTap {
  /** Acknowledged `subscriptions/listen` requests. */
  private readonly listens = new Map<RequestId, { uris: string[]; list: boolean }>();
  private readonly subscribed = new Set<string>();
  private server?: Server;
  private readonly watch: ResourceWatch;

  constructor(private readonly options: StdioSubscriptionsOptions) {
    const { events, runner, caller, times, isReady } = options;
    this.watch = new ResourceWatch({
      ...{ events, runner, caller, times, isReady },
      // A client that has gone ends the connection; a lost notification is none of its own.
      onUpdated: (uri) => void this.server?.sendResourceUpdated({ uri }).catch(() => undefined),
      onListChanged: () => void this.server?.sendResourceListChanged().catch(() => undefined),
    });
  }

  /** From now on this server speaks to the client. */
  attach(server: Server, era: ProtocolEra): void {
    this.server = server;
    if (era === 'modern') return;
    server.oninitialized = () => this.follow(true);
    server.setRequestHandler('resources/subscribe', async ({ params }, { mcpReq }) => {
      if (this.subscribed.size >= urisMax && !this.subscribed.has(params.uri)) {
        const message = `One connection subscribes to at most ${urisMax} resources: unsubscribe from others first.`;
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, message);
      }
      // Refuses what does not exist, and starts the cluster where clusters start at their first use.
      await this.options.resources.read(this.options.caller, params.uri, mcpReq.signal);
      this.subscribed.add(params.uri);
      this.follow(true);
      return {};
    });
    server.setRequestHandler('resources/unsubscribe', ({ params }) => {
      this.subscribed.delete(params.uri);
      this.follow(true);
      return {};
    });
  }

  /** The answer to a `subscriptions/listen` that asks for too much; the SDK takes the others. */
  received(message: JSONRPCMessage): JSONRPCMessage | undefined {
    const cancelled = cancelledRequestOf(message);
    if (cancelled !== undefined && this.listens.delete(cancelled)) this.follow(false);
    if (!('method' in message) || !('id' in message) || message.method !== listenMethod) return undefined;
    const uris = urisOf(message);
    try {
      const others = [...this.listens.values()].reduce((sum, listen) => sum + listen.uris.length, 0);
      if (others + uris.length > urisMax) {
        throw new AppError('invalid_input', `One connection subscribes to at most ${urisMax} resources.`);
      }
      for (const uri of uris) readAddress(uri);
      return undefined;
    } catch (error) {
      const refusal = error instanceof AppError ? error : new AppError('invalid_input', (error as Error).message);
      return { jsonrpc: '2.0', id: message.id, error: listenError(refusal) };
    }
  }

  sent(message: JSONRPCMessage): void {
    if (!('method' in message) || message.method !== 'notifications/subscriptions/acknowledged') return;
    const meta = message.params?.['_meta'] as Record<string, unknown> | undefined;
    const id = meta?.[SUBSCRIPTION_ID_META_KEY] as RequestId | undefined;
    if (id === undefined) return;
    const granted = message.params?.['notifications'] as { resourcesListChanged?: boolean } | undefined;
    const uris = urisOf(message);
    this.listens.set(id, { uris, list: granted?.resourcesListChanged === true });
    this.follow(false);
    // Where clusters start at their first use, this is one. Whether they exist is not the question here.
    const { resources, caller } = this.options;
    for (const uri of uris) resources.read(caller, uri, AbortSignal.timeout(startMs)).catch(() => undefined);
  }

  close(): void {
    this.listens.clear();
    this.subscribed.clear();
    this.watch.close();
  }

  private follow(always: boolean): void {
    const listens = [...this.listens.values()];
    const uris = new Set([...this.subscribed, ...listens.flatMap((listen) => listen.uris)]);
    this.watch.follow(uris, always || listens.some(({ list }) => list));
  }
}

const startMs = 10_000;
