import type { ServerResponse } from 'node:http';
import type { OpenEvents } from '../fleet/events/fleet-events.js';
import type { ToldEvent } from '../fleet/events/subscription.js';

export interface EventStreamTimes {
  /** Events that come within this time after others are sent together. */
  gatherMs: number;
  keepAliveMs: number;
  /** A reader that takes nothing of what was sent for so long is cut off. */
  stallMs: number;
}

export const eventStreamTimes: EventStreamTimes = { gatherMs: 50, keepAliveMs: 15_000, stallMs: 10_000 };

/** How long a browser waits before it connects again. */
const retryMs = 3_000;
/** Characters written at once; the next are written when the reader has taken these. */
const writeMax = 64 * 1024;

/** How a stream ended: the reader went, took too little, may no longer read, or the server stops. */
export type StreamEnding = 'gone' | 'slow' | 'revoked' | 'stopped';

export interface EventStreamOptions {
  response: ServerResponse;
  headers: Record<string, number | string | string[]>;
  times: EventStreamTimes;
  /** Asked at every keep-alive and every `review`. False ends the stream. */
  isAllowed: () => boolean;
  onSent: (event: ToldEvent) => void;
  onEnd: (ending: StreamEnding) => void;
}

/**
 * One reader of events over HTTP, in the format of server-sent events. What it has not read yet is bounded: 64 KiB on
 * their way, the rest waits as one newest state per thing.
 *
 * Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export class EventStream {
  private events?: OpenEvents;
  private lastSentAtMs = 0;
  private sentPlace?: string;
  private gathering?: NodeJS.Timeout;
  private keepAlive?: NodeJS.Timeout;
  private stall?: NodeJS.Timeout;
  private ending?: StreamEnding;

  constructor(private readonly options: EventStreamOptions) {}

  /** Sends the head at once and, when it is known whether the reader goes on where it was, `ready`. */
  async begin(events: OpenEvents, ready: { types: readonly string[]; after?: string }): Promise<void> {
    const { response, headers, times } = this.options;
    this.events = events;
    response.once('close', () => this.finish('gone'));
    response.on('error', () => this.finish('gone'));
    response.writeHead(200, {
      ...headers,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      // Else nginx holds events back until its buffer is full.
      'x-accel-buffering': 'no',
    });
    this.write(`retry: ${retryMs}\n\n`);
    this.keepAlive = setInterval(() => this.beat(), times.keepAliveMs);
    const resumed = await events.resumed;
    if (this.ending) return;
    this.sentPlace = resumed ? ready.after : events.place();
    this.write(frameOf('ready', this.sentPlace, JSON.stringify({ resumed, types: ready.types })));
    this.wake();
  }

  /** Something waits to be sent. */
  readonly wake = (): void => {
    if (this.gathering || this.stall || this.ending) return;
    const waitMs = Math.max(0, this.lastSentAtMs + this.options.times.gatherMs - performance.now());
    this.gathering = setTimeout(() => this.send(), waitMs);
  };

  /** Ends if the reader may no longer read. */
  review(): void {
    if (!this.options.isAllowed()) this.end('revoked');
  }

  /** Ends without a word: the reader connects again, here or to another replica, and goes on where it was. */
  end(ending: 'revoked' | 'stopped'): void {
    if (this.ending) return;
    this.options.response.end();
    this.finish(ending);
  }

  private send(): void {
    this.gathering = undefined;
    let text = '';
    while (text.length < writeMax) {
      const told = this.events?.next();
      if (!told) break;
      if (told.id !== undefined) this.sentPlace = told.id;
      text += frameOf(told.type, told.id, told.data);
      this.options.onSent(told);
    }
    if (text === '') return;
    // What did not fit follows as soon as this is taken.
    this.lastSentAtMs = text.length < writeMax ? performance.now() : 0;
    this.write(text);
    this.wake();
  }

  /** Browsers take an id without data too: a reader to whom nothing happens for long can still go on later. */
  private beat(): void {
    this.review();
    if (this.stall || this.ending) return;
    const place = this.events?.place();
    const hasMoved = place !== undefined && place !== this.sentPlace && !this.gathering;
    if (hasMoved) this.sentPlace = place;
    this.write(`: keep-alive\n${hasMoved ? `id: ${place}\n` : ''}\n`);
  }

  private write(text: string): void {
    const { response, times } = this.options;
    if (this.ending || response.write(text) || this.stall) return;
    this.stall = setTimeout(() => {
      this.finish('slow');
      response.destroy();
    }, times.stallMs);
    response.once('drain', () => {
      clearTimeout(this.stall);
      this.stall = undefined;
      this.wake();
    });
  }

  private finish(ending: StreamEnding): void {
    if (this.ending) return;
    this.ending = ending;
    clearInterval(this.keepAlive);
    clearTimeout(this.gathering);
    clearTimeout(this.stall);
    this.events?.close();
    this.options.onEnd(ending);
  }
}

/** `data` is JSON on one line: it can hold no line break. */
function frameOf(type: string, id: string | undefined, data: string): string {
  return `event: ${type}\n${id === undefined ? '' : `id: ${id}\n`}data: ${data}\n\n`;
}
