import type { ClusterLimits } from './config.js';

/** Values of what the file leaves out. The schema and the documentation show these same constants. */
export const defaultLimits: Readonly<ClusterLimits> = {
  timeoutMs: 10_000,
  connectTimeoutMs: 5_000,
  concurrentRequests: 8,
  responseBytesMax: 256 * 1024 * 1024,
  streamIdleMs: 45_000,
  streamHeaderMs: 30_000,
  relistMs: 300_000,
};

export const defaultServer = { host: '127.0.0.1', port: 8090, readOnly: false } as const;

export const defaultKeyPrefix = 'argocd-fleet';
