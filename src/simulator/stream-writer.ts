import { createHash } from 'node:crypto';
import type { Gzip } from 'node:zlib';
import { constants, createGzip } from 'node:zlib';
import type { Call } from './call.js';
import type { GrpcError } from './grpc-error.js';
import { httpStatusOf, streamErrorFrame } from './grpc-error.js';
import { fieldFilter } from './stream-fields.js';

/** What a fault can do to a stream that is open. */
export interface OpenStream {
  path: string;
  drop: (isClean: boolean) => void;
}

/**
 * Writes the frames of one stream as the gateway does: no header before the first frame, server-sent events with a
 * space after the JSON and an empty line more, keep-alives from then on, or JSON lines without any.
 */
export class StreamWriter implements OpenStream {
  readonly path: string;
  private readonly isSse: boolean;
  private readonly filter: ((frame: unknown) => unknown) | undefined;
  private readonly lastFrames = new Map<string, string>();
  private keepAlive: NodeJS.Timeout | undefined;
  private gzip: Gzip | undefined;
  private isEnded = false;
  private onRoom: () => void = () => {};
  private readonly waiting = new Set<() => void>();

  constructor(private readonly call: Call) {
    this.path = new URL(call.request.url ?? '/', 'http://simulator').pathname;
    this.isSse = call.request.headers.accept === 'text/event-stream';
    const fields = call.query.get('fields') ?? '';
    this.filter = fields === '' ? undefined : fieldFilter(fields);
    call.faults.streams.add(this);
    call.response.on('close', () => this.stop());
    call.response.on('drain', this.hasRoom);
  }

  get isOver(): boolean {
    return this.isEnded;
  }

  /** The peer takes no more at the moment. */
  get isBlocked(): boolean {
    return (this.gzip ?? this.call.response).writableNeedDrain;
  }

  /** Hears from now on, instead of whoever heard before, when the peer takes more. */
  onDrain(listener: () => void): void {
    this.onRoom = listener;
  }

  /** Resolves when the peer takes more, or the stream is over. */
  async drained(): Promise<void> {
    if (!this.isEnded) await new Promise<void>((resolve) => this.waiting.add(resolve));
  }

  /**
   * Sends a frame. With a key, one that equals the last of that key after the fields filter is not sent (point 12).
   */
  send(frame: Record<string, unknown>, key?: string): void {
    if (this.isEnded || this.call.faults.isSilenced(this.path)) return;
    const json = JSON.stringify(this.filter ? this.filter(frame) : frame);
    if (key !== undefined) {
      const digest = createHash('sha1').update(json).digest('base64');
      if (this.lastFrames.get(key) === digest) return;
      this.lastFrames.set(key, digest);
    }
    this.begin(200);
    const text = this.isSse ? `data: ${json} \n\n` : json;
    if (this.call.faults.takeCut(this.path)) {
      this.write(text.slice(0, Math.floor(text.length / 2)));
      setImmediate(() => this.drop(false));
      return;
    }
    this.write(text);
    this.write('\n');
  }

  /** Ends the stream with an error: a status of its own if nothing was sent yet, else a last frame. */
  fail(error: GrpcError): void {
    if (this.isEnded) return;
    const frame = streamErrorFrame(error);
    const json = JSON.stringify(this.filter ? this.filter(frame) : frame);
    this.begin(httpStatusOf(error.code), true);
    this.write(this.isSse ? `data: ${json} \n\n` : json);
    this.end();
  }

  drop(isClean: boolean): void {
    if (this.isEnded) return;
    if (isClean && this.call.response.headersSent) return this.end();
    this.stop();
    this.call.response.socket?.resetAndDestroy();
  }

  end(): void {
    if (this.isEnded) return;
    this.stop();
    if (this.gzip) this.gzip.end();
    else this.call.response.end();
  }

  private begin(status: number, isError = false): void {
    const { response, request, instance } = this.call;
    // Compressed, the head goes out only with the first bytes that the compressor lets go of.
    if (response.headersSent || this.gzip) return;
    response.statusCode = status;
    response.setHeader('Content-Type', this.isSse ? 'text/event-stream' : 'application/json');
    if (!isError) response.setHeader('Grpc-Metadata-Content-Type', 'application/grpc');
    if (this.isSse) response.setHeader('X-Content-Type-Options', 'nosniff');
    else response.setHeader('Vary', 'Accept-Encoding');
    response.setHeader('Date', instance.clock.now().toUTCString());
    if (!this.isSse && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) {
      response.setHeader('Content-Encoding', 'gzip');
      this.gzip = createGzip({ flush: constants.Z_SYNC_FLUSH });
      this.gzip.on('drain', this.hasRoom);
      this.gzip.pipe(response);
    }
    if (!this.isSse || isError) return;
    this.keepAlive = setInterval(() => {
      if (!this.call.faults.isSilenced(this.path)) this.write(':\n');
    }, instance.options.keepAliveMs);
  }

  private write(text: string): void {
    if (this.gzip) this.gzip.write(text);
    else this.call.response.write(text);
  }

  /** One listener of the response for all who wait, however often they do. */
  private readonly hasRoom = (): void => {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
    this.onRoom();
  };

  private stop(): void {
    this.isEnded = true;
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
    clearInterval(this.keepAlive);
    this.lastFrames.clear();
    this.call.faults.streams.delete(this);
  }
}
