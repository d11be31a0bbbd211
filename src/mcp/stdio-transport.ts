import { PassThrough, type Readable, type Writable } from 'node:stream';
import type { JSONRPCMessage, RequestId, Transport } from '@modelcontextprotocol/server';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';

export interface StdioStreams {
  /** Default `process.stdin`. */
  stdin?: Readable;
  /** Default `process.stdout`. Nothing but protocol messages is written to it. */
  stdout?: Writable;
}

/** Looks at the messages of a connection as they pass. */
export interface StdioTap {
  /** What it returns is the answer; then the message goes no further. */
  received(message: JSONRPCMessage): JSONRPCMessage | undefined;
  sent(message: JSONRPCMessage): void;
}

/** How long requests that are under way when stdin ends may take, so that `echo '...' | server` gets its answer. */
const drainMsDefault = 30_000;

/**
 * The SDK's stdio transport, with one difference: it does not close at the end of stdin but when the requests read
 * until then are answered, at most 30 s later. A client that wants it sooner sends SIGTERM.
 */
export class StdioTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport['onmessage'];
  tap?: StdioTap;
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>;

  private readonly input = new PassThrough();
  private readonly wire: StdioServerTransport;
  private readonly stdin: Readable;
  private readonly unanswered = new Set<RequestId>();
  private resolveClosed: () => void = () => undefined;
  private drainTimer: NodeJS.Timeout | undefined;

  constructor(
    { stdin = process.stdin, stdout = process.stdout }: StdioStreams = {},
    private readonly drainMs = drainMsDefault,
  ) {
    this.stdin = stdin;
    this.wire = new StdioServerTransport(this.input, stdout);
    this.closed = new Promise((resolve) => (this.resolveClosed = resolve));
  }

  async start(): Promise<void> {
    this.wire.onmessage = (message) => this.receive(message);
    this.wire.onerror = (error) => this.onerror?.(error);
    this.wire.onclose = () => this.end();
    await this.wire.start();
    this.stdin.once('end', this.drain);
    this.stdin.once('close', this.drain);
    this.stdin.pipe(this.input, { end: false });
    if (this.stdin.readableEnded || this.stdin.destroyed) this.drain();
  }

  async send(message: JSONRPCMessage): Promise<void> {
    try {
      const written = this.wire.send(message);
      this.tap?.sent(message);
      await written;
    } finally {
      if (!('method' in message) && message.id !== undefined) this.settle(message.id);
    }
  }

  async close(): Promise<void> {
    await this.wire.close();
  }

  private receive(message: JSONRPCMessage): void {
    const refusal = this.tap?.received(message);
    if (refusal) return void this.send(refusal).catch(() => undefined);
    // A subscription is answered when it ends, and must not hold up the end.
    if ('method' in message && 'id' in message && message.method !== 'subscriptions/listen') {
      this.unanswered.add(message.id);
    }
    const cancelled = cancelledRequestOf(message);
    // A cancelled request is not answered.
    if (cancelled !== undefined) this.settle(cancelled);
    this.onmessage?.(message);
  }

  private settle(id: RequestId): void {
    this.unanswered.delete(id);
    if (this.drainTimer && this.unanswered.size === 0) this.input.end();
  }

  private readonly drain = (): void => {
    if (this.drainTimer) return;
    this.drainTimer = setTimeout(() => this.input.end(), this.drainMs);
    setImmediate(() => this.endIfIdle());
  };

  private endIfIdle(): void {
    // What was read last may still be on its way through the pipe.
    if (this.input.writableLength + this.input.readableLength > 0) setImmediate(() => this.endIfIdle());
    else if (this.unanswered.size === 0) this.input.end();
  }

  private end(): void {
    clearTimeout(this.drainTimer);
    this.stdin.off('end', this.drain);
    this.stdin.off('close', this.drain);
    this.stdin.unpipe(this.input);
    this.stdin.pause();
    this.onclose?.();
    this.resolveClosed();
  }
}

/** Id of the request that a `notifications/cancelled` names. */
export function cancelledRequestOf(message: JSONRPCMessage): RequestId | undefined {
  if (!('method' in message) || message.method !== 'notifications/cancelled') return undefined;
  const requestId: unknown = message.params?.['requestId'];
  return typeof requestId === 'string' || typeof requestId === 'number' ? requestId : undefined;
}
