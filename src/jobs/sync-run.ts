import type { ApplicationRef, ArgoCdApi } from '../argocd/argocd-api.js';
import { isOperationOf, isSettled, revisionsOf } from '../argocd/rules.js';
import type { Application } from '../argocd/schemas.js';
import { AppError } from '../errors/app-error.js';
import type { Logger } from '../telemetry/logger.js';
import type { JobContext, JobEnd } from './job-queue.js';
import type { JobRecord } from './job.js';
import { SyncEvidence } from './sync-evidence.js';
import { SyncFollower } from './sync-follower.js';
import { bareEnd, deadlineEnd, endByHistory, goneEnd, refusedEnd, unknownEnd } from './sync-ends.js';
import { endOf } from './sync-outcome.js';
import { SyncProgress } from './sync-progress.js';
import { readApplication, stateAfter } from './sync-settle.js';
import { startOperation, syncRequest } from './sync-start.js';
import type { SyncTiming } from './sync-timing.js';

export interface SyncRunOptions {
  job: JobRecord;
  context: JobContext;
  api: ArgoCdApi;
  timing: SyncTiming;
  log?: Pick<Logger, 'info' | 'warn'>;
}

/** One worker's run of one sync job. */
export class SyncRun {
  private readonly ref: ApplicationRef;
  private readonly evidence: SyncEvidence;
  private readonly progress: SyncProgress;
  private readonly follower: SyncFollower;
  private readonly deadlineMs: number;
  private postingAt: string;
  private latest?: Application;
  /** When Argo CD's acceptance was seen here, for a duration finer than its stamps. */
  private acceptedAtMs?: number;

  constructor(private readonly options: SyncRunOptions) {
    const { job, context, api, timing } = options;
    this.ref = { name: job.application, namespace: job.namespace, project: job.project };
    this.evidence = new SyncEvidence(job.jobId);
    this.progress = new SyncProgress(context, timing.progressMs);
    const { pollMs, reconnectMs } = timing;
    this.follower = new SyncFollower({ api, ref: this.ref, signal: context.signal, pollMs, reconnectMs });
    this.deadlineMs = Date.parse(job.deadlineAt);
    this.postingAt = job.postingAt ?? '';
  }

  async run(): Promise<JobEnd> {
    const { job, context, timing } = this.options;
    try {
      await this.follower.start(timing.openMs);
      if (job.postingAt === undefined) return await this.begin();
      if (job.acceptedVersion === undefined) return await this.search({ mayAskAgain: true });
      this.evidence.accept();
      this.follower.raiseTo(job.acceptedVersion);
      return await this.follow();
    } finally {
      await this.follower.close();
      await this.progress.stop();
      // Whatever was being returned: a job that is let go must not end here.
      context.signal.throwIfAborted();
    }
  }

  private get remainingMs(): number {
    return this.deadlineMs - Date.now();
  }

  private async begin(): Promise<JobEnd> {
    const before = await this.read();
    if (before instanceof AppError && (before.code === 'not_found' || before.code === 'cluster_refused')) {
      return refusedEnd(before);
    }
    if (!(before instanceof AppError)) this.evidence.setBaseline(before);
    return this.ask();
  }

  private async ask(): Promise<JobEnd> {
    const { job, context, api } = this.options;
    if (this.remainingMs <= 0) {
      return bareEnd('deadline_exceeded', 'The deadline passed before Argo CD could be asked. Nothing was started.');
    }
    this.postingAt = new Date().toISOString();
    await context.update({ postingAt: this.postingAt, message: 'Asking Argo CD for the sync.' });
    const { signal } = context;
    const request = syncRequest(job.jobId, job.parameters);
    const started = await startOperation(api, this.ref, request, { signal, untilMs: this.deadlineMs });
    switch (started.kind) {
      case 'accepted': {
        const acceptedVersion = started.application.metadata?.resourceVersion ?? undefined;
        this.acceptedAtMs = performance.now();
        this.evidence.accept(started.application);
        this.follower.raiseTo(acceptedVersion);
        this.latest = started.application;
        await context.update({ acceptedVersion });
        this.progress.operation(undefined);
        return this.follow();
      }
      case 'lost':
        this.options.log?.warn({ jobId: job.jobId, reason: started.error.message }, 'the answer to a sync was lost');
        return this.search({ mayAskAgain: false });
      case 'refused':
        return this.refused(started.error);
    }
  }

  private async refused(error: AppError): Promise<JobEnd> {
    if (error.details['reason'] !== 'conflict') return refusedEnd(error);
    // A try before this one may have come through after all.
    const now = await this.read();
    if (now instanceof AppError || !isOperationOf(now, this.options.job.jobId)) return refusedEnd(error);
    this.evidence.accept(now);
    return this.follow();
  }

