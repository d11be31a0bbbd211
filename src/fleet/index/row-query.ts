import { z } from 'zod';
import type { ApplicationRow } from '../../cache/row.js';
import { changedAtMs, rankOf } from './urgency.js';

/** Filters of a list, parsed. Absent means no filter. All given ones must match. */
export interface RowFilter {
  health?: readonly string[];
  sync?: readonly string[];
  project?: (project: string) => boolean;
  name?: (name: string) => boolean;
  namespace?: string;
  labels?: (labels: Readonly<Record<string, string>>) => boolean;
}

export function matches(row: ApplicationRow, filter: RowFilter): boolean {
  return (
    (!filter.health || filter.health.includes(row.health)) &&
    (!filter.sync || filter.sync.includes(row.sync)) &&
    (!filter.project || filter.project(row.project)) &&
    (!filter.namespace || filter.namespace === row.namespace) &&
    (!filter.name || filter.name(row.name)) &&
    (!filter.labels || filter.labels(row.labels))
  );
}

/** Place of a row in the default order; comparable field by field. */
export const position = z.tuple([z.number(), z.number(), z.string(), z.string(), z.string()]).readonly();
/** Rank, newest change (negated milliseconds), cluster, name, namespace. */
export type Position = z.infer<typeof position>;

export const positionOf = (row: ApplicationRow, nowMs: number): Position => [
  rankOf(row, nowMs),
  -changedAtMs(row),
  row.cluster,
  row.name,
  row.namespace,
];

export function comparePositions(a: Position, b: Position): number {
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] as number | string, b[i] as number | string];
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}

export interface Totals {
  health: Record<string, number>;
  sync: Record<string, number>;
}

export interface Page {
  rows: ApplicationRow[];
  total: number;
  totals: Totals;
  /** Position of the last row when more follow. */
  next?: Position;
}

/** One page of the matching rows in the default order, with the counts over all of them. */
export function queryRows(
  rows: Iterable<ApplicationRow>,
  filter: RowFilter,
  options: { limit: number; after?: Position; nowMs: number },
): Page {
  const health = new Map<string, number>();
  const sync = new Map<string, number>();
  const placed: { row: ApplicationRow; place: Position }[] = [];
  let total = 0;
  for (const row of rows) {
    if (!matches(row, filter)) continue;
    total++;
    count(health, row.health);
    count(sync, row.sync);
    const place = positionOf(row, options.nowMs);
    if (!options.after || comparePositions(place, options.after) > 0) placed.push({ row, place });
  }
  placed.sort((a, b) => comparePositions(a.place, b.place));
  const page = placed.slice(0, options.limit);
  const last = page.at(-1);
  return {
    rows: page.map(({ row }) => row),
    total,
    totals: { health: Object.fromEntries(health), sync: Object.fromEntries(sync) },
    next: last && placed.length > page.length ? last.place : undefined,
  };
}

/** Words beyond those that Argo CD knows are counted together: a cluster that invents them must not flood an answer. */
const wordsMax = 12;

const count = (counts: Map<string, number>, word: string): void => {
  const key = counts.has(word) || counts.size < wordsMax ? word : 'Other';
  counts.set(key, (counts.get(key) ?? 0) + 1);
};
