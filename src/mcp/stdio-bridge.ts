import {
  isInitializeRequest,
  type JSONRPCErrorResponse,
  type JSONRPCMessage,
  type JSONRPCRequest,
  type RequestId,
} from '@modelcontextprotocol/server';
import type { Logger } from 'pino';
import { messagesOf, refusalOf } from './bridge-answer.js';
import { claimedRevision, modernHeaders } from './bridge-headers.js';
import { mcpPath } from './mcp-endpoint.js';
import { cancelledRequestOf, StdioTransport, type StdioStreams } from './stdio-transport.js';
import type { StdioConnection } from './stdio.js';

export interface BridgeOptions extends StdioStreams {
  /** Address of a running server; without a path, `/mcp` is meant. */
  url: URL;
  /** The API key. Called once, and again when the server refuses what it returned; never logged. */
  key?: () => string | undefined | Promise<string | undefined>;
  /** Must not write to stdout. */
  log: Logger;
}

/** JSON-RPC's code for errors that a server defines; here the bridge stands in for it. */
const bridgeErrorCode = -32000;
const legacyVersionHeader = 'MCP-Protocol-Version';
const sessionHeader = 'Mcp-Session-Id';

/** Connects a stdio client of either era to a server over HTTP. Ends when stdin ends. */
export function bridgeStdio(options: BridgeOptions): StdioConnection {
  const transport = new StdioTransport(options);
  const bridge = new StdioBridge(options, transport);
  void transport.start();
  return { closed: transport.closed.then(() => bridge.abortAll()), close: () => transport.close() };
}

/**
 * Forwards every message as it is and every answer as it comes. Each message is a request of its own, so one that hangs
 * holds up no other, and a server that was away is simply there again.
 */
class StdioBridge {
  private readonly url: URL;
  private readonly underWay = new Map<RequestId, AbortController>();
  private key: Promise<string | undefined> | undefined;
  /** What the legacy handshake agreed on. */
  private version: string | undefined;
  private sessionId: string | undefined;

  constructor(
    private readonly options: BridgeOptions,
    private readonly transport: StdioTransport,
  ) {
    this.url = new URL(options.url);
    if (this.url.pathname === '/') this.url.pathname = mcpPath;
    transport.onmessage = (message) => void this.forward(message as JSONRPCMessage);
    transport.onerror = (error) => options.log.warn({ err: error }, 'message from the client not understood');
  }

  abortAll(): void {
    for (const controller of this.underWay.values()) controller.abort();
  }

  /** Never rejects. */
  private async forward(message: JSONRPCMessage): Promise<void> {
    const cancelled = cancelledRequestOf(message);
    if (cancelled !== undefined) {
      this.underWay.get(cancelled)?.abort();
      // The modern era cancels by closing the response alone and has no such message over HTTP.
      if (claimedRevision(message) !== undefined || this.version === undefined) return;
    }
    if ('method' in message && 'id' in message) await this.forwardRequest(message);
    else await this.forwardOneWay(message);
  }

  private async forwardRequest(request: JSONRPCRequest): Promise<void> {
    const controller = new AbortController();
    this.underWay.set(request.id, controller);
    try {
      const problem = await this.exchange(request, controller.signal);
      if (problem && !controller.signal.aborted)
        await this.transport.send({ jsonrpc: '2.0', id: request.id, error: problem });
    } catch (error) {
      // Only writing to stdout is left to fail: the client has gone.
      this.options.log.debug({ err: error }, 'answer not delivered');
    } finally {
      if (this.underWay.get(request.id) === controller) this.underWay.delete(request.id);
    }
  }

  /** Relays the answer. Returns the error to answer with if the server gave none. */
  private async exchange(
    request: JSONRPCRequest,
    signal: AbortSignal,
  ): Promise<JSONRPCErrorResponse['error'] | undefined> {
    let response: Response;
    try {
      response = await this.post(request, signal);
    } catch (error) {
      return this.unreachable(error);
    }
    if (!response.ok) return refusalOf(response);
    let isAnswered = false;
    try {
      for await (const message of messagesOf(response)) {
        if (!('method' in message) && message.id === request.id) {
          isAnswered = true;
          this.learn(request, message, response);
        }
        await this.transport.send(message);
      }
    } catch (error) {
      this.options.log.debug({ err: error }, 'answer broke off');
    }
    if (isAnswered) return undefined;
    return {
      code: bridgeErrorCode,
      message:
        'The connection to the server ended before the answer. It is not known whether the call was carried out.',
    };
  }

