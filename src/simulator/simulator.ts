import type { Rule } from './accounts.js';
import { AdminApi } from './admin-api.js';
import { applicationListRoutes } from './application-list-routes.js';
import { applicationRoutes } from './application-routes.js';
import { Controller } from './controller.js';
import { detailRoutes } from './detail-routes.js';
import type { Fault } from './fault.js';
import { FaultBoard } from './fault-board.js';
import { Front } from './front.js';
import { Instance } from './instance.js';
import { Listener } from './listener.js';
import type { Mutation } from './mutation.js';
import { createApplications, mutateApplication } from './mutation.js';
import type { LoggedOperation } from './operation-log.js';
import { operationRoutes } from './operation-routes.js';
import { projectRoutes } from './project-routes.js';
import type { Commit } from './repositories.js';
import type { LoggedRequest } from './request-log.js';
import { RequestLog } from './request-log.js';
import { Router } from './router.js';
import { sessionRoutes } from './session-routes.js';
import { streamRoutes } from './stream-routes.js';
import { unservedRoutes } from './unserved-routes.js';
import type { SimulatorOptions } from './simulator-options.js';
import { seedFleet, seedProjects } from './world.js';

/** How long streams live on after a graceful shutdown began (lesson 6). */
const GRACE_MS = 30_000;

/** One Argo CD instance that is none, over real HTTP. `close()` leaves no timer and no socket behind. */
export class Simulator {
  readonly name: string;
  readonly version: NonNullable<SimulatorOptions['version']>;
  /** Tokens that never expire: everything; get in project default; role `ci` of project payments. */
  readonly tokens: { admin: string; reader: string; project: string };
  private readonly requestLog = new RequestLog();
  private readonly faults: FaultBoard;
  private readonly front: Front;
  private readonly admin: AdminApi;
  private readonly listener: Listener;

  private constructor(
    private readonly options: SimulatorOptions,
    private readonly instance: Instance,
    private readonly controller: Controller,
  ) {
    this.name = instance.options.name;
    this.version = instance.options.version;
    this.listener = new Listener(options.host ?? '127.0.0.1', options.port ?? 0, options.tls, (request, response) => {
      const isAdmin = request.url === '/_simulator' || request.url?.startsWith('/_simulator/');
      void (isAdmin ? this.admin.handle(request, response) : this.front.handle(request, response));
    });
    this.faults = new FaultBoard(instance);
    const routes = [
      ...sessionRoutes,
      ...applicationListRoutes,
      ...applicationRoutes,
      ...operationRoutes,
      ...detailRoutes,
      ...streamRoutes,
      ...projectRoutes,
      ...unservedRoutes(instance.profile),
    ];
    this.front = new Front({
      instance,
      controller,
      faults: this.faults,
      requests: this.requestLog,
      router: new Router(routes),
      rootPath: this.rootPath,
    });
    this.admin = new AdminApi(this);
    this.tokens = {
      admin: this.createToken('bot'),
      reader: this.createToken('reader'),
      project: this.createToken('proj:payments:ci'),
    };
  }

  /** Listens when it resolves. Rejects if the port is taken. */
  static async start(options: SimulatorOptions = {}): Promise<Simulator> {
    const instance = new Instance({
      name: options.name ?? 'simulator',
      version: options.version ?? '3.6',
      seed: options.seed ?? 1,
      speed: options.speed ?? 1,
      reconcileMs: options.reconcileMs ?? 120_000,
      keepAliveMs: options.keepAliveMs ?? 15_000,
    });
    if ((options.world ?? 'fleet') === 'fleet') seedFleet(instance, options.applications ?? 20);
    else seedProjects(instance, ['default', 'payments']);
    const simulator = new Simulator(options, instance, new Controller(instance));
    try {
      await simulator.listener.open();
    } catch (error) {
      await simulator.close();
      throw error;
    }
    return simulator;
  }

  /** What a client is configured with: scheme, address and root path. */
  get url(): string {
    return `${this.listener.origin}${this.rootPath}`;
  }

  get adminUrl(): string {
    return `${this.listener.origin}/_simulator`;
  }

  /** Names of all applications, in the order of a list. */
  get applications(): string[] {
    return this.instance.store.list().map((record) => record.name);
  }

  /** A token of an account (made if need be), or of `proj:<project>:<role>`. Without an expiry it lasts for ever. */
  createToken(account: string, options: { expiresInSeconds?: number; id?: string } = {}): string {
    return this.instance.accounts.createToken(account, options);
  }

  revokeTokens(account: string, id?: string): void {
    this.instance.accounts.revokeTokens(account, id);
  }

  expireTokens(account: string): void {
    this.instance.accounts.expireTokens(account);
  }

  setRights(account: string, rules: Rule[]): void {
    this.instance.accounts.setRights(account, rules);
  }

  fault(fault: Fault): string {
    return this.faults.add(fault);
  }

  clearFault(id: string): boolean {
    return this.faults.remove(id);
  }

  clearFaults(): void {
    this.faults.clear();
  }

  listFaults(): ReturnType<FaultBoard['list']> {
    return this.faults.list();
  }

  requests(): LoggedRequest[] {
    return this.requestLog.list();
  }

  clearRequests(): void {
    this.requestLog.clear();
  }

  operations(): LoggedOperation[] {
    return this.instance.operations.list();
  }

  clearOperations(): void {
    this.instance.operations.clear();
  }

  /** Changes an application behind the API's back. Throws `RangeError` if there is none of that name. */
  mutate(application: string, mutation: Mutation): void {
    mutateApplication(this.instance, this.controller, application, mutation);
  }

  /** Adds applications: of the fleet, or plain ones named `<prefix>-<n>`. Streams hear of each. */
  addApplications(count: number, prefix?: string): string[] {
    return createApplications(this.instance, this.controller, count, prefix);
  }

  /** A commit to a repository's main branch; applications notice it when they are reconciled next. */
  commit(repoURL: string, change: Partial<Commit> = {}): Commit {
    return this.admin.commit(this.instance, repoURL, change);
  }

  enableNamespace(namespace: string): void {
    this.instance.extraNamespaces.add(namespace);
  }

  /** Reconciles every application now, instead of when its turn comes. */
  reconcileAll(): void {
    for (const record of this.instance.store.list()) this.controller.reconcile(record);
  }

  /** The cluster is restored from a backup: resourceVersions fall back, open streams end. */
  restoreFromBackup(by = 1000): void {
    for (const stream of [...this.faults.streams]) stream.drop(false);
    this.instance.store.rewind(by);
  }

  openStreams(): number {
    return this.faults.streams.size;
  }

  /**
   * Nobody listens any more: connections are refused. Open ones are reset at once, or, if graceful, streams live on for
   * up to 30 s as after SIGTERM and are reset then.
   */
  goDown(options: { isGraceful?: boolean } = {}): void {
    const sockets = this.listener.refuse();
    const reset = (): void => sockets.forEach((socket) => socket.resetAndDestroy());
    if (options.isGraceful) this.instance.clock.after(GRACE_MS, reset);
    else reset();
  }

  /** Listens again on the same port. */
  comeUp(): Promise<void> {
    return this.listener.open();
  }

  async close(): Promise<void> {
    this.faults.clear();
    this.front.close();
    this.controller.close();
    this.instance.clock.stop();
    await this.listener.close();
  }

  private get rootPath(): string {
    const trimmed = (this.options.rootPath ?? '').replace(/^\/+|\/+$/g, '');
    return trimmed === '' ? '' : `/${trimmed}`;
  }
}
