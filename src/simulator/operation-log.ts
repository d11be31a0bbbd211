/** One operation that this instance accepted, for a test that must prove how many there were. */
export interface LoggedOperation {
  id: number;
  at: string;
  application: string;
  namespace: string;
  kind: 'sync' | 'rollback' | 'automated' | 'rolling-sync';
  initiatedBy: string;
  revision?: string;
  isDryRun: boolean;
  infos: { name: string; value: string }[];
  /** Absent while it goes on. */
  phase?: string;
  finishedAt?: string;
}

const KEPT = 10_000;

/** Accepted operations, oldest first. */
export class OperationLog {
  private entries: LoggedOperation[] = [];
  private count = 0;

  accept(entry: Omit<LoggedOperation, 'id'>): void {
    this.count += 1;
    this.entries.push({ id: this.count, ...entry });
    if (this.entries.length > KEPT) this.entries.shift();
  }

  /** Marks the youngest open operation of an application as ended. */
  finish(namespace: string, application: string, phase: string, at: string): void {
    const open = this.entries.findLast(
      (entry) => entry.application === application && entry.namespace === namespace && entry.phase === undefined,
    );
    if (open) Object.assign(open, { phase, finishedAt: at });
  }

  list(): LoggedOperation[] {
    return this.entries.map((entry) => ({ ...entry }));
  }

  clear(): void {
    this.entries = [];
  }
}
