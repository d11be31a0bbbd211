/**
 * Resolves at the first SIGTERM or SIGINT. A second one ends the process at once: who asks twice does not want to wait.
 */
export function untilAskedToStop(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false;
    const stop = (signal: NodeJS.Signals): void => {
      if (asked) process.exit(130);
      asked = true;
      resolve(signal);
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
}

/** Calls `act` at every SIGHUP, which then no longer ends the process; the result ends that. Windows has no such signal. */
export function onHangup(act: () => void): () => void {
  process.on('SIGHUP', act);
  return () => process.off('SIGHUP', act);
}
