/** A deadline and the caller's wish to stop, as one signal. `release` must be called, or the timer lives on. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** True when it was the deadline that fired, not the caller. */
  readonly hasPassed: boolean;
  /** Settles as `work` does, or rejects at once when the signal fires. */
  race<T>(work: Promise<T>): Promise<T>;
  release(): void;
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
  else caller?.addEventListener('abort', stop, { once: true });
  return {
    signal: controller.signal,
    get hasPassed() {
      return hasPassed;
    },
    race: (work) => race(work, controller.signal),
    release: () => {
      clearTimeout(timer);
      caller?.removeEventListener('abort', stop);
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
