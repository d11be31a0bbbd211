import { PassThrough } from 'node:stream';
import { NestFactory } from '@nestjs/core';
import { Client as ModernClient, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioServerTransport as ModernLines } from '@modelcontextprotocol/server/stdio';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioServerTransport as LegacyLines } from '@modelcontextprotocol/sdk/server/stdio.js';
import {
  ResourceListChangedNotificationSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { Authenticator } from '../../src/auth/authenticator.js';
import { loadConfig } from '../../src/config/load-config.js';
import { FleetEvents } from '../../src/fleet/events/fleet-events.js';
import { bridgeStdio } from '../../src/mcp/stdio-bridge.js';
import { serveStdio } from '../../src/mcp/stdio.js';
import { ServerModule } from '../../src/server.module.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { ToolRunner } from '../../src/tools/tool-runner.js';

/** A client that hears of changes, from the official SDK of its era. */
export interface Subscriber {
  /** URIs of the notifications, oldest first. */
  readonly updated: string[];
  /** Notifications that the list has changed. */
  listChanges(): number;
  /** From now on these too; in the modern era each call is a subscription of its own. */
  subscribe(uris: string[]): Promise<void>;
  /** Ends what was subscribed last. */
  unsubscribe(): Promise<void>;
  read(uri: string): Promise<any>;
  capabilities(): unknown;
  /** How the last subscription ended; modern only. */
  ended(): Promise<string>;
  close(): Promise<void>;
}

const identity = { name: 'test-subscriber', version: '1.0.0' };
const closing: (() => Promise<unknown>)[] = [];

/** For `afterEach`: closes what a test left open. */
export async function closeSubscribers(): Promise<void> {
  for (const close of closing.splice(0).reverse()) await close();
}

export function subscribeOverHttp(url: string, key?: string): Promise<Subscriber> {
  const options = key === undefined ? {} : { requestInit: { headers: { authorization: `Bearer ${key}` } } };
  return modern(new StreamableHTTPClientTransport(new URL('/mcp', url), options));
}

/** A server on stdio of its own, as the command starts it, on the same configuration. */
export async function subscribeOnStdio(era: 'modern' | 'legacy', configFile: string): Promise<Subscriber> {
  const log = createLogger('silent');
  const { config } = loadConfig({ file: configFile, overrides: { port: 0 } });
  const module = ServerModule.forRoot({ config, role: 'all', log, redis: {}, http: false });
  const app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  const [stdin, stdout] = [new PassThrough(), new PassThrough()];
  const connection = serveStdio({
    runner: app.get(ToolRunner, { strict: false }),
    events: app.get(FleetEvents, { strict: false }),
    caller: app.get(Authenticator, { strict: false }).localCaller(),
    ...{ log, stdin, stdout },
  });
  closing.push(async () => {
    await connection.close();
    await app.close();
  });
  return era === 'modern' ? modern(new ModernLines(stdout, stdin)) : legacy(new LegacyLines(stdout, stdin));
}

export function subscribeThroughBridge(url: string): Promise<Subscriber> {
  const [stdin, stdout] = [new PassThrough(), new PassThrough()];
  const connection = bridgeStdio({ url: new URL(url), log: createLogger('silent'), stdin, stdout });
  closing.push(() => connection.close());
  return modern(new ModernLines(stdout, stdin));
}

async function modern(transport: Parameters<ModernClient['connect']>[0]): Promise<Subscriber> {
  const client = new ModernClient(identity, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  const updated: string[] = [];
  let lists = 0;
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => void updated.push(params.uri));
  client.setNotificationHandler('notifications/resources/list_changed', () => void lists++);
  await client.connect(transport);
  closing.push(() => client.close());
  let last: Awaited<ReturnType<ModernClient['listen']>> | undefined;
  return {
    updated,
    listChanges: () => lists,
    subscribe: async (uris) => {
      last = await client.listen({ resourceSubscriptions: uris, resourcesListChanged: true });
    },
    unsubscribe: async () => last?.close(),
    read: async (uri) => textOf(await client.readResource({ uri })),
    capabilities: () => client.getServerCapabilities(),
    ended: async () => String(await last?.closed),
    close: () => client.close(),
  };
}

async function legacy(transport: Parameters<LegacyClient['connect']>[0]): Promise<Subscriber> {
  const client = new LegacyClient(identity);
  const updated: string[] = [];
  let lists = 0;
  let last: string[] = [];
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void updated.push(params.uri));
  client.setNotificationHandler(ResourceListChangedNotificationSchema, () => void lists++);
  await client.connect(transport);
  closing.push(() => client.close());
  return {
    updated,
    listChanges: () => lists,
    subscribe: async (uris) => {
      for (const uri of uris) await client.subscribeResource({ uri });
      last = uris;
    },
    unsubscribe: async () => {
      for (const uri of last) await client.unsubscribeResource({ uri });
    },
    read: async (uri) => textOf(await client.readResource({ uri })),
    capabilities: () => client.getServerCapabilities(),
    ended: async () => 'never',
    close: () => client.close(),
  };
}

function textOf({ contents }: { contents: unknown[] }): unknown {
  return JSON.parse((contents[0] as { text: string }).text);
}
