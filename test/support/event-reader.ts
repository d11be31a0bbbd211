import { createParser } from 'eventsource-parser';
import { eventually } from './eventually.js';

export interface ReadEvent {
  event: string;
  id?: string;
  data: any;
  /** `performance.now()` when it arrived. */
  atMs: number;
}

/** A reader of `/api/v1/events` over real HTTP, as a dashboard is one. */
export interface EventReader {
  readonly status: number;
  readonly headers: Headers;
  /** Everything that came, `ready` included. */
  readonly events: ReadEvent[];
  readonly text: () => string;
  /** Of one type, oldest first. */
  of(type: string): ReadEvent[];
  /** The first event, or the first after `from`, that the test accepts. */
  waitFor(accept: (event: ReadEvent) => boolean, options?: { timeoutMs?: number; from?: number }): Promise<ReadEvent>;
  /** Id to resume by: of the last event that had one. */
  lastId(): string | undefined;
  /** Resolves when the server has ended the stream. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

const open = new Set<EventReader>();

/** Opens a stream and waits for its `ready`. A refused one has no events; its body is given as `text`. */
export async function readEvents(
  url: string,
  query: Record<string, string> = {},
  headers: Record<string, string> = {},
): Promise<EventReader> {
  const going = new AbortController();
  const address = `${url}/api/v1/events?${new URLSearchParams(query)}`;
  const answer = await fetch(address, { headers, signal: going.signal });
  const events: ReadEvent[] = [];
  let text = '';
  const parser = createParser({
    onEvent: ({ event = 'message', id, data }) =>
      void events.push({ event, ...(id === undefined ? {} : { id }), data: JSON.parse(data), atMs: performance.now() }),
  });
  const ended = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? []) {
      const part = decoder.decode(chunk as Uint8Array, { stream: true });
      text += part;
      if (answer.ok) parser.feed(part);
    }
  })().catch(() => undefined);
  const reader: EventReader = {
    status: answer.status,
    headers: answer.headers,
    events,
    text: () => text,
    of: (type) => events.filter(({ event }) => event === type),
    waitFor: (accept, { timeoutMs = 5_000, from = 0 } = {}) =>
      eventually(
        () => {
          const found = events.slice(from).find(accept);
          if (!found) throw new Error(`no such event among ${JSON.stringify(events.slice(-5))}`);
          return found;
        },
        { timeoutMs, everyMs: 5 },
      ),
    lastId: () => events.findLast(({ id }) => id !== undefined)?.id,
    ended,
    close: async () => {
      open.delete(reader);
      going.abort();
      await ended;
    },
  };
  open.add(reader);
  if (answer.ok) await reader.waitFor(({ event }) => event === 'ready');
  else await ended;
  return reader;
}

/** For `afterEach`: closes what a test left open. */
export async function closeReaders(): Promise<void> {
  await Promise.all([...open].map((reader) => reader.close()));
}
