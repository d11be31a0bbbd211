import { isEnded, type JobRecord } from './job.js';
import type { VersionedRecord } from './job-records.js';

/** Where a waiter looks. */
export interface WatchedJobs {
  read(jobId: string): Promise<VersionedRecord | undefined>;
  /** Tells of every change from now on, and of gaps: then something may have been missed. Returns how to stop it. */
  watch(jobId: string, watcher: { onChange: (change: VersionedRecord) => void; onGap: () => void }): () => void;
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
  const reread = async (): Promise<void> => {
    const change = await jobs.read(jobId);
    if (change) see(change);
    else finish();
  };
  const rereadQuietly = (): void => void reread().catch(() => undefined);

  // Before the first read: a change between the two must not be missed.
  const unwatch = jobs.watch(jobId, { onChange: see, onGap: rereadQuietly });
  const interval = setInterval(rereadQuietly, rereadMs);
  const timer = setTimeout(finish, Math.max(timeoutMs, 0));
  const onAbort = (): void => finish();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await reread();
    if (signal?.aborted) finish();
    await finished;
    // Nobody listens any more, or nothing can change any more.
    if (signal?.aborted || (seen && isEnded(seen.record.state))) return seen?.record;
    return (await jobs.read(jobId))?.record;
  } finally {
    unwatch();
    clearInterval(interval);
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}
