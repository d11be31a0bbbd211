import { parseClusterSelector } from '../fleet/cluster-selector.js';
import { parseGlob } from '../fleet/index/glob.js';
import { everything, type Scope } from '../fleet/scope.js';
import type { Caller } from './caller.js';

/**
 * What an API key may see: clusters of its selector, projects of its globs (`*` and `?`); absent means all.
 *
 * Throws `invalid_input` for a selector or glob that cannot be read. An empty list of projects shows nothing.
 */
export function scopeOf(key: { clusters?: string; projects?: readonly string[] }): Scope {
  if (key.clusters === undefined && key.projects === undefined) return everything;
  const selector = key.clusters === undefined ? undefined : parseClusterSelector(key.clusters);
  const projects = key.projects?.map((glob) => parseGlob('projects', glob));
  return {
    cluster: (cluster) => selector?.matches(cluster) ?? true,
    project: (project) => projects?.some((matches) => matches(project)) ?? true,
    key: JSON.stringify([selector?.key ?? null, key.projects ? [...new Set(key.projects)].sort() : null]),
  };
}

/** True for a caller to whom no cluster and no project is hidden. */
export const seesEverything = ({ scope }: Caller): boolean => scope.key === everything.key;
