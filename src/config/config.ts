/**
 * The configuration as the program uses it: validated, defaults applied, limits merged per cluster.
 * Secrets are not in here, only where they come from.
 */
export interface Config {
  server: ServerConfig;
  redis: RedisConfig;
  clusters: ClusterConfig[];
  /** First 12 hex digits of the SHA-256 of the normalised configuration, secrets' sources included, secrets not. */
  hash: string;
}

/** `api` answers calls, `worker` does jobs, `all` does both. */
export const processRoles = ['api', 'worker', 'all'] as const;
export type ProcessRole = (typeof processRoles)[number];

/** Where a secret comes from. `value` stands for a token of the official server's registry and for a
 * Redis address that is written into the file as it is; tokens never are. */
export type SecretSource =
  | { kind: 'env'; name: string }
  | { kind: 'file'; path: string }
  | { kind: 'command'; argv: [string, ...string[]] }
  | { kind: 'value'; value: string };

export interface ServerConfig {
  host: string;
  port: number;
  publicUrl?: string;
  /** Extra host names (no port) that Host and Origin may carry, beside loopback names and that of `publicUrl`. */
  allowedHosts: string[];
  /** Origins that get CORS headers. Empty: no CORS header ever. */
  corsOrigins: string[];
  /** Nobody may change anything through this server. */
  readOnly: boolean;
  apiKeys: ApiKeyConfig[];
}

export type Role = 'viewer' | 'operator' | 'admin';

export interface ApiKeyConfig {
  name: string;
  /** `sha256:<hex of the key's SHA-256>`; keys are 256 random bits, so no slow hash is needed. */
  hash: string;
  role: Role;
  /** Cluster selector (the contract's comma list). Absent: every cluster. */
  clusters?: string;
  /** Globs over project names. Absent: every project. */
  projects?: string[];
  /** Globs over tool names. Absent: every tool the role allows. */
  tools?: string[];
}

export interface RedisConfig {
  /** Absent: embedded. */
  cache?: SecretSource;
  queue?: SecretSource;
  /** Prefix of every key; default `argocd-fleet`. */
  keyPrefix: string;
}

export interface ClusterConfig {
  name: string;
  /** Base URL with its path prefix and without a trailing slash, for example `https://argocd.example.com/argocd`. */
  url: string;
  labels: Record<string, string>;
  token: SecretSource;
  tls: TlsConfig;
  /** Sent with every request. */
  headers: Record<string, string>;
  readOnly: boolean;
  limits: ClusterLimits;
}

export interface TlsConfig {
  caFile?: string;
  certFile?: string;
  keyFile?: string;
  insecureSkipVerify: boolean;
}

export interface ClusterLimits {
  /** Deadline of one request, body included. Default 10000. */
  timeoutMs: number;
  /** Time to open a connection. Default 5000. */
  connectTimeoutMs: number;
  /** Requests under way at once, streams apart. Default 8. */
  concurrentRequests: number;
  /** Bytes of one answer (decoded) and of one stream frame. Default 256 MiB. */
  responseBytesMax: number;
  /** A stream without a byte for so long is dead; Argo CD sends a keep-alive every 15 s. Default 45000. */
  streamIdleMs: number;
  /** Time until a stream's first byte before the watcher falls back to polling. Default 30000. */
  streamHeaderMs: number;
  /** Time between two complete lists that prune the index, before jitter. Default 300000. */
  relistMs: number;
}
