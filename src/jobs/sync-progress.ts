import { isRetrying } from '../argocd/rules.js';
import type { OperationState } from '../argocd/schemas.js';
import { upstreamText } from '../argocd/upstream-text.js';
import type { JobContext } from './job-queue.js';

type Shown = { phase?: string; message: string };

/**
 * Notes progress: only what changed, and at most once in `everyMs`, the newest last. Never holds the caller up; what
 * fails to be noted is not worth a job.
 */
export class SyncProgress {
  private wanted?: Shown;
  private shown?: Shown;
  private timer?: NodeJS.Timeout;
  private writing: Promise<void> = Promise.resolve();
  private lastAt = -Infinity;

  constructor(
    private readonly context: JobContext,
    private readonly everyMs: number,
  ) {}

  /** The operation as Argo CD tells it; undefined while it is only requested. */
  operation(state: OperationState | undefined): void {
    const text = upstreamText(state?.message);
    const said = text ? `Argo CD: ${text}` : undefined;
    if (!state) this.show({ phase: 'Running', message: 'Argo CD has accepted the sync and will start it.' });
    else if (isRetrying(state)) {
      this.show({
        phase: 'Running',
        message: `Attempt failed, waiting for retry ${state.retryCount ?? 1}. ${said ?? ''}`.trim(),
      });
    } else this.show({ phase: state.phase ?? 'Running', message: said ?? 'Argo CD is running the sync.' });
  }

  show(next: Shown): void {
    this.wanted = next;
    if (this.timer !== undefined) return;
    const waitMs = Math.max(0, this.lastAt + this.everyMs - performance.now());
    if (waitMs === 0) this.write();
    else this.timer = setTimeout(() => this.write(), waitMs);
  }

  /** Nothing is noted after this resolves. */
  async stop(): Promise<void> {
    clearTimeout(this.timer);
    this.wanted = undefined;
    await this.writing;
  }

  private write(): void {
    this.timer = undefined;
    const next = this.wanted;
    if (!next || (next.phase === this.shown?.phase && next.message === this.shown?.message)) return;
    this.shown = next;
    this.lastAt = performance.now();
    this.writing = this.writing.then(() => this.context.update(next)).catch(() => undefined);
  }
}