  /**
   * Looks for the operation of a request whose answer is not known, until such a request cannot be alive any more.
   * `mayAskAgain`: the asking process died; without any trace, and with none that could be hidden, it never asked.
   */
  private async search({ mayAskAgain }: { mayAskAgain: boolean }): Promise<JobEnd> {
    this.progress.show({ message: 'It is not known whether Argo CD accepted the sync; looking for it.' });
    const untilMs = Date.parse(this.postingAt) + this.options.timing.evidenceMs;
    for (;;) {
      const sighting = await this.follower.next(Math.max(0, Math.min(untilMs, this.deadlineMs) - Date.now()));
      if (sighting?.kind === 'gone' && (await this.isGone())) return goneEnd();
      if (sighting?.kind === 'state') {
        const end = await this.takeOwn(sighting.application);
        if (end) return end;
      }
      if (Date.now() < untilMs && this.remainingMs > 0) continue;
      // Only a look after the last moment counts.
      const now = await this.read();
      if (!(now instanceof AppError)) {
        const end = await this.takeOwn(now);
        if (end) return end;
        return this.withoutTrace(now, mayAskAgain);
      }
      if (now.code === 'not_found' && (await this.isGone())) return goneEnd();
      if (this.remainingMs <= 0) return unknownEnd('The cluster cannot be asked any more.');
      await this.follower.next(Math.min(1_000, this.remainingMs));
    }
  }

  /** Follows on if this state shows the job's operation. */
  private async takeOwn(application: Application): Promise<JobEnd | undefined> {
    this.latest = application;
    const verdict = this.evidence.take(application);
    if (verdict.kind === 'nothing') return undefined;
    const acceptedVersion = application.metadata?.resourceVersion ?? undefined;
    await this.options.context.update({ acceptedVersion });
    return (await this.judge(application)) ?? this.follow();
  }

  private async withoutTrace(application: Application, mayAskAgain: boolean): Promise<JobEnd> {
    const entry = await this.historyEntry(application);
    if (entry) return endByHistory(entry, { application, settled: isSettled(application) });
    const isUntouched = this.evidence.isUntouched(application, this.postingAt);
    if (mayAskAgain && isUntouched) {
      this.evidence.setBaseline(application);
      return this.ask();
    }
    return unknownEnd(
      isUntouched
        ? 'No trace of it was found for as long as such a request can live: most probably it was not started.'
        : 'Another operation has begun since, and hides what became of it.',
      application,
    );
  }

  private async follow(): Promise<JobEnd> {
    for (;;) {
      const sighting = await this.follower.next(this.remainingMs);
      if (sighting?.kind === 'gone' && (await this.isGone())) return goneEnd();
      if (sighting?.kind === 'state') {
        const end = await this.judge(sighting.application);
        if (end) return end;
      }
      if (this.remainingMs <= 0) return deadlineEnd(this.latest);
    }
  }

  private async judge(application: Application): Promise<JobEnd | undefined> {
    this.latest = application;
    const verdict = this.evidence.take(application);
    switch (verdict.kind) {
      case 'nothing':
        return undefined;
      case 'running':
        this.progress.operation(verdict.state);
        return undefined;
      case 'ended': {
        const durationMs = this.acceptedAtMs && Math.round(performance.now() - this.acceptedAtMs);
        const { api, context, timing } = this.options;
        this.progress.show({
          phase: verdict.state.phase ?? 'Unknown',
          message: 'The operation has ended; Argo CD compares the application.',
        });
        const settling = {
          api,
          ref: this.ref,
          follower: this.follower,
          signal: context.signal,
          settleMs: timing.settleMs,
        };
        return endOf(verdict.state, await stateAfter(application, settling), durationMs);
      }
      case 'overwritten': {
        const entry = await this.historyEntry(application);
        if (entry) return endByHistory(entry, { application, settled: isSettled(application) });
        return unknownEnd('It is over, but another operation followed at once and overwrote its result.', application);
      }
    }
  }

  private async historyEntry(application: Application): Promise<string | undefined> {
    const { context, api, job } = this.options;
    if (job.parameters.dryRun) return undefined;
    const username = await api.userInfo({ signal: context.signal }).then(
      (info) => info.username ?? undefined,
      () => undefined,
    );
    context.signal.throwIfAborted();
    const entry = this.evidence.historyEntry(application, { username, postingAt: this.postingAt });
    return entry && revisionsOf(entry).join(',');
  }

  private read(): Promise<Application | AppError> {
    const { api, context } = this.options;
    return readApplication(api, this.ref, { signal: context.signal });
  }

  /** A DELETED event may be of an application that was made again at once. */
  private async isGone(): Promise<boolean> {
    const now = await this.read();
    return now instanceof AppError && now.code === 'not_found';
  }
}
