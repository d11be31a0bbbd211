import type { ApplicationRow } from '../cache/row.js';
import type { ApplicationCount } from '../telemetry/application-gauge.js';
import type { Cluster } from './cluster.js';

/** Projects of one cluster that are counted by name, the largest; the others are `other`. */
const projectsMax = 50;

const healths = new Set(['Healthy', 'Progressing', 'Degraded', 'Suspended', 'Missing', 'Unknown']);
const syncs = new Set(['Synced', 'OutOfSync', 'Unknown']);

/**
 * Applications by cluster, project, health and sync: at most 51 projects of a cluster and only words that Argo CD is known to
 * use, whatever a cluster says. Lets others work between two clusters.
 */
export async function* applicationCounts(clusters: readonly Cluster[]): AsyncIterable<ApplicationCount> {
  for (const cluster of clusters) {
    yield* countsOf(cluster.name, cluster.rows.rows());
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The same for the rows of one cluster. */
export function countsOf(cluster: string, rows: Iterable<Pick<ApplicationRow, 'project' | 'health' | 'sync'>>) {
  const byProject = new Map<string, { total: number; states: Map<string, number> }>();
  for (const { project, health, sync } of rows) {
    const found = byProject.get(project) ?? { total: 0, states: new Map<string, number>() };
    byProject.set(project, found);
    found.total++;
    const state = `${known(healths, health)}/${known(syncs, sync)}`;
    found.states.set(state, (found.states.get(state) ?? 0) + 1);
  }
  const ranked = [...byProject].sort(([a, one], [b, two]) => two.total - one.total || (a < b ? -1 : 1));
  const counts = new Map<string, ApplicationCount>();
  for (const [rank, [name, { states }]] of ranked.entries()) {
    const project = rank < projectsMax ? name : 'other';
    for (const [state, count] of states) {
      const [health = '', sync = ''] = state.split('/');
      const key = JSON.stringify([project, state]);
      const before = counts.get(key)?.count ?? 0;
      counts.set(key, { cluster, project, health, sync, count: before + count });
    }
  }
  return [...counts.values()];
}

const known = (words: ReadonlySet<string>, word: string | undefined): string =>
  word !== undefined && words.has(word) ? word : 'Unknown';
