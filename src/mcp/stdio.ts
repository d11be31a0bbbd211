import type { Server } from '@modelcontextprotocol/server';
import { serveStdio as serveSdkStdio } from '@modelcontextprotocol/server/stdio';
import type { Logger } from 'pino';
import type { Caller } from '../auth/caller.js';
import type { FleetEvents } from '../fleet/events/fleet-events.js';
import type { ToolRunner } from '../tools/tool-runner.js';
import { FleetServer, type ProtocolEra } from './fleet-server.js';
import { StdioSubscriptions } from './stdio-subscriptions.js';
import { StdioTransport, type StdioStreams } from './stdio-transport.js';

export interface StdioOptions extends StdioStreams {
  runner: ToolRunner;
  /** Absent: the client cannot subscribe. */
  events?: Pick<FleetEvents, 'open' | 'clusterNames'>;
  /** There is one caller: whoever started the process. */
  caller: Caller;
  /** Must not write to stdout. */
  log: Logger;
}

export interface StdioConnection {
  /** Resolves when the client has ended the connection or `close` was called. Calls under way are aborted then. */
  readonly closed: Promise<void>;
  close(): Promise<void>;
}

/** `subscriptions/listen` requests of one connection that are open at once. */
const maxSubscriptions = 20;

/** Serves MCP on stdin and stdout in the era that the client opens with. Ends when stdin ends. */
export function serveStdio({ runner, events, caller, log, ...streams }: StdioOptions): StdioConnection {
  const fleet = new FleetServer(runner, () => events !== undefined);
  const transport = new StdioTransport(streams);
  const { stdout = process.stdout } = streams;
  const isReady = (): boolean => !stdout.writableNeedDrain;
  const { resources } = fleet;
  const subscriptions = events && new StdioSubscriptions({ events, runner, resources, caller, isReady });
  transport.tap = subscriptions;
  const serve = ({ era }: { era: ProtocolEra }): Server => {
    const server = fleet.create(caller, era);
    subscriptions?.attach(server, era);
    return server;
  };
  const handle = serveSdkStdio(serve, {
    transport,
    maxSubscriptions,
    onerror: (error) => log.warn({ err: error }, 'a message from the client could not be read'),
  });
  return { closed: transport.closed.then(() => subscriptions?.close()), close: () => handle.close() };
}
