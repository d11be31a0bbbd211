import { randomBytes } from 'node:crypto';
import type { Answer, Exchange, Listening } from '../contract/truth/exchange.js';
import { exchange, listen } from '../contract/truth/exchange.js';
import { eventually } from '../support/eventually.js';

/** An Argo CD to be tried: a simulator or a real one. */
export interface Target {
  /** Base address, root path included. */
  url: string;
  /** Of an account that may make projects and applications. */
  token: string;
  /** A Git repository that Argo CD can read, holding what test/real/repository holds. */
  repo: string;
  /** Of an account that may only get applications of the suite's project, if there is one. */
  readerToken?: (project: string) => string;
}

export interface Application {
  metadata: { name: string; annotations?: Record<string, string> | null; deletionTimestamp?: string };
  spec: { syncPolicy?: unknown };
  operation?: { info?: { name: string; value: string }[]; sync?: Record<string, unknown>; initiatedBy?: object };
  status: {
    sync: { status: string; revision?: string };
    health: { status?: string };
    sourceType?: string;
    reconciledAt?: string;
    conditions?: { type: string; message: string }[] | null;
    resources?: { group?: string; kind: string; name: string; namespace?: string; syncWave?: number }[] | null;
    history?: { id: number; initiatedBy?: { username?: string } }[] | null;
    operationState?: {
      phase: string;
      message?: string;
      finishedAt?: string;
      operation: { info?: { name: string; value: string }[] };
      syncResult?: { resources?: { kind: string; status?: string; hookType?: string }[] | null };
    };
  };
}

/** Where everything is deployed; Argo CD makes it, and it stays behind, empty. */
const NAMESPACE = 'fleet-verify';
const OPERATION_MS = 120_000;

/** A project of the suite's own on the target, and the applications that it made in it. */
export class Bench {
  readonly project = `fleet-verify-${randomBytes(4).toString('hex')}`;
  private readonly applications = new Set<string>();
  private count = 0;

  constructor(readonly target: Target) {}

  async prepare(): Promise<void> {
    await this.must('POST', '/projects', { project: { metadata: { name: this.project }, spec: this.projectSpec() } });
  }

  /** Removes every application that is left, with what it deployed, and the project. */
  async dispose(): Promise<void> {
    for (const name of [...this.applications]) await this.remove(name).catch(() => undefined);
    for (const name of [...this.applications]) await this.call('DELETE', `/applications/${name}?cascade=false`);
    await eventually(
      async () => [200, 403, 404].includes((await this.call('DELETE', `/projects/${this.project}`)).status),
      {
        timeoutMs: 30_000,
        everyMs: 250,
      },
    );
  }

  projectSpec(more: object = {}): object {
    return {
      sourceRepos: [this.target.repo],
      destinations: [{ server: 'https://kubernetes.default.svc', namespace: NAMESPACE }],
      clusterResourceWhitelist: [{ group: '', kind: 'Namespace' }],
      ...more,
    };
  }

  async changeProject(more: object): Promise<void> {
    const { metadata } = (await this.must('GET', `/projects/${this.project}`)) as { metadata: object };
    await this.must('PUT', `/projects/${this.project}`, { project: { metadata, spec: this.projectSpec(more) } });
  }

  /** A new application of a path of the repository, not yet synced but compared. Gives its name. */
  async create(
    path: string,
    options: { isUnchecked?: boolean; labels?: Record<string, string> } = {},
  ): Promise<string> {
    this.count += 1;
    const name = `${this.project}-${this.count}`;
    this.applications.add(name);
    await this.must(
      'POST',
      `/applications${options.isUnchecked ? '?validate=false' : ''}`,
      this.manifest(name, path, options.labels),
    );
    await this.until(name, (application) => Boolean(application.status.reconciledAt));
    return name;
  }

  manifest(name: string, path: string, labels?: Record<string, string>): object {
    return {
      metadata: { name, ...(labels ? { labels } : {}) },
      spec: {
        project: this.project,
        source: { repoURL: this.target.repo, path, targetRevision: 'HEAD' },
        destination: { server: 'https://kubernetes.default.svc', namespace: NAMESPACE },
        syncPolicy: { syncOptions: ['CreateNamespace=true'] },
      },
    };
  }

  /** Deletes an application with what it deployed and waits until it is gone. */
  async remove(name: string): Promise<void> {
    await this.must('DELETE', `/applications/${name}?project=${this.project}&cascade=true`);
    await eventually(
      async () => (await this.call('GET', `/applications/${name}?project=${this.project}`)).status === 404,
      {
        timeoutMs: OPERATION_MS,
        everyMs: 100,
      },
    );
    this.applications.delete(name);
  }

  sync(name: string, body: object = {}): Promise<Answer> {
    return this.call('POST', `/applications/${name}/sync`, { project: this.project, ...body });
  }

  /** Syncs and waits for the end of it and of the reconciliation that follows. */
  async synced(name: string, body: object = {}): Promise<Application> {
    const answer = await this.sync(name, body);
    if (answer.status !== 200) throw new Error(`sync: ${answer.status} ${answer.text}`);
    return this.ended(name);
  }

  /** Waits until no operation runs and the application was refreshed afterwards. */
  async ended(name: string): Promise<Application> {
    await this.until(name, ({ operation, status }) => !operation && Boolean(status.operationState?.finishedAt));
    return (await this.must(
      'GET',
      `/applications/${name}?project=${this.project}&refresh=normal`,
    )) as unknown as Application;
  }

  /** Asks for the application until it is so. */
  async until(name: string, isSo: (application: Application) => boolean): Promise<Application> {
    return eventually(
      async () => {
        const application = (await this.must(
          'GET',
          `/applications/${name}?project=${this.project}`,
        )) as unknown as Application;
        if (!isSo(application)) throw new Error(`${name} is ${JSON.stringify(application.status).slice(0, 600)}`);
        return application;
      },
      { timeoutMs: OPERATION_MS, everyMs: 50 },
    );
  }

  /** A call with the administrator's token; headers may be replaced, or taken away with an empty text. */
  call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return exchange(this.target.url, this.request(method, `/api/v1${path}`, body, headers), OPERATION_MS);
  }

  /** As `call`, below the root path and without a token. */
  anonymous(path: string): Promise<Answer> {
    return exchange(this.target.url, { method: 'GET', path, headers: {} });
  }

  stream(path: string, headers: Record<string, string> = { accept: 'text/event-stream' }): Listening {
    return listen(this.target.url, this.request('GET', `/api/v1/stream${path}`, undefined, headers));
  }

  private async must(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const answer = await this.call(method, path, body);
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return JSON.parse(answer.text) as Record<string, unknown>;
  }

  private request(method: string, path: string, body: unknown, headers: Record<string, string>): Exchange {
    const sent = {
      authorization: `Bearer ${this.target.token}`,
      ...(method === 'GET' ? {} : { 'content-type': 'application/json' }),
      ...headers,
    };
    return {
      method,
      path,
      body,
      headers: Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== '')),
    };
  }
}
