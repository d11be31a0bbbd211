export interface SyncTiming {
  /** How long a stream is awaited before Argo CD is asked without one. */
  openMs: number;
  pollMs: number;
  reconnectMs: number;
  /** How long a trace of a request is looked for whose answer was lost: longer than such a request can live. */
  evidenceMs: number;
  /** How long the comparison after the operation is awaited before it is asked for. */
  settleMs: number;
  /** Between two notes of progress. */
  progressMs: number;
}

export const syncTiming: SyncTiming = {
  openMs: 3_000,
  pollMs: 3_000,
  reconnectMs: 500,
  evidenceMs: 30_000,
  settleMs: 2_000,
  progressMs: 500,
};
