import { parseLowerGlob } from '../index/glob.js';
import { parseLabelSelector } from '../index/label-selector.js';
import type { RowFilter } from '../index/row-filter.js';

/** What a list and a stream of events may ask of an application, as it came. All given filters must match. */
export interface ApplicationQuery {
  health?: readonly string[];
  sync?: readonly string[];
  project?: string;
  namespace?: string;
  name?: string;
  labels?: string;
}

/** The filter that a list of applications and their events are held against. Throws `invalid_input`. */
export function applicationFilter(query: ApplicationQuery): RowFilter {
  return {
    health: query.health,
    sync: query.sync,
    project: query.project === undefined ? undefined : parseLowerGlob('project', query.project),
    namespace: query.namespace,
    name: query.name === undefined ? undefined : parseLowerGlob('name', query.name),
    labels: query.labels === undefined ? undefined : parseLabelSelector(query.labels),
  };
}
