import type { ApplicationRow } from '../../cache/row.js';
import type { Cluster } from '../cluster.js';
import { deployedSources, type InstanceFacts } from './instance-facts.js';
import { shortRevision } from './public-row.js';

/** How much of what differs is shown. */
export interface SideLimits {
  images: number;
  parameters: number;
  /** Characters of one text. */
  text: number;
}

/** One of those that are compared. */
export interface Instance {
  row: ApplicationRow;
  /** Absent when its cluster could not be asked. */
  facts?: InstanceFacts;
}

/** An instance with its cluster, and why its details are not known. */
export interface ComparedInstance extends Instance {
  cluster: Cluster;
  notRead?: string;
}

/** What is compared as one text, in the order in which it is shown. */
export const columns = {
  name: ({ row }) => row.name,
  namespace: ({ row }) => row.namespace,
  project: ({ row }) => row.project,
  health: ({ row }) => row.health,
  sync: ({ row }) => row.sync,
  phase: ({ row }) => row.operation?.phase,
  autoSync: ({ row }) => (row.autoSync ? 'on' : 'off'),
  repository: ({ row }) => joined(row.sources.map(({ repository }) => repository)),
  path: ({ row }) => joined(row.sources.map(({ path }) => path)),
  chart: ({ row }) => joined(row.sources.map(({ chart }) => chart)),
  targetRevision: ({ row }) => joined(row.sources.map(({ targetRevision }) => targetRevision)),
  revision: ({ row }) => shortRevision(row.revisions) || undefined,
  deployed: ({ row, facts }) =>
    shortRevision(deployedSources(row, facts).flatMap(({ revision }) => revision ?? [])) || undefined,
  deployedAt: ({ facts }) => facts?.deployedAt,
} as const satisfies Record<string, (instance: Instance) => string | undefined>;
export type Column = keyof typeof columns;
/** Different by nature: shown, but nothing that one would look for. */
const ownAnyway: ReadonlySet<Column> = new Set(['deployedAt']);

export interface SideBySide {
  /** What all instances have in common. */
  equal: Partial<Record<Column, string>> & { images?: string[]; imagesOmitted?: number; parameters?: number };
  /** What differs, by name: columns, `images`, `parameters`. */
  differs: string[];
  /** What differs, per instance, in their order. */
  own: {
    columns: Partial<Record<Column, string>>;
    images?: string[];
    imagesOmitted?: number;
    parameters?: Record<string, string>;
  }[];
  /** Differing parameters that are not shown, and those that were not compared. */
  parametersOmitted: number;
}

/** Holds instances against one another: what is equal is told once. */
export function sideBySide(instances: readonly Instance[], limits: SideLimits): SideBySide {
  const result: SideBySide = {
    equal: {},
    differs: [],
    own: instances.map(() => ({ columns: {} })),
    parametersOmitted: 0,
  };
  for (const [column, valueOf] of Object.entries(columns) as [Column, (instance: Instance) => string | undefined][]) {
    const values = instances.map(valueOf);
    const [first] = values;
    if (values.every((value) => value === first)) {
      if (first !== undefined) result.equal[column] = cut(first, limits.text);
      continue;
    }
    if (!ownAnyway.has(column)) result.differs.push(column);
    for (const [i, value] of values.entries()) {
      if (value !== undefined) result.own[i]!.columns[column] = cut(value, limits.text);
    }
  }
  compareImages(instances, result, limits);
  compareParameters(instances, result, limits);
  return result;
}

function compareImages(instances: readonly Instance[], result: SideBySide, { images: max, text }: SideLimits): void {
  const [first, ...others] = instances.map(({ row }) => new Set(row.images));
  const common = new Set([...(first ?? [])].filter((image) => others.every((images) => images.has(image))));
  if (common.size > 0) result.equal.images = [...common].slice(0, max).map((image) => cut(image, text));
  if (common.size > max) result.equal.imagesOmitted = common.size - max;
  let differ = false;
  for (const [i, { row }] of instances.entries()) {
    const own = [...new Set(row.images)].filter((image) => !common.has(image));
    const omitted = Math.max(0, own.length - max) + (row.imagesOmitted ?? 0);
    if (own.length > 0) {
      differ = true;
      result.own[i]!.images = own.slice(0, max).map((image) => cut(image, text));
    }
    if (omitted > 0) result.own[i]!.imagesOmitted = omitted;
  }
  if (differ) result.differs.push('images');
}

/** Only those that were read are held against one another; one alone is alike to nobody. */
function compareParameters(instances: readonly Instance[], result: SideBySide, { parameters: max }: SideLimits): void {
  const read = [...instances.entries()].flatMap(([i, { facts }]) =>
    facts ? [{ i, parameters: facts.parameters }] : [],
  );
  const names = [...new Set(read.flatMap(({ parameters }) => [...parameters.all.keys()]))].sort();
  const differing = names.filter((name) => {
    const digests = new Set(read.map(({ parameters }) => parameters.all.get(name)?.digest));
    return digests.size > 1;
  });
  const equal = names.length - differing.length;
  if (equal > 0 && (read.length > 1 || instances.length === 1)) result.equal.parameters = equal;
  if (differing.length > 0) result.differs.push('parameters');
  const notCompared = Math.max(0, ...read.map(({ parameters }) => parameters.omitted));
  result.parametersOmitted = Math.max(0, differing.length - max) + notCompared;
  for (const name of differing.slice(0, max)) {
    const letters = new Map<string, string>();
    for (const { i, parameters } of read) {
      (result.own[i]!.parameters ??= {})[name] = valueText(parameters.all.get(name), letters);
    }
  }
}

/** The value where it may be shown; else a letter, the same one for the same value of the same parameter. */
function valueText(parameter: { digest: string; shown?: string } | undefined, letters: Map<string, string>): string {
  if (!parameter) return '(not set)';
  if (parameter.shown !== undefined) return parameter.shown;
  let letter = letters.get(parameter.digest);
  if (letter === undefined) letters.set(parameter.digest, (letter = String.fromCharCode(65 + letters.size)));
  return `(hidden ${letter})`;
}

const cut = (text: string, max: number): string => (text.length > max ? `${text.slice(0, max - 1)}…` : text);

function joined(parts: readonly (string | undefined)[]): string | undefined {
  return parts.some((part) => part !== undefined) ? parts.map((part) => part ?? '-').join(', ') : undefined;
}
