/**
 * Tries `probe` until it neither throws nor answers `false`, and gives its answer. Fails with the last reason after
 * `timeoutMs`. Tests wait with this instead of sleeping.
 */
export async function eventually<T>(
  probe: () => T | Promise<T>,
  options: { timeoutMs?: number; everyMs?: number } = {},
): Promise<T> {
  const { timeoutMs = 5_000, everyMs = 20 } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let reason: unknown;
    try {
      const answer = await probe();
      if (answer !== false) return answer;
      reason = new Error('the probe answered false');
    } catch (error) {
      reason = error;
    }
    if (performance.now() >= deadline) {
      throw new Error(`Not so within ${timeoutMs} ms: ${reason instanceof Error ? reason.message : String(reason)}`, {
        cause: reason,
      });
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
