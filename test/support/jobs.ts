import type { JobEnd } from '../../src/jobs/job-queue.js';
import { newJobId } from '../../src/jobs/job-record.js';
import type { JobRecord } from '../../src/jobs/job.js';

/** A sync job as `Jobs.startSync` makes it. */
export function syncJob(change: Partial<JobRecord> = {}): JobRecord {
  return {
    jobId: newJobId('sync'),
    kind: 'sync',
    cluster: 'eu-prod',
    namespace: 'argocd',
    application: 'checkout',
    project: 'shop',
    caller: 'local',
    parameters: {},
    state: 'queued',
    durable: true,
    createdAt: new Date().toISOString(),
    deadlineAt: new Date(Date.now() + 600_000).toISOString(),
    ...change,
  };
}

export const succeeded: JobEnd = {
  state: 'succeeded',
  phase: 'Succeeded',
  message: 'done',
  outcome: { revision: 'abc', resources: [], resourcesOmitted: 0 },
};

/** Something that a test opens by hand: handlers wait for it. */
export class Gate {
  private release: () => void = () => undefined;
  readonly opened = new Promise<void>((resolve) => (this.release = resolve));

  open(): void {
    this.release();
  }

  /** Waits as a well-behaved handler does: throws the signal's reason when it is told to let go. */
  async wait(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await Promise.race([
      this.opened,
      new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
      ),
    ]);
  }
}
