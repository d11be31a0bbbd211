import { setMaxListeners } from 'node:events';
import { AppError } from '../errors/app-error.js';
import type { Tool } from './tool.js';

/** How long a tool that was told to stop may take to end in its own words. */
const graceMs = 250;

/**
 * The time one call may take. At its end, or when the caller goes, `signal` fires and the tool gets a moment to end by
 * itself, because it knows better what did not answer; a tool that does not listen is left behind.
 */
export class Deadline {
  readonly signal: AbortSignal;
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private grace: NodeJS.Timeout | undefined;
  private ended = false;

  constructor(tool: Tool, deadlineMs: number, callerSignal?: AbortSignal) {
    this.signal = callerSignal ? AbortSignal.any([callerSignal, this.controller.signal]) : this.controller.signal;
    // Every cluster that is asked listens to the end of the call; that many listeners are no leak.
    setMaxListeners(0, this.signal);
    this.timer = setTimeout(() => this.controller.abort(timeoutOf(tool, deadlineMs)), deadlineMs);
  }

  /** True once nobody waits for the call any more. */
  get isOver(): boolean {
    return this.ended || this.signal.aborted;
  }

  async limit<T>(work: () => Promise<T>): Promise<T> {
    if (this.signal.aborted) throw this.reason();
    let onAbort: (() => void) | undefined;
    const stopped = new Promise<never>((_resolve, reject) => {
      onAbort = () => {
        this.grace = setTimeout(() => reject(this.reason()), graceMs);
      };
      this.signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
      return await Promise.race([work(), stopped]);
    } catch (error) {
      // A tool that was stopped often fails with a bare AbortError, which says nothing to the caller.
      throw this.signal.aborted && !(error instanceof AppError) ? this.reason(error) : error;
    } finally {
      if (onAbort) this.signal.removeEventListener('abort', onAbort);
      clearTimeout(this.grace);
    }
  }

  end(): void {
    this.ended = true;
    clearTimeout(this.timer);
    clearTimeout(this.grace);
  }

  private reason(cause?: unknown): AppError {
    const reason: unknown = this.signal.reason;
    return reason instanceof AppError
      ? reason
      : new AppError('unavailable', 'The call was cancelled by its caller.', {}, { cause: cause ?? reason });
  }
}

function timeoutOf(tool: Tool, deadlineMs: number): AppError {
  const within = `${tool.name} did not end within ${deadlineMs / 1000} s.`;
  if (tool.effect !== 'read') {
    const advice = 'It is not known whether the change was started: look before you call again.';
    return new AppError('cluster_timeout', `${within} ${advice}`, { deadlineMs });
  }
  // Jobs are read from the queue's store, everything else from clusters.
  return new AppError(tool.toolset === 'jobs' ? 'unavailable' : 'cluster_timeout', within, { deadlineMs });
}
