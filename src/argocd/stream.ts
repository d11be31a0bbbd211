import { StringDecoder } from 'node:string_decoder';
import { createParser } from 'eventsource-parser';
import { isFrame } from './application-shape.js';
import type { WatchSignal } from './argocd-api.js';
import { AppError, type ErrorDetails } from '../errors/app-error.js';
import { deadline, withinTime } from './deadline.js';
import { translateAnswer } from './errors.js';
import { failure, type RequestFacts } from './failure.js';
import type { Http, OpenStream } from './http.js';
import type { HttpRequest } from './request.js';
import { streamError, unreadableFrame } from './schemas.js';
import { isSliceOver, nextSlice } from './time-slice.js';
import { transportFailure } from './transport-failure.js';
import { upstreamText } from './upstream-text.js';

const keepAlive = { kind: 'keepalive' } as const;

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
    yield { kind: 'open', ...(stream.date ? { date: stream.date } : {}) };
    // What one read brought, piece by piece: a generator within this one would cost more than a frame is worth.
    for await (const parts of reads(stream, limits)) {
      for (const part of parts) {
        if (part instanceof AppError) throw part;
        if (isSliceOver()) {
          await nextSlice();
          request.signal?.throwIfAborted();
        }
        yield typeof part === 'string' ? readFrame(part, stream.facts) : part;
      }
    }
  } catch (error) {
    if (request.signal?.aborted) throw request.signal.reason;
    throw error instanceof AppError ? error : transportFailure(error, stream.facts, true);
  } finally {
    request.signal?.removeEventListener('abort', stop);
    stream.close();
  }
}

/** What the reads of a stream bring: data of frames, keep-alives, and the error after which nothing is to be taken. */
async function* reads(
  { body }: OpenStream,
  limits: WatchLimits,
): AsyncGenerator<(string | AppError | typeof keepAlive)[]> {
  const decoder = new StringDecoder('utf8');
  let ready: (string | AppError | typeof keepAlive)[] = [];
  const parser = createParser({
    maxBufferSize: limits.frameMax,
    onComment: () => ready.push(keepAlive),
    onEvent: ({ data }) => ready.push(data),
    onError: ({ type }) => {
      ready.push(
        type === 'max-buffer-size-exceeded'
          ? failure('cluster_unreachable', 'too_large', `A frame of the stream exceeds ${limits.frameMax} characters.`)
          : garbage('The stream holds lines that are no events.'),
      );
    },
  });
  const chunks = body[Symbol.asyncIterator]();
  for (;;) {
    const { done, value } = await withinTime(chunks.next(), limits.idleMs, () => silent(limits));
    // An end in the middle of a frame: completing it by force shows whether there is one.
    parser.feed(done ? `${decoder.end()}\n\n` : decoder.write(value));
    yield ready;
    if (done) return;
    ready = [];
  }
}

/** Throws for a frame after which nothing of the stream can be taken any more. */
function readFrame(data: string, facts: RequestFacts): WatchSignal {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    throw garbage('A frame of the stream is not JSON.');
  }
  if (isFrame(value)) {
    const { type, application } = value.result;
    if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') return { kind: 'event', type, application };
    // Kubernetes knows more types than Argo CD sends today; none of the others is about an application.
    if (type === 'ERROR') throw streamFailed();
    return keepAlive;
  }
  const unreadable = unreadableFrame.safeParse(value);
  if (unreadable.success) return { kind: 'unreadable', ...unreadable.data.result.application?.metadata };
  const error = streamError.safeParse(value);
  if (error.success) {
    const { http_code: status, grpc_code: code, message } = error.data.error;
    if (status && status >= 400) throw translateAnswer({ status, contentType: 'application/json', body: data }, facts);
    const upstreamMessage = upstreamText(message, facts.secrets);
    throw streamFailed({
      ...(code == null ? {} : { upstreamCode: code }),
      ...(upstreamMessage ? { upstreamMessage } : {}),
    });
  }
  // With `fields` the error itself is filtered away.
  throw isEmpty(value) ? streamFailed() : garbage('A frame of the stream does not have the shape of an event.');
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

const silent = ({ idleMs }: WatchLimits): AppError =>
  failure('cluster_timeout', 'stream_idle', `The stream was silent for ${idleMs / 1000} s.`);
