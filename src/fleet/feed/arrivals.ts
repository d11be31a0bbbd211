import { nextSlice } from '../../argocd/time-slice.js';

/**
 * Counts down the applications that a stream has yet to bring. Waiting costs nothing, and each arrival next to nothing: a
 * hundred clusters that seed at once must not look over what they still lack again and again.
 */
export class Arrivals {
  private readonly awaited = new Set<string>();
  private quiet?: NodeJS.Timeout;
  private finish: () => void = () => {};

  /** The stream told of an application, whatever it told. */
  came(key: string): void {
    if (!this.awaited.delete(key)) return;
    if (this.awaited.size === 0) this.finish();
    else this.quiet?.refresh();
  }

  /**
   * Resolves when all of these have come, or none of them for `quietMs`. Rejects when the signal fires. One call at a
   * time.
   */
  async settled(keys: Iterable<string>, quietMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    for (const key of keys) this.awaited.add(key);
    if (this.awaited.size === 0) return;
    const stop = (): void => this.finish();
    signal.addEventListener('abort', stop, { once: true });
    await new Promise<void>((resolve) => {
      this.finish = resolve;
      this.quiet = setTimeout(() => void this.end(resolve), quietMs);
    });
    signal.removeEventListener('abort', stop);
    clearTimeout(this.quiet);
    this.awaited.clear();
    signal.throwIfAborted();
  }

  /**
   * Nothing has come for long: of a busy process that may say nothing of the stream. Whatever of it waits to be read has
   * its turn first.
   */
  private async end(resolve: () => void): Promise<void> {
    const left = this.awaited.size;
    await nextSlice();
    if (this.awaited.size === left) resolve();
  }
}
