import { setMaxListeners } from 'node:events';
import type { VersionedRecord } from './job-records.js';
import { isEnded, type JobRecord } from './job.js';

/** Where a waiter looks. */
export interface WatchedJobs {
  read(jobId: string): Promise<VersionedRecord | undefined>;
  /**
   * Tells of every change from the moment it resolves, and of gaps: then something may have been missed. Resolves with
   * how to stop it.
   */
  watch(jobId: string, watcher: JobWatcher): Promise<() => void>;
  /** Fires when the queue is closed: nobody waits longer than it. */
  closing: AbortSignal;
}

export interface JobWatcher {
  onChange(change: VersionedRecord): void;
  onGap(): void;
}

/** Should a change never be announced, the waiter sees it so much later. */
const rereadMs = 5_000;

/** `JobQueue.wait` over either queue. */
export async function waitForEnd(
  jobs: WatchedJobs,
  jobId: string,
  options: { timeoutMs: number; signal?: AbortSignal; onUpdate?: (job: JobRecord) => void },
): Promise<JobRecord | undefined> {
  const { timeoutMs, signal, onUpdate } = options;
  let seen: VersionedRecord | undefined;
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));

  const see = (change: VersionedRecord): void => {
    // Changes come by announcement and by reading: each is told once, and never an older one after a newer.
    if (seen && change.version <= seen.version) return;
    const isFirst = seen === undefined;
    seen = change;
    if (!isFirst) onUpdate?.(change.record);
    if (isEnded(change.record.state)) finish();
  };
  const read = async (): Promise<void> => {
    const change = await jobs.read(jobId);
    if (change) return see(change);
    seen = undefined;
    finish();
  };
  const readQuietly = (): void => void read().catch(() => undefined);

  const timer = setTimeout(finish, Math.max(timeoutMs, 0));
  const interval = setInterval(readQuietly, rereadMs);
  // Everybody who waits listens to the same end of the program; that many listeners are no leak.
  setMaxListeners(0, jobs.closing);
  const stoppers = [jobs.closing, ...(signal ? [signal] : [])];
  for (const stopper of stoppers) stopper.addEventListener('abort', finish, { once: true });
  let unwatch: (() => void) | undefined;
  try {
    // Before the first read: a change between the two must not be missed.
    unwatch = await jobs.watch(jobId, { onChange: see, onGap: readQuietly });
    await read();
    const isStopped = (): boolean => stoppers.some((stopper) => stopper.aborted);
    if (!isStopped()) await finished;
    if (seen && !isEnded(seen.record.state)) {
      await read().catch((error: unknown) => {
        if (!isStopped()) throw error;
      });
    }
    return (seen as VersionedRecord | undefined)?.record;
  } finally {
    unwatch?.();
    clearTimeout(timer);
    clearInterval(interval);
    for (const stopper of stoppers) stopper.removeEventListener('abort', finish);
  }
}
