import { createParser } from 'eventsource-parser';
import type { WatchSignal } from './argocd-api.js';
import { AppError, type ErrorDetails } from '../errors/app-error.js';
import { deadline } from './deadline.js';
import { translateAnswer } from './errors.js';
import { failure, type RequestFacts } from './failure.js';
import type { Http, OpenStream } from './http.js';
import type { HttpRequest } from './request.js';
import { streamError, unreadableFrame, watchFrame } from './schemas.js';
import { transportFailure } from './transport-failure.js';
import { upstreamText } from './upstream-text.js';

export interface WatchLimits {
  headerTimeoutMs: number;
  idleMs: number;
  /** Characters of one frame. */
  frameMax: number;
}

/**
 * Follows a stream of server-sent events. Ends normally when the server ends it between two frames; everything else
 * throws: a reset, a half frame, one that cannot be read, an error told by Argo CD, silence. Leaving the loop or the
 * signal of the request closes the connection at once.
 */
export async function* watch(http: Http, request: HttpRequest, limits: WatchLimits): AsyncGenerator<WatchSignal> {
  const header = deadline(limits.headerTimeoutMs, request.signal);
  let stream: OpenStream;
  try {
    stream = await http.open({ ...request, accept: 'text/event-stream' }, header);
  } catch (error) {
    throw header.hasPassed ? noHeader(limits) : error;
  } finally {
    header.release();
  }
  const stop = (): void => stream.close();
  request.signal?.addEventListener('abort', stop, { once: true });
  try {
    request.signal?.throwIfAborted();
    if (!/^text\/event-stream/i.test(stream.contentType)) {
      throw failure(
        'cluster_unreachable',
        'not_argocd',
        'The cluster answers a stream with something that is none: the url may lack its path prefix, or a proxy changes the request.',
      );
    }
    yield { kind: 'open' };
    yield* signals(stream, limits);
  } catch (error) {
    if (request.signal?.aborted) throw request.signal.reason;
    throw error instanceof AppError ? error : transportFailure(error, stream.facts, true);
  } finally {
    request.signal?.removeEventListener('abort', stop);
    stream.close();
  }
}

async function* signals({ body, facts }: OpenStream, limits: WatchLimits): AsyncGenerator<WatchSignal> {
  const decoder = new TextDecoder();
  let ready: WatchSignal[] = [];
  let broken: AppError | undefined;
  const parser = createParser({
    maxBufferSize: limits.frameMax,
    onComment: () => ready.push({ kind: 'keepalive' }),
    onEvent: ({ data }) => {
      // After a broken frame nothing is taken any more.
      if (broken) return;
      const result = readFrame(data, facts);
      if (result instanceof AppError) broken = result;
      else ready.push(result);
    },
    onError: ({ type }) => {
      broken ??=
        type === 'max-buffer-size-exceeded'
          ? failure('cluster_unreachable', 'too_large', `A frame of the stream exceeds ${limits.frameMax} characters.`)
          : garbage('The stream holds lines that are no events.');
    },
  });
  const chunks = body[Symbol.asyncIterator]();
  for (;;) {
    const { done, value } = await withIdleLimit(chunks.next(), limits.idleMs);
    // An end in the middle of a frame: completing it by force shows whether there is one.
    parser.feed(done ? `${decoder.decode()}\n\n` : decoder.decode(value, { stream: true }));
    const batch = ready;
    ready = [];
    yield* batch;
    if (broken) throw broken;
    if (done) return;
  }
}

function readFrame(data: string, facts: RequestFacts): WatchSignal | AppError {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return garbage('A frame of the stream is not JSON.');
  }
  const frame = watchFrame.safeParse(value);
  if (frame.success) {
    const { type, application } = frame.data.result;
    if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') return { kind: 'event', type, application };
    // Kubernetes knows more types than Argo CD sends today; none of the others is about an application.
    return type === 'ERROR' ? streamFailed() : { kind: 'keepalive' };
  }
  const unreadable = unreadableFrame.safeParse(value);
  if (unreadable.success) return { kind: 'unreadable', ...unreadable.data.result.application.metadata };
  const error = streamError.safeParse(value);
  if (error.success) {
    const { http_code: status, grpc_code: code, message } = error.data.error;
    if (status && status >= 400) return translateAnswer({ status, contentType: 'application/json', body: data }, facts);
    const upstreamMessage = upstreamText(message, facts.secrets);
    return streamFailed({
      ...(code == null ? {} : { upstreamCode: code }),
      ...(upstreamMessage ? { upstreamMessage } : {}),
    });
  }
  // With `fields` the error itself is filtered away.
  return isEmpty(value) ? streamFailed() : garbage('A frame of the stream does not have the shape of an event.');
}

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0;

const streamFailed = (details: ErrorDetails = {}): AppError =>
  failure('cluster_unreachable', 'stream_error', 'Argo CD broke the stream off with an error.', details);

const garbage = (message: string): AppError => failure('cluster_unreachable', 'garbage', message);

const noHeader = (limits: WatchLimits): AppError =>
  failure(
    'cluster_timeout',
    'no_header',
    `The stream did not open within ${limits.headerTimeoutMs / 1000} s: there is nothing to see yet, or a proxy holds it back.`,
    { noHeader: true },
  );

/** Bounds the silence between two reads; the time a reader takes with what it got does not count. */
async function withIdleLimit<T>(read: Promise<T>, idleMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const idle = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(failure('cluster_timeout', 'stream_idle', `The stream was silent for ${idleMs / 1000} s.`)),
      idleMs,
    );
  });
  // If silence wins, the read ends later, by the close of the connection.
  read.catch(() => undefined);
  try {
    return await Promise.race([read, idle]);
  } finally {
    clearTimeout(timer);
  }
}
