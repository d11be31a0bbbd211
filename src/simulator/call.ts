import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller } from './accounts.js';
import type { Controller } from './controller.js';
import type { FaultBoard } from './fault-board.js';
import type { Instance } from './instance.js';

/** One request on its way through a handler. */
export interface Call {
  instance: Instance;
  controller: Controller;
  faults: FaultBoard;
  /** Segments of the path that the route left open, decoded. */
  params: Record<string, string>;
  query: URLSearchParams;
  /** The decoded JSON body; an empty body is an empty object. */
  body: Record<string, unknown>;
  /** Throws `GrpcError` 16 if nobody is logged in. */
  caller: () => Caller;
  /** Ends with the client, its Grpc-Timeout, or the simulator. */
  signal: AbortSignal;
  request: IncomingMessage;
  response: ServerResponse;
  /** Headers that the answer gets besides the usual ones. */
  extraHeaders: Record<string, string>;
}

export type Handler = (call: Call) => unknown;

/** Types of the fields of a request body, in Go's words. */
export type BodyShape = { name: string; fields: Record<string, 'string' | 'bool' | 'int64' | '[]string' | '[]int64'> };

export interface Route {
  method: string;
  pattern: string;
  handle: Handler;
  kind?: 'stream';
  body?: BodyShape;
  /** Whatever the body is: some hold a JSON text instead of an object. */
  isBodyIgnored?: boolean;
}

/** An answer whose text is already written. */
export class RawAnswer {
  constructor(readonly text: string) {}
}

/** Waits until `isOver` says so, looking after every `change`; rejects when the call ends first. */
export function waitUntil(
  call: Call,
  isOver: () => boolean,
  onChange: (look: () => void) => () => void,
): Promise<void> {
  if (isOver()) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const stop = onChange(() => {
      if (!isOver()) return;
      finish();
      resolve();
    });
    const abort = (): void => {
      finish();
      reject(call.signal.reason as Error);
    };
    const finish = (): void => {
      stop();
      call.signal.removeEventListener('abort', abort);
    };
    call.signal.addEventListener('abort', abort);
    if (call.signal.aborted) abort();
  });
}

/** While the repo server is down every call that needs it hangs (lesson 10). */
export function repoServer(call: Call): Promise<void> {
  return waitUntil(
    call,
    () => !call.instance.isRepoServerDown,
    (look) => {
      const timer = setInterval(look, 20);
      return () => clearInterval(timer);
    },
  );
}

export function boolParam(query: URLSearchParams, name: string, fallback: boolean): boolean {
  const value = query.get(name);
  return value === null || value === '' ? fallback : value === 'true' || value === '1' || value === 't';
}
