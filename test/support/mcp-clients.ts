import { PassThrough } from 'node:stream';
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernHttpTransport,
} from '@modelcontextprotocol/client';
import { StdioServerTransport as ModernLines } from '@modelcontextprotocol/server/stdio';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyHttpTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { StdioServerTransport as LegacyLines } from '@modelcontextprotocol/sdk/server/stdio.js';
import { authenticatorFor, testRunner, type McpApp } from './mcp-app.js';
import { bridgeStdio } from '../../src/mcp/stdio-bridge.js';
import { serveStdio, type StdioConnection } from '../../src/mcp/stdio.js';
import { createLogger } from '../../src/telemetry/logger.js';

export type Era = 'legacy' | 'modern';

export interface CallOptions {
  signal?: AbortSignal;
  onprogress?: (progress: { progress: number; total?: number; message?: string }) => void;
}

/** What the tests need of a client, whichever SDK it comes from. */
export interface TestClient {
  revision: string | undefined;
  instructions: string | undefined;
  listTools(): Promise<{ name: string }[]>;
  call(name: string, args: Record<string, unknown>, options?: CallOptions): Promise<CallResult>;
  close(): Promise<void>;
}

export interface CallResult {
  isError?: boolean;
  content: { type: string; text: string }[];
  structuredContent?: Record<string, unknown>;
}

/** A pair of pipes: what a client process and a server process see of each other. */
export interface Pipes {
  toServer: PassThrough;
  toClient: PassThrough;
}

export const pipes = (): Pipes => ({ toServer: new PassThrough(), toClient: new PassThrough() });

const identity = { name: 'test-client', version: '1.0.0' };

export function connectHttp(era: Era, url: URL, key?: string): Promise<TestClient> {
  const options = key === undefined ? {} : { requestInit: { headers: { authorization: `Bearer ${key}` } } };
  return era === 'modern'
    ? connectModern(new ModernHttpTransport(url, options))
    : connectLegacy(new LegacyHttpTransport(url, options));
}

/** A client on the other end of the pipes. Lines are the same in both directions, so the server's transport serves. */
export function connectPipes(era: Era, { toServer, toClient }: Pipes): Promise<TestClient> {
  return era === 'modern'
    ? connectModern(new ModernLines(toClient, toServer))
    : connectLegacy(new LegacyLines(toClient, toServer));
}

async function connectModern(transport: Parameters<ModernClient['connect']>[0]): Promise<TestClient> {
  const client = new ModernClient(identity, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  await client.connect(transport);
  return {
    revision: client.getNegotiatedProtocolVersion(),
    instructions: client.getInstructions(),
    listTools: async () => (await client.listTools()).tools,
    call: async (name, args, options) => (await client.callTool({ name, arguments: args }, options)) as CallResult,
    close: () => client.close(),
  };
}

async function connectLegacy(transport: Parameters<LegacyClient['connect']>[0]): Promise<TestClient> {
  const client = new LegacyClient(identity);
  await client.connect(transport);
  return {
    revision: (transport as { protocolVersion?: string }).protocolVersion,
    instructions: client.getInstructions(),
    listTools: async () => (await client.listTools()).tools,
    call: async (name, args, options) =>
      (await client.callTool({ name, arguments: args }, undefined, options)) as CallResult,
    close: () => client.close(),
  };
}

/** The server on stdio, over the application's own probe. */
export function serveOnPipes(app: McpApp, { toServer, toClient }: Pipes): StdioConnection {
  const log = createLogger('debug', { write: (line: string) => void app.log.push(line) });
  const caller = authenticatorFor([]).localCaller();
  return serveStdio({ runner: testRunner(app.probe, app.log), caller, log, stdin: toServer, stdout: toClient });
}

/** The bridge to the application. */
export function bridgeOnPipes(
  app: Pick<McpApp, 'url' | 'log'>,
  { toServer, toClient }: Pipes,
  key?: () => string | undefined,
): StdioConnection {
  const log = createLogger('debug', { write: (line: string) => void app.log.push(line) });
  return bridgeStdio({ url: app.url, log, stdin: toServer, stdout: toClient, ...(key ? { key } : {}) });
}
