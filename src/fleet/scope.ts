/**
 * What a caller may see. The fleet knows no callers, only scopes: every query, name resolution, suggestion, count and
 * job lookup goes through one, and what is outside it does not exist.
 */
export interface Scope {
  /** True if the cluster may be seen. */
  cluster(cluster: { name: string; labels: Readonly<Record<string, string>> }): boolean;
  /** True if applications of the project may be seen. */
  project(project: string): boolean;
  /** Stable text that is equal for equal scopes; cursors are bound to it. */
  readonly key: string;
}

/** Sees everything. */
export const everything: Scope = { cluster: () => true, project: () => true, key: '*' };
