import { compareChangeIds, type LoggedChange } from '../../cache/change-log.js';
import type { ApplicationRow } from '../../cache/row.js';
import type { Cluster } from '../cluster.js';
import type { Fleet } from '../fleet.js';
import { ApplicationEvent, type FleetEvent, type ShowRow } from './event.js';

/** Clusters of now, and labels of those that have left. */
export type KnownClusters = Pick<Fleet, 'cluster' | 'departed'>;

/**
 * What stands in the log, as events. Applications are given as they are now; what they were before is not known, only
 * the projects that they were in.
 *
 * @param until changes after this one are left out: this process is about to hear of them. Undefined: it has heard of
 *   none yet, and what it holds may be older than the log says; then no event has a place.
 */
export function replayOf(
  changes: readonly LoggedChange[],
  until: string | undefined,
  fleet: KnownClusters,
  show: ShowRow,
): FleetEvent[] {
  const events: FleetEvent[] = [];
  for (const change of changes) {
    if (until !== undefined && compareChangeIds(change.id, until) > 0) break;
    const id = until === undefined ? undefined : change.id;
    if (change.kind !== 'rows') {
      events.push(...eventOf(change, id, fleet));
      continue;
    }
    const cluster = fleet.cluster(change.cluster);
    if (cluster) {
      for (const { key, project, previousProject } of change.changes) {
        const projects = previousProject === undefined ? [project] : [project, previousProject];
        events.push(new ApplicationEvent(cluster, key, rowAt(cluster, key), { known: false, projects }, show, id));
      }
    }
  }
  return events;
}

/** A job or a gap as an event; nothing if the fleet never had its cluster, as nobody can say who may see it. */
export function eventOf(
  change: Exclude<LoggedChange, { kind: 'rows' }>,
  id: string | undefined,
  fleet: KnownClusters,
): FleetEvent[] {
  if (change.kind === 'job') {
    const { project, job } = change;
    const cluster = fleet.cluster(change.cluster) ?? fleet.departed.labelsOf(change.cluster);
    return cluster ? [{ kind: 'job', id, cluster, project, job }] : [];
  }
  const cluster = change.cluster === undefined ? undefined : fleet.cluster(change.cluster);
  if (change.cluster !== undefined && !cluster) return [];
  return [{ kind: 'reset', id, cluster, reason: gapReason }];
}

/** What readers are told in place of the log's own words, which are for operators. */
const gapReason = 'the history of changes was interrupted';

/** The row that the index holds under `namespace/name`. */
export function rowAt(cluster: Cluster, key: string): ApplicationRow | undefined {
  const [namespace = '', name = ''] = key.split('/');
  return cluster.rows.get(namespace, name);
}
