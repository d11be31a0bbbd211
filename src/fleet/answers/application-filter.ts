import { AppError } from '../../errors/app-error.js';
import { parseLowerGlob, type LowerTest } from '../index/glob.js';
import { parseLabelSelector } from '../index/label-selector.js';
import { sourceFields, type RowFilter, type SourceFilter } from '../index/row-filter.js';
import type { UrgencyRank } from '../index/urgency.js';
import { destinationTest, imageTest, repositoryTest, revisionTest } from './filter-patterns.js';
import { isAgo, timeOrAgoMs } from './time-or-ago.js';

/** What a list and a stream of events may ask of an application, as it came. All given filters must match. */
export interface ApplicationQuery {
  health?: readonly string[];
  sync?: readonly string[];
  phase?: readonly string[];
  project?: string;
  namespace?: string;
  name?: string;
  labels?: string;
  destination?: string;
  destinationNamespace?: string;
  repository?: string;
  path?: string;
  chart?: string;
  targetRevision?: string;
  revision?: string;
  image?: string;
  text?: string;
  lastSyncBefore?: string;
  lastSyncAfter?: string;
  autoSync?: boolean;
  problem?: readonly UrgencyRank[];
}

/**
 * The filter that a list of applications and their events are held against. `7d` means before `atMs` (milliseconds since
 * the epoch). Throws `invalid_input` that names the argument.
 */
export function applicationFilter(query: ApplicationQuery, atMs = Date.now()): RowFilter {
  const { text } = query;
  return {
    health: query.health,
    sync: query.sync,
    phase: query.phase,
    project: globOf(query, 'project'),
    namespace: query.namespace,
    name: globOf(query, 'name'),
    labels: query.labels === undefined ? undefined : parseLabelSelector(query.labels),
    destination: query.destination === undefined ? undefined : destinationTest(query.destination),
    destinationNamespace: globOf(query, 'destinationNamespace'),
    source: sourceFilter(query),
    revision: query.revision === undefined ? undefined : revisionTest(query.revision),
    image: query.image === undefined ? undefined : imageTest(query.image),
    text: text === undefined ? undefined : searched(text),
    lastSyncBeforeMs: timeOf(query, 'lastSyncBefore', atMs),
    lastSyncAfterMs: timeOf(query, 'lastSyncAfter', atMs),
    autoSync: query.autoSync,
    ranks: query.problem && new Set(query.problem),
  };
}

/** True when the question names a time relative to now: its answer changes by time alone. */
export const dependsOnTime = ({ lastSyncBefore, lastSyncAfter }: ApplicationQuery): boolean =>
  [lastSyncBefore, lastSyncAfter].some((time) => time !== undefined && isAgo(time));

function sourceFilter(query: ApplicationQuery): SourceFilter | undefined {
  if (sourceFields.every((field) => query[field] === undefined)) return undefined;
  return {
    repository: query.repository === undefined ? undefined : repositoryTest(query.repository),
    path: globOf(query, 'path'),
    chart: globOf(query, 'chart'),
    targetRevision: globOf(query, 'targetRevision'),
  };
}

type GlobField = 'project' | 'name' | 'destinationNamespace' | 'path' | 'chart' | 'targetRevision';

function globOf(query: ApplicationQuery, field: GlobField): LowerTest | undefined {
  const pattern = query[field];
  return pattern === undefined ? undefined : parseLowerGlob(field, pattern);
}

function timeOf(query: ApplicationQuery, field: 'lastSyncBefore' | 'lastSyncAfter', atMs: number): number | undefined {
  const text = query[field];
  return text === undefined ? undefined : timeOrAgoMs(field, text, atMs);
}

function searched(text: string): string {
  const lower = text.trim().toLowerCase();
  if (lower !== '') return lower;
  const message = 'must hold something to search for';
  throw new AppError('invalid_input', `text: ${message}.`, { issues: [{ path: 'text', message }] });
}
