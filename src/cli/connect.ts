import { openSecret } from '../config/secrets.js';
import { bridgeStdio } from '../mcp/stdio-bridge.js';
import { createLogger, type LogLevel } from '../telemetry/logger.js';
import { CommandError } from './exit.js';
import { untilAskedToStop } from './signals.js';

export interface ConnectOptions {
  connect: string;
  /** Name of the environment variable, or path of the file, that holds the API key. */
  keyEnv?: string;
  keyFile?: string;
  logLevel: LogLevel;
}

/** Bridges a stdio client to a running server; ends when the client goes. */
export async function connect(options: ConnectOptions): Promise<void> {
  const log = createLogger(options.logLevel);
  const connection = bridgeStdio({ url: serverUrl(options.connect), key: keyOf(options), log });
  await Promise.race([connection.closed, untilAskedToStop()]);
  await connection.close();
}

function serverUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new CommandError(`--connect: "${text}" is no address. Give the server's, for example http://127.0.0.1:8090.`);
  }
  if (url.username || url.password) {
    throw new CommandError('--connect: the address may not hold credentials. Give the key by --key-env or --key-file.');
  }
  return url;
}

function keyOf({ keyEnv, keyFile }: ConnectOptions): (() => Promise<string>) | undefined {
  if (keyEnv !== undefined && keyFile !== undefined) throw new CommandError('Give --key-env or --key-file, not both.');
  const source =
    keyEnv !== undefined
      ? ({ kind: 'env', name: keyEnv } as const)
      : keyFile !== undefined
        ? ({ kind: 'file', path: keyFile } as const)
        : undefined;
  if (!source) return undefined;
  const secret = openSecret(source, { what: 'API key', code: 'unauthenticated' });
  return () => secret.renew();
}
