import { Client, Pool, type Dispatcher } from 'undici';
import type { z } from 'zod';
import type { ClusterLimits } from '../config/config.js';
import { AppError, type ErrorDetails } from '../errors/app-error.js';
import { connector, type Connector, type TlsMaterial } from './connector.js';
import type { CredentialSource } from './credential-source.js';
import { deadline, type Deadline } from './deadline.js';
import { contentTypeOf, dateOf, encodingOf, failedAnswer, notAPage, parseAnswer } from './answer.js';
import { translateAnswer } from './errors.js';
import { failure, type RequestFacts } from './failure.js';
import { readBody, unpacked } from './read-body.js';
import { bodyOf, headersOf, requestPath, type HttpRequest } from './request.js';
import { formsOf, readToken } from './token.js';
import { transportFailure } from './transport-failure.js';

export interface HttpOptions {
  /** With the path prefix of the instance, if it has one. Nothing is ever sent to another origin. */
  baseUrl: string;
  credentials: CredentialSource;
  /** Sent with every request. They cannot overrule the token or the headers that Argo CD insists on. */
  headers: Record<string, string>;
  tls: TlsMaterial;
  limits: ClusterLimits;
}

/** A stream whose header has come. */
export interface OpenStream {
  body: AsyncIterable<Buffer>;
  contentType: string;
  date?: Date;
  /** For the translation of what the stream says later. */
  facts: RequestFacts;
  /** Closes the connection at once. */
  close(): void;
}

/** Argo CD is asked to give up so much earlier than we do, so that its own answer still arrives. */
const grpcTimeoutLeadMs = 500;
/** Of one answer that is no list. */
const answerBytesMax = 16 * 1024 * 1024;
/** A long answer may take so many times the time of a request, as long as it keeps coming. */
const wholeAnswerFactor = 6;
/** Shorter values of configured headers are words, not secrets, and would tear holes into every text. */
const secretLengthMin = 8;

/**
 * Requests to one Argo CD. Follows no redirect, sends the token to the configured origin alone, bounds every answer in
 * time (body included) and size.
 */
export class Http {
  private readonly base: URL;
  private readonly connector: Connector;
  private readonly reads: Pool;
  private readonly changes: Pool;
  private readonly streams = new Set<() => Promise<void>>();
  private isClosed = false;

