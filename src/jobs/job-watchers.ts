import type { VersionedRecord } from './job-records.js';
import type { JobWatcher } from './wait-for-end.js';

/** Who waits for which job in this process. */
export class JobWatchers {
  private readonly watchers = new Map<string, Set<JobWatcher>>();

  /** Returns how to remove it again. */
  add(jobId: string, watcher: JobWatcher): () => void {
    const ofJob = this.watchers.get(jobId) ?? new Set();
    this.watchers.set(jobId, ofJob.add(watcher));
    return () => {
      ofJob.delete(watcher);
      if (ofJob.size === 0 && this.watchers.get(jobId) === ofJob) this.watchers.delete(jobId);
    };
  }

  has(jobId: string): boolean {
    return this.watchers.has(jobId);
  }

  tell(change: VersionedRecord): void {
    for (const watcher of [...(this.watchers.get(change.record.jobId) ?? [])]) watcher.onChange(change);
  }

  tellGap(): void {
    for (const ofJob of [...this.watchers.values()]) for (const watcher of [...ofJob]) watcher.onGap();
  }
}
