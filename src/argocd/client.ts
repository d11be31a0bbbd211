import { z } from 'zod';
import { type AppError } from '../errors/app-error.js';
import type { ApplicationRef, ArgoCdApi, CallOptions, ListOptions, SyncRequest, WatchSignal } from './argocd-api.js';
import { failure } from './failure.js';
import { Http, type HttpOptions } from './http.js';
import { applicationBytesMax, readList, type ListEnd } from './list.js';
import type { HttpRequest } from './request.js';
import {
  application,
  canIAnswer,
  revisionMetadata,
  settings,
  userInfo,
  version,
  type Application,
  type RevisionMetadata,
  type Settings,
  type UserInfo,
  type Version,
} from './schemas.js';
import { watch } from './stream.js';

export type ArgoCdClientOptions = HttpOptions;

const api = ['api', 'v1'];
const applications = [...api, 'applications'];
const anything = z.unknown();

/** One Argo CD instance over HTTP. Opens nothing before the first call. */
export class ArgoCdClient implements ArgoCdApi {
  private readonly http: Http;

  constructor(private readonly options: ArgoCdClientOptions) {
    this.http = new Http(options);
  }

  version(options: CallOptions = {}): Promise<Version> {
    return this.http.json({ method: 'GET', path: ['api', 'version'], ...options }, version);
  }

  settings(options: CallOptions = {}): Promise<Settings> {
    return this.http.json({ method: 'GET', path: [...api, 'settings'], ...options }, settings);
  }

  userInfo(options: CallOptions = {}): Promise<UserInfo> {
    return this.http.json({ method: 'GET', path: [...api, 'session', 'userinfo'], ...options }, userInfo);
  }

  async canI(resource: string, action: string, object: string, options: CallOptions = {}): Promise<boolean> {
    const path = [...api, 'account', 'can-i', resource, action, ...object.split('/')];
    const { value } = await this.http.json({ method: 'GET', path, ...options }, canIAnswer);
    return value === 'yes';
  }

  listEach(options: ListOptions, take: (application: Application) => void): Promise<ListEnd> {
    const { fields, projects, signal } = options;
    const query = { fields: fields?.join(','), projects };
    const bytesMax = this.options.limits.responseBytesMax;
    const request: HttpRequest = { method: 'GET', path: applications, query, signal, bytesMax };
    return this.http.read(request, (chunks) => readList(chunks, take));
  }

  async get(ref: ApplicationRef, options: CallOptions & { refresh?: 'normal' | 'hard' } = {}): Promise<Application> {
    const { refresh, signal } = options;
    const query = { project: ref.project, appNamespace: ref.namespace, refresh };
    const request = { ...onApplication(ref), method: 'GET' as const, query, signal, blocks: refresh !== undefined };
    return isThat(await this.http.json(request, application), ref);
  }

  revisionMetadata(
    ref: ApplicationRef,
    revision: string,
    options: CallOptions & { sourceIndex?: number } = {},
  ): Promise<RevisionMetadata> {
    const { sourceIndex, signal } = options;
    const { path, ...rest } = onApplication(ref);
    const query = { project: ref.project, appNamespace: ref.namespace, sourceIndex: sourceIndex?.toString() };
    const request = { ...rest, path: [...path, 'revisions', revision, 'metadata'], query, signal, blocks: true };
    return this.http.json({ ...request, method: 'GET' }, revisionMetadata);
  }

  async sync(ref: ApplicationRef, request: SyncRequest, options: CallOptions = {}): Promise<Application> {
    // Everything in the body: the query of this endpoint is not read, and a namespace only there syncs another one.
    const body = { ...request, project: ref.project, appNamespace: ref.namespace };
    const { path, ...rest } = onApplication(ref);
    const answer = await this.http.json(
      { ...rest, method: 'POST', path: [...path, 'sync'], body, blocks: true, ...options },
      application,
    );
    return isThat(answer, ref, { maybeAccepted: true });
  }

  async terminate(ref: ApplicationRef, options: CallOptions = {}): Promise<void> {
    const { path, ...rest } = onApplication(ref);
    const query = { project: ref.project, appNamespace: ref.namespace };
    await this.http.json({ ...rest, method: 'DELETE', path: [...path, 'operation'], query, ...options }, anything);
  }

  watch(
    options: CallOptions & {
      name?: string;
      namespace?: string;
      fields?: readonly string[];
      headerTimeoutMs?: number;
    },
  ): AsyncIterable<WatchSignal> {
    const { name, namespace, signal } = options;
    const { limits } = this.options;
    const query = { name, appNamespace: name === undefined ? undefined : namespace, fields: fieldsOf(options.fields) };
    const request: HttpRequest = { method: 'GET', path: [...api, 'stream', 'applications'], query, signal };
    return watch(this.http, request, {
      headerTimeoutMs: options.headerTimeoutMs ?? limits.streamHeaderMs,
      idleMs: limits.streamIdleMs,
      frameMax: Math.min(applicationBytesMax, limits.responseBytesMax),
    });
  }

  /** Ends everything under way and leaves no socket. */
  close(): Promise<void> {
    return this.http.close();
  }
}

function onApplication(ref: ApplicationRef): Pick<HttpRequest, 'path' | 'application' | 'hasProject'> {
  return { path: [...applications, ref.name], application: ref.name, hasProject: ref.project !== undefined };
}

/** Without its type an event cannot be understood, and a DELETED may be swallowed. */
function fieldsOf(fields: readonly string[] | undefined): string | undefined {
  return fields && [...new Set(['result.type', ...fields])].join(',');
}

/** Holds the answer against the question: anything else is no answer of Argo CD. */
function isThat(answer: Application, ref: ApplicationRef, details: AppError['details'] = {}): Application {
  const { metadata } = answer;
  const isOther = ref.namespace !== undefined && metadata?.namespace !== ref.namespace;
  if (metadata?.name !== ref.name || isOther) {
    throw failure(
      'cluster_unreachable',
      'garbage',
      'The cluster answers with another object than the one asked for.',
      details,
    );
  }
  return answer;
}
