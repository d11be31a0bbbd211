/** Does one piece of work after the other, in the order in which they were given. */
export class OneAtATime {
  private last: Promise<void> = Promise.resolve();

  /** Waits for its turn, works, and gives what came of it. A signal that fires before the turn rejects with its reason. */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const before = this.last;
    let leave = (): void => {};
    const left = new Promise<void>((resolve) => (leave = resolve));
    this.last = before.then(() => left);
    try {
      await turn(before, signal);
      return await work();
    } finally {
      leave();
    }
  }
}

function turn(before: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return before;
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    void before.then(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
  });
}
