import type { ListEnd } from './list.js';
import type { Application, RevisionMetadata, Settings, UserInfo, Version } from './schemas.js';

/** Names one application. `project` should always be given when known: only then 404 and 403 can be told apart. */
export interface ApplicationRef {
  name: string;
  namespace?: string;
  project?: string;
}

/** Body of a sync. Absent parts mean Argo CD's own default. Source: server/application/application.proto */
export interface SyncRequest {
  revision?: string;
  prune?: boolean;
  dryRun?: boolean;
  strategy?: { hook: { force: boolean } } | { apply: { force: boolean } };
  infos?: { name: string; value: string }[];
}

/** One thing a stream says. `open` comes once, with the response headers, before anything else. */
export type WatchSignal =
  | { kind: 'open'; /** What the server's clock showed. */ date?: Date }
  | { kind: 'keepalive' }
  /** An event about an application that this program cannot read, but for its name. */
  | { kind: 'unreadable'; name?: string; namespace?: string }
  | { kind: 'event'; type: 'ADDED' | 'MODIFIED' | 'DELETED'; application: Application };

export interface CallOptions {
  signal?: AbortSignal;
}

export interface ListOptions extends CallOptions {
  /** Absent: everything. */
  fields?: readonly string[];
  /** Absent: of all projects. */
  projects?: readonly string[];
}

/**
 * One Argo CD instance over its HTTP API.
 *
 * Every method throws `AppError`: `cluster_unreachable` (no connection, not Argo CD, 5xx, garbage, too many bytes),
 * `cluster_timeout` (no complete answer in time), `cluster_refused` (401; 403 that is about our rights),
 * `not_found` (404 with project; 403 without one), `operation_in_progress`, `not_possible_now`, `unsupported_version`,
 * `invalid_input`. `details` may hold `upstreamStatus`, `upstreamCode` (gRPC) and `upstreamMessage` (trimmed data).
 * For requests that change something, `details.maybeAccepted` is true when the request was sent and no answer came back.
 */
export interface ArgoCdApi {
  version(options?: CallOptions): Promise<Version>;
  settings(options?: CallOptions): Promise<Settings>;
  userInfo(options?: CallOptions): Promise<UserInfo>;
  /** `object` is `<project>/<application>` or a glob; slashes in it are kept. */
  canI(resource: string, action: string, object: string, options?: CallOptions): Promise<boolean>;
  /**
   * Reads the list of applications while it arrives and hands over one after the other; resolves when the list is
   * complete. If it breaks off it rejects, and what was handed over is true nevertheless. Items that are no applications
   * are counted; `cluster_unreachable` with reason `too_large` for one of more than 4 MiB.
   */
  listEach(options: ListOptions, take: (application: Application) => void): Promise<ListEnd>;
  get(ref: ApplicationRef, options?: CallOptions & { refresh?: 'normal' | 'hard' }): Promise<Application>;
  /**
   * Who made a commit of one of the application's Git sources, and when. `revision` is a full hash: a branch or a tag
   * is refused. `sourceIndex` counts from 0 and is needed where there are several sources. The repo server may have to
   * fetch, so it can take seconds.
   */
  revisionMetadata(
    ref: ApplicationRef,
    revision: string,
    options?: CallOptions & { sourceIndex?: number },
  ): Promise<RevisionMetadata>;
  sync(ref: ApplicationRef, request: SyncRequest, options?: CallOptions): Promise<Application>;
  terminate(ref: ApplicationRef, options?: CallOptions): Promise<void>;
  /**
   * The SSE stream without resourceVersion: a snapshot of ADDED events, then changes. Ends normally when the server
   * ends it; throws when it breaks, is silent for `streamIdleMs` (`cluster_timeout`), or its header does not come in
   * `headerTimeoutMs` (`cluster_timeout` with `details.noHeader`). Leaving the loop closes the connection.
   */
  watch(
    options: CallOptions & { name?: string; namespace?: string; fields?: readonly string[]; headerTimeoutMs?: number },
  ): AsyncIterable<WatchSignal>;
}