  constructor(private readonly options: HttpOptions) {
    this.base = new URL(options.baseUrl);
    this.connector = this.newConnector();
    const shared = {
      connect: this.connector.connect,
      connections: options.limits.concurrentRequests,
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    this.reads = new Pool(this.base.origin, { ...shared, keepAliveTimeout: 10_000 });
    // No keep-alive: a connection that the other side just closed would leave a change in doubt.
    this.changes = new Pool(this.base.origin, { ...shared, pipelining: 0 });
  }

  /** Sends and parses the answer. Errors: as ArgoCdApi. */
  async json<T>(request: HttpRequest, schema: z.ZodType<T>): Promise<T> {
    const limit = deadline(request.timeoutMs ?? this.options.limits.timeoutMs, request.signal);
    const facts = this.factsOf(request);
    const sent = { isSent: false };
    try {
      const answer = await this.withToken(limit, (token) => this.exchange(request, token, limit, sent));
      return parseAnswer(answer, schema, { ...facts, secrets: [...facts.secrets, ...formsOf(answer.token)] });
    } catch (error) {
      throw this.explain(error, request, limit, facts, sent.isSent);
    } finally {
      limit.release();
    }
  }

  /**
   * Reads an answer while it arrives. Its header and every silence after it are bounded by the time of a request, the
   * whole by several of them: what is long is not what is hung. Errors: as ArgoCdApi, and what `consume` throws.
   */
  async read<T>(request: HttpRequest, consume: (chunks: AsyncIterable<Buffer>) => Promise<T>): Promise<T> {
    const silenceMs = request.timeoutMs ?? this.options.limits.timeoutMs;
    const limit = deadline(silenceMs * wholeAnswerFactor, request.signal);
    const header = deadline(silenceMs, limit.signal);
    const facts = this.factsOf(request);
    try {
      const { response, ...answer } = await this.withToken(header, (token) =>
        this.begin(this.reads, request, token, limit),
      );
      header.release();
      if (!response) throw translateAnswer(answer, { ...facts, secrets: [...facts.secrets, ...formsOf(answer.token)] });
      notAPage(answer);
      return await consume(unpacked(response.body, encodingOf(response), this.bytesMax(request), silenceMs));
    } catch (error) {
      throw this.explain(error, request, header.hasPassed ? header : limit, facts, true);
    } finally {
      header.release();
      limit.stop();
    }
  }

  /**
   * Opens a stream on a connection of its own, which `close` of the result destroys. Resolves with the header of a
   * success; `limit` bounds that, not the stream.
   */
  async open(request: HttpRequest, limit: Deadline): Promise<OpenStream> {
    const facts = this.factsOf(request);
    const { connect, giveUp } = this.newConnector();
    const client = new Client(this.base.origin, { connect, headersTimeout: 0, bodyTimeout: 0 });
    const destroy = async (): Promise<void> => {
      giveUp();
      await client.destroy();
    };
    const close = (): void => {
      this.streams.delete(destroy);
      void destroy().catch(() => undefined);
    };
    this.streams.add(destroy);
    try {
      if (this.isClosed) throw closedFailure();
      const answer = await this.withToken(limit, (token) => this.begin(client, request, token, limit));
      const secrets = [...facts.secrets, ...formsOf(answer.token)];
      if (!answer.response) throw translateAnswer(answer, { ...facts, secrets });
      const { contentType, response } = answer;
      return { body: response.body, contentType, date: dateOf(response), facts: { ...facts, secrets }, close };
    } catch (error) {
      close();
      throw this.explain(error, request, limit, facts, true);
    }
  }

  /** Destroys every connection; whatever is under way fails. No socket is left. */
  async close(): Promise<void> {
    this.isClosed = true;
    const streams = [...this.streams].map((destroy) => destroy());
    this.streams.clear();
    this.connector.giveUp();
    await Promise.allSettled([this.reads.destroy(), this.changes.destroy(), ...streams]);
  }

  private bytesMax({ bytesMax = answerBytesMax }: HttpRequest): number {
    return Math.min(bytesMax, this.options.limits.responseBytesMax);
  }

  private newConnector(): Connector {
    return connector(this.options.tls, this.options.limits.connectTimeoutMs);
  }

  private factsOf(request: HttpRequest): RequestFacts {
    return {
      isChange: request.method !== 'GET',
      hasProject: request.hasProject ?? false,
      application: request.application,
      since: request.since,
      secrets: [
        this.base.origin,
        ...(this.base.port ? [this.base.host] : []),
        ...Object.values(this.options.headers).filter((value) => value.length >= secretLengthMin),
      ],
    };
  }

  /** One renewal and one more try after a 401, which accepts nothing, and only if there is another token. */
  private async withToken<A extends { status: number; token: string }>(
    limit: Deadline,
    attempt: (token: string) => Promise<A>,
  ): Promise<A> {
    const { credentials } = this.options;
    const token = await limit.race(readToken(() => credentials.get()));
    const answer = await limit.race(attempt(token));
    if (answer.status !== 401) return answer;
    const renewed = await limit.race(readToken(() => credentials.renew()));
    return renewed === token ? answer : await limit.race(attempt(renewed));
  }

  private async exchange(request: HttpRequest, token: string, limit: Deadline, sent: { isSent: boolean }) {
    sent.isSent = false;
    const pool = request.method === 'GET' ? this.reads : this.changes;
    const response = await pool.request(this.dispatchOptions(request, token, limit, sent));
    // A 401 accepts nothing, whatever becomes of the second try.
    sent.isSent = response.statusCode !== 401;
    if (response.statusCode !== 200) return { ...(await failedAnswer(response)), token };
    const body = await readBody(response.body, encodingOf(response), this.bytesMax(request));
    return { status: 200, contentType: contentTypeOf(response), body, token };
  }

  /** The header of an answer: of a success with the body still to come, of a refusal with all of it. */
  private async begin(by: Dispatcher, request: HttpRequest, token: string, limit: Deadline) {
    const response = await by.request(this.dispatchOptions(request, token, limit, {}));
    if (response.statusCode !== 200) return { ...(await failedAnswer(response)), token, response: undefined };
    return { status: 200, contentType: contentTypeOf(response), response, token, body: '' };
  }

  private dispatchOptions(
    request: HttpRequest,
    token: string,
    limit: Deadline,
    sent: { isSent?: boolean },
  ): Dispatcher.RequestOptions {
    const grpcTimeoutMs = Math.max(500, (request.timeoutMs ?? this.options.limits.timeoutMs) - grpcTimeoutLeadMs);
    const headers = headersOf(request, { token, extra: this.options.headers, grpcTimeoutMs });
    const path = requestPath(this.base.pathname, request);
    const shared = { method: request.method, path, headers, signal: limit.signal };
    if (request.body === undefined) {
      if (request.method !== 'GET') sent.isSent = true;
      return shared;
    }
    const { length, body } = bodyOf(request.body, sent);
    return { ...shared, headers: { ...headers, 'content-length': String(length) }, body };
  }

  private explain(
    error: unknown,
    request: HttpRequest,
    limit: Deadline,
    facts: RequestFacts,
    isSent: boolean,
  ): unknown {
    if (error instanceof AppError) {
      // Read in part: whether a change was accepted is as open as before.
      return facts.isChange && isSent && error.details['reason'] === 'too_large'
        ? new AppError(error.code, error.message, { ...error.details, maybeAccepted: true })
        : error;
    }
    if (request.signal?.aborted) return request.signal.reason;
    if (!this.isClosed && !limit.hasPassed) return transportFailure(error, facts, isSent);
    const doubt = facts.isChange && isSent ? { maybeAccepted: true } : {};
    if (this.isClosed) return closedFailure(doubt);
    return failure('cluster_timeout', 'timeout', 'The cluster did not answer completely in time.', doubt);
  }
}

const closedFailure = (details: ErrorDetails = {}): AppError =>
  failure('cluster_unreachable', 'client_closed', 'The client of this cluster is closed.', details);
