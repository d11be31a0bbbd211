import { hasEnded, isStartedBy, revisionsOf } from '../argocd/rules.js';
import type { Application, OperationState } from '../argocd/schemas.js';

/** What a state of the application says of the operation of one job. */
export type Verdict =
  /** No sign of it, and none was seen before. */
  | { kind: 'nothing' }
  /** Requested (no state yet) or running. */
  | { kind: 'running'; state?: OperationState }
  | { kind: 'ended'; state: OperationState }
  /** It was there, and something else stands in its place: it is over, and how it ended was not seen. */
  | { kind: 'overwritten' };

export type HistoryEntry = NonNullable<NonNullable<Application['status']>['history']>[number];

/** Clocks of two machines, and stamps that are cut to the second. */
const clockToleranceMs = 10_000;

/** Gathers what the states of an application tell about the operation of one job. */
export class SyncEvidence {
  private isKnown = false;
  private baseline?: Application;
  /** Revisions the operation was asked for or ran with; empty while not known. */
  private revisions: string[] = [];
  private username?: string;

  constructor(private readonly jobId: string) {}

  /** The application as it stood before Argo CD was asked. */
  setBaseline(application: Application): void {
    this.baseline = application;
  }

  /** Argo CD has accepted, by its own word; `application` is its answer, if this process got it. */
  accept(application?: Application): void {
    this.isKnown = true;
    if (!application) return;
    this.baseline ??= application;
    this.note(application);
  }

  take(application: Application): Verdict {
    const { operation, status } = application;
    const state = status?.operationState ?? undefined;
    const isRequested = isStartedBy(operation, this.jobId);
    const isItsState = isStartedBy(state?.operation, this.jobId);
    if (isRequested || isItsState) {
      this.isKnown = true;
      this.note(application);
    }
    if (isItsState && state && hasEnded(state) && !isRequested) return { kind: 'ended', state };
    if (isRequested || isItsState) return { kind: 'running', ...(isItsState && state ? { state } : {}) };
    return { kind: this.isKnown ? 'overwritten' : 'nothing' };
  }

  /**
   * The entry that the operation left in the history, if it succeeded. It carries no job id: it is the first one after
   * the job asked (by number, or by time if another process asked) that was started by the same account.
   */
  historyEntry(application: Application, known: { username?: string; postingAt: string }): HistoryEntry | undefined {
    const username = this.username ?? known.username;
    const lastId = this.baseline?.status?.history?.at(-1)?.id ?? (this.baseline ? -1 : undefined);
    const sinceMs = Date.parse(known.postingAt) - clockToleranceMs;
    const entry = (application.status?.history ?? []).find(({ id, deployStartedAt }) =>
      lastId === undefined ? Date.parse(deployStartedAt ?? '') >= sinceMs : (id ?? -1) > lastId,
    );
    if (!entry || username === undefined || entry.initiatedBy?.username !== username) return undefined;
    if (entry.initiatedBy.automated) return undefined;
    const isSame = this.revisions.length === 0 || revisionsOf(entry).join() === this.revisions.join();
    return isSame ? entry : undefined;
  }

  /** True when no operation at all can have begun since the job asked: nothing was overwritten, nothing is hidden. */
  isUntouched(application: Application, postingAt: string): boolean {
    if (application.operation || this.isKnown) return false;
    const startedAt = application.status?.operationState?.startedAt;
    if (this.baseline) return startedAt === this.baseline.status?.operationState?.startedAt;
    return !startedAt || Date.parse(startedAt) < Date.parse(postingAt) - clockToleranceMs;
  }

  private note({ operation, status }: Application): void {
    const own = isStartedBy(operation, this.jobId) ? operation : status?.operationState?.operation;
    if (!isStartedBy(own, this.jobId)) return;
    this.username = own?.initiatedBy?.username ?? this.username;
    const revisions = revisionsOf(own?.sync);
    if (revisions.length > 0) this.revisions = revisions;
  }
}
