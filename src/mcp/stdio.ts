import { serveStdio as serveSdkStdio } from '@modelcontextprotocol/server/stdio';
import type { Logger } from 'pino';
import type { Caller } from '../auth/caller.js';
import type { ToolRunner } from '../tools/tool-runner.js';
import { FleetServer } from './fleet-server.js';
import { StdioTransport, type StdioStreams } from './stdio-transport.js';

export interface StdioOptions extends StdioStreams {
  runner: ToolRunner;
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

/** Serves MCP on stdin and stdout in the era that the client opens with. Ends when stdin ends. */
export function serveStdio({ runner, caller, log, ...streams }: StdioOptions): StdioConnection {
  const server = new FleetServer(runner);
  const transport = new StdioTransport(streams);
  const handle = serveSdkStdio(({ era }) => server.create(caller, era), {
    transport,
    onerror: (error) => log.warn({ err: error }, 'a message from the client could not be read'),
  });
  return { closed: transport.closed, close: () => handle.close() };
}
