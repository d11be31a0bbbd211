import { expect } from '@jest/globals';
import type { ArgoCdClient } from '../../src/argocd/client.js';
import type { JobEnd, JobPatch } from '../../src/jobs/job-queue.js';
import type { JobRecord, SyncParameters } from '../../src/jobs/job.js';
import { createSyncHandler } from '../../src/jobs/sync-job.js';
import type { SyncTiming } from '../../src/jobs/sync-timing.js';
import type { SimulatorOptions } from '../../src/simulator/simulator-options.js';
import { Simulator } from '../../src/simulator/simulator.js';
import { ScriptedCredentials, testClient } from './argocd-client.js';
import { eventually } from './eventually.js';

/** Patience of the handler, cut down for tests. */
export const syncTestTiming: SyncTiming = {
  openMs: 1_000,
  pollMs: 150,
  reconnectMs: 50,
  evidenceMs: 1_500,
  settleMs: 500,
  progressMs: 20,
};

/** One run of the handler, with what it noted. */
export interface SyncTestRun {
  /** As a queue would keep it: with every patch. */
  record: JobRecord;
  patches: JobPatch[];
  abort: AbortController;
  end: Promise<JobEnd>;
}

export const messagesOf = ({ patches }: SyncTestRun): string[] => patches.flatMap(({ message }) => message ?? []);

export const syncRecord = (parameters: SyncParameters = {}, more: Partial<JobRecord> = {}): JobRecord => ({
  jobId: 'sync-0001',
  kind: 'sync',
  cluster: 'eu',
  namespace: 'argocd',
  project: 'default',
  application: 'web',
  state: 'running',
  durable: true,
  caller: 'test',
  createdAt: new Date().toISOString(),
  deadlineAt: new Date(Date.now() + 15_000).toISOString(),
  parameters,
  ...more,
});

/** A simulator with the application `web`, a client for it, and the handler of sync jobs. */
export class SyncBench {
  private readonly closing: (() => Promise<void>)[] = [];

  private constructor(
    readonly simulator: Simulator,
    public client: ArgoCdClient,
  ) {
    this.onClose(() => simulator.close());
    this.onClose(() => this.client.close());
  }

  static async start(
    path = 'guestbook',
    options: SimulatorOptions & { spec?: object; timeoutMs?: number } = {},
  ): Promise<SyncBench> {
    const { spec, timeoutMs = 1_000, ...rest } = options;
    const simulator = await Simulator.start({ world: 'empty', reconcileMs: 0, ...rest });
    const bench = new SyncBench(simulator, clientOf(simulator, simulator.url, timeoutMs));
    await bench.create('web', path, spec);
    return bench;
  }

  onClose(close: () => Promise<void>): void {
    this.closing.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.closing.splice(0).reverse()) await close();
  }

  /** Goes on through another address, such as a proxy's. */
  async goThrough(url: string, timeoutMs: number): Promise<void> {
    await this.client.close();
    this.client = clientOf(this.simulator, url, timeoutMs);
  }

  async create(name: string, path: string, spec: object = {}): Promise<void> {
    const source = { repoURL: 'https://git.example.com/platform/apps', path, targetRevision: 'main' };
    const destination = { server: 'https://kubernetes.default.svc', namespace: name };
    const syncPolicy = { syncOptions: ['CreateNamespace=true'] };
    const response = await fetch(`${this.simulator.url}/api/v1/applications`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.simulator.tokens.admin}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        metadata: { name },
        spec: { project: 'default', source, destination, syncPolicy, ...spec },
      }),
    });
    expect(response.status).toBe(200);
    await eventually(async () => (await this.client.get({ name })).status?.sync?.status === 'OutOfSync');
  }

  /** Runs the handler as a queue would. `onPatch` comes after the patch is noted; it may abort, as a death would. */
  run(
    record: JobRecord,
    options: { timing?: Partial<SyncTiming>; onPatch?: (patch: JobPatch) => void } = {},
  ): SyncTestRun {
    const abort = new AbortController();
    const patches: JobPatch[] = [];
    const context = {
      signal: abort.signal,
      update: async (patch: JobPatch): Promise<void> => {
        abort.signal.throwIfAborted();
        patches.push(patch);
        Object.assign(record, patch);
        options.onPatch?.(patch);
        abort.signal.throwIfAborted();
        await Promise.resolve();
      },
    };
    const timing = { ...syncTestTiming, ...options.timing };
    const end = createSyncHandler({ cluster: () => ({ api: this.client }), timing })(record, context);
    end.catch(() => undefined);
    return { record, patches, abort, end };
  }
}

const clientOf = (simulator: Simulator, url: string, timeoutMs: number): ArgoCdClient =>
  testClient(url, { credentials: new ScriptedCredentials([simulator.tokens.admin]), limits: { timeoutMs } });
