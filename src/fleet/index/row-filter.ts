import type { ApplicationRow } from '../../cache/row.js';
import type { LowerTest } from './glob.js';
import { labelsMatch, type LabelSelector } from './label-selector.js';
import { timeMs } from './time-ms.js';
import { rankNumber, urgencyAtAllTimes, urgencyOf, type UrgencyRank } from './urgency.js';

/**
 * Filters of a list, parsed. Absent means no filter; all given ones must match. Tests get texts in lower case, and are
 * not asked about what is absent: that matches nothing.
 */
export interface RowFilter {
  health?: readonly string[];
  sync?: readonly string[];
  /** Of the last operation. */
  phase?: readonly string[];
  project?: LowerTest;
  namespace?: string;
  name?: LowerTest;
  labels?: LabelSelector;
  /** Address of the destination or its name. */
  destination?: LowerTest;
  destinationNamespace?: LowerTest;
  /** One source must pass all of them. */
  source?: SourceFilter;
  /** Some compared revision. */
  revision?: LowerTest;
  /** Some image. */
  image?: LowerTest;
  /** Stands in some text of the row (`textsOf`); in lower case. */
  text?: string;
  /** The last operation ended before, or not before (milliseconds since the epoch). */
  lastSyncBeforeMs?: number;
  lastSyncAfterMs?: number;
  /** Becomes late between them (milliseconds since the epoch): it is not yet at the first time, and is at the second. */
  becomesLate?: { fromMs: number; toMs: number };
  autoSync?: boolean;
  ranks?: ReadonlySet<UrgencyRank>;
}

export interface SourceFilter {
  repository?: LowerTest;
  path?: LowerTest;
  chart?: LowerTest;
  targetRevision?: LowerTest;
}

export const sourceFields = ['repository', 'path', 'chart', 'targetRevision'] as const satisfies (keyof SourceFilter)[];

/**
 * Whether one row passes. The index asks many rows at once (`row-predicates.ts`) and comes to the same; this is for a
 * row that is not in it.
 */
export function matches(row: ApplicationRow, filter: RowFilter, nowMs = Date.now()): boolean {
  return tests.every((test) => test(row, filter, nowMs));
}

/** The sources by which a row is found: what is hydrated is one, too. */
const sourcesSearched = ({ sources, drySource }: ApplicationRow): ApplicationRow['sources'] =>
  drySource ? [...sources, drySource] : sources;

/** All texts of a row that are searched. */
export function textsOf(row: ApplicationRow): string[] {
  const { destination, operation } = row;
  const texts = [
    row.name,
    row.namespace,
    row.project,
    destination.server,
    destination.name,
    destination.namespace,
    ...Object.entries(row.labels).map(([key, value]) => `${key}=${value}`),
    ...row.images,
    ...row.revisions,
    ...sourcesSearched(row).flatMap((source) => sourceFields.map((field) => source[field])),
    row.healthMessage,
    operation?.message,
    ...row.conditions.flatMap(({ type, message }) => [type, message]),
  ];
  return texts.filter((text) => text !== undefined && text !== '') as string[];
}

type Test = (row: ApplicationRow, filter: RowFilter, nowMs: number) => boolean;

const tests: readonly Test[] = [
  ({ health }, filter) => !filter.health || filter.health.includes(health),
  ({ sync }, filter) => !filter.sync || filter.sync.includes(sync),
  ({ operation }, { phase }) => !phase || (operation !== undefined && phase.includes(operation.phase)),
  ({ project }, filter) => passes(filter.project, project),
  ({ namespace }, filter) => filter.namespace === undefined || filter.namespace === namespace,
  ({ name }, filter) => passes(filter.name, name),
  ({ labels }, filter) => !filter.labels || labelsMatch(labels, filter.labels),
  ({ destination: { server, name } }, { destination }) => passes(destination, server) || passes(destination, name),
  ({ destination }, filter) => passes(filter.destinationNamespace, destination.namespace),
  (row, { source }) =>
    !source || sourcesSearched(row).some((each) => sourceFields.every((field) => passes(source[field], each[field]))),
  ({ revisions }, { revision }) => !revision || revisions.some((each) => passes(revision, each)),
  ({ images }, { image }) => !image || images.some((each) => passes(image, each)),
  (row, { text }) => text === undefined || textsOf(row).some((each) => each.toLowerCase().includes(text)),
  ({ operation }, { lastSyncBeforeMs: before, lastSyncAfterMs: after }) => {
    if (before === undefined && after === undefined) return true;
    const ms = timeMs(operation?.finishedAt ?? '');
    return ms > 0 && (before === undefined || ms < before) && (after === undefined || ms >= after);
  },
  (row, { becomesLate }) => {
    if (!becomesLate) return true;
    const { deletingDueMs, progressingDueMs } = urgencyAtAllTimes(row);
    return isDueIn(becomesLate, deletingDueMs) || isDueIn(becomesLate, progressingDueMs);
  },
  ({ autoSync }, filter) => filter.autoSync === undefined || filter.autoSync === autoSync,
  (row, { ranks }, nowMs) => !ranks || ranks.has(urgencyOf(row, nowMs)),
];

const passes = (test: LowerTest | undefined, text: string | undefined): boolean =>
  !test || (text !== undefined && text !== '' && test(text.toLowerCase()));

/** Whether what is late after a moment becomes it between two others. */
export const isDueIn = ({ fromMs, toMs }: { fromMs: number; toMs: number }, dueMs: number): boolean =>
  dueMs >= fromMs && dueMs < toMs;

/** The numbers of ranks, for a test of a column. */
export const rankNumbersOf = (ranks: ReadonlySet<UrgencyRank>): ReadonlySet<number> =>
  new Set([...ranks].map((rank) => rankNumber[rank]));