  private async forwardOneWay(message: JSONRPCMessage): Promise<void> {
    try {
      const response = await this.post(message, undefined);
      await response.body?.cancel();
      if (!response.ok) this.options.log.warn({ status: response.status }, 'the server refused a notification');
    } catch (error) {
      this.options.log.warn({ reason: causeOf(error) }, 'notification not delivered');
    }
  }

  /** Remembers what the legacy handshake agreed on, for the headers of everything after it. */
  private learn(request: JSONRPCRequest, answer: JSONRPCMessage, response: Response): void {
    if (!isInitializeRequest(request) || !('result' in answer)) return;
    const version: unknown = (answer.result as Record<string, unknown>)['protocolVersion'];
    this.version = typeof version === 'string' ? version : undefined;
    this.sessionId = response.headers.get(sessionHeader) ?? undefined;
  }

  private async post(message: JSONRPCMessage, signal: AbortSignal | undefined): Promise<Response> {
    const send = async (): Promise<Response> =>
      fetch(this.url, {
        method: 'POST',
        body: JSON.stringify(message),
        headers: await this.headersFor(message),
        // The key goes to the address it was given for and nowhere else.
        redirect: 'error',
        ...(signal ? { signal } : {}),
      });
    const response = await send();
    if (response.status !== 401 || !this.options.key) return response;
    // The key may have been renewed since it was read.
    const refused = await this.key;
    this.key = undefined;
    if ((await this.readKey()) === refused) return response;
    await response.body?.cancel();
    return send();
  }

  private async headersFor(message: JSONRPCMessage): Promise<Record<string, string>> {
    const headers: Record<string, string> = {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      ...modernHeaders(message),
    };
    const key = await this.readKey();
    if (key) headers['Authorization'] = `Bearer ${key}`;
    if (claimedRevision(message) === undefined && !isInitializeRequest(message)) {
      if (this.version !== undefined) headers[legacyVersionHeader] = this.version;
      if (this.sessionId !== undefined) headers[sessionHeader] = this.sessionId;
    }
    return headers;
  }

  private readKey(): Promise<string | undefined> {
    this.key ??= (async () => (await this.options.key?.())?.trim())().catch((error: unknown) => {
      // The next message tries again.
      this.key = undefined;
      throw new KeyUnreadable('the API key could not be read', { cause: error });
    });
    return this.key;
  }

  private unreachable(error: unknown): JSONRPCErrorResponse['error'] {
    if (error instanceof KeyUnreadable) {
      this.options.log.error({ err: error.cause }, error.message);
      return {
        code: bridgeErrorCode,
        message: 'The API key for the server could not be read; the log of the bridge says why.',
      };
    }
    const reason = causeOf(error);
    this.options.log.warn({ reason }, 'server not reached');
    const nothingSent = reason === 'ECONNREFUSED' || reason === 'ENOTFOUND' || reason === 'EHOSTUNREACH';
    const effect = nothingSent ? 'Nothing was started' : 'It is not known whether the call was carried out';
    return {
      code: bridgeErrorCode,
      message: `The server at ${this.url.origin} cannot be reached (${reason}). ${effect}; call again when it is back.`,
    };
  }
}

/** A short name for why a request failed: the system's code where there is one. */
function causeOf(error: unknown): string {
  // `fetch` hides what happened in the cause of a TypeError.
  const { cause, name } = (error ?? {}) as { cause?: { code?: unknown; name?: unknown }; name?: unknown };
  const told = [cause?.code, cause?.name, name].find((text) => typeof text === 'string');
  return typeof told === 'string' ? told : 'unknown';
}

/** The key could not be read; the reason is for the log, because it may name files. */
class KeyUnreadable extends Error {
  override readonly name = 'KeyUnreadable';
}
