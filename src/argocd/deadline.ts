import { setMaxListeners } from 'node:events';

/** A deadline and the caller's wish to stop, as one signal. `release` must be called, or the timer lives on. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** True when it was the deadline that fired, not the caller. */
  readonly hasPassed: boolean;
  /** Settles as `work` does, or rejects at once when the signal fires. */
  race<T>(work: Promise<T>): Promise<T>;
  release(): void;
  /** Releases and fires the signal: whatever still hangs on it is given up. */
  stop(): void;
}

export function deadline(timeoutMs: number, caller?: AbortSignal): Deadline {
  const controller = new AbortController();
  let hasPassed = false;
  const timer = setTimeout(() => {
    hasPassed = true;
    controller.abort();
  }, timeoutMs);
  const stop = (): void => controller.abort(caller?.reason);
  if (caller?.aborted) stop();
  else if (caller) {
    // One caller may have many requests under way; each takes its listener away again.
    setMaxListeners(0, caller);
    caller.addEventListener('abort', stop, { once: true });
  }
  const release = (): void => {
    clearTimeout(timer);
    caller?.removeEventListener('abort', stop);
  };
  return {
    signal: controller.signal,
    get hasPassed() {
      return hasPassed;
    },
    race: (work) => race(work, controller.signal),
    release,
    stop: () => {
      release();
      controller.abort();
    },
  };
}

function race<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** Settles as `work` does, or rejects with the error that `late` makes after so long. */
export async function withinTime<T>(work: Promise<T>, timeoutMs: number, late: () => Error): Promise<T> {
  if (timeoutMs === Infinity) return work;
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), timeoutMs);
  });
  // If time runs out, the work ends later, by whatever gives it up.
  work.catch(() => undefined);
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
