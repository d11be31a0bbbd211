import { compare, diff, valid } from 'semver';

/** What one source of one application runs. */
export interface DeployedSource {
  /** Address of the repository. */
  repository: string;
  chart?: string;
  /** Commit, chart version or digest; absent when nothing is deployed or it is not known what. */
  revision?: string;
}

/** How those who lag were found: named in the answer, so that nobody takes a guess for knowledge. */
export const lagRules = ['equal', 'commit_date', 'chart_version', 'differs'] as const;
export type LagRule = (typeof lagRules)[number];

/** Revisions in their order. `on` are places in the list of instances. */
export interface Lag {
  rule: LagRule;
  /** Why no order is told, or not of all. */
  reason?: string;
  newest?: { revision: string; date?: string; on: number[] };
  /** Furthest behind first. */
  behind?: { revision: string; date?: string; by: string; on: number[] }[];
  /** What could not be put in order. */
  notRanked?: number[];
}

export type SourceKind = 'git' | 'chart' | 'oci';

const commit = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
export const isCommit = (revision: string): boolean => commit.test(revision);

export const kindOf = ({ repository, chart }: DeployedSource): SourceKind =>
  chart === undefined ? (repository.startsWith('oci://') ? 'oci' : 'git') : 'chart';

/** The same for all ways to write the address of one repository: with or without scheme, user, port, `.git`. */
export function repositoryKey(address: string): string {
  const [, rest = address] = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/@]*@)?(.*)$/i.exec(address) ?? [];
  const path = rest === address ? rest.replace(/^[^/@]*@/, '').replace(/^([^/:]+):/, '$1/') : rest;
  return path
    .toLowerCase()
    .replace(/^([^/:]+):(?:443|22|80)(?=\/)/, '$1')
    .replace(/\/+$/, '')
    .replace(/\.git$/, '');
}

/**
 * Who lags, of instances of one source. Commits of one repository are ordered by their dates (`dateOf`, milliseconds;
 * undefined where it could not be had), versions of one chart by semver. Everything else only differs.
 */
export function lagOf(sources: readonly DeployedSource[], dateOf: (revision: string) => number | undefined): Lag {
  const places = new Map<string, number[]>();
  const unknown: number[] = [];
  sources.forEach(({ revision }, place) => {
    if (revision === undefined) unknown.push(place);
    else places.set(revision, [...(places.get(revision) ?? []), place]);
  });
  const kinds = new Set(sources.map(kindOf));
  if (new Set(sources.map(({ repository, chart }) => `${repositoryKey(repository)} ${chart ?? ''}`)).size > 1) {
    const what = kinds.size > 1 || kinds.has('chart') ? 'charts or repositories' : 'repositories';
    return noOrder(`they come from different ${what}`);
  }
  const [kind = 'git'] = kinds;
  const lag = inOrder(kind, places, dateOf);
  if (unknown.length === 0) return lag;
  return {
    ...lag,
    reason: lag.reason ?? 'of some it is not known what is deployed',
    notRanked: [...(lag.notRanked ?? []), ...unknown].sort((a, b) => a - b),
  };
}

const noOrder = (reason: string): Lag => ({ rule: 'differs', reason });

function inOrder(
  kind: SourceKind,
  places: ReadonlyMap<string, number[]>,
  dateOf: (revision: string) => number | undefined,
): Lag {
  if (places.size === 0) return noOrder('it is not known what is deployed');
  if (places.size === 1) {
    const [[revision, on]] = [...places] as [[string, number[]]];
    return { rule: 'equal', newest: { revision, on } };
  }
  if (kind === 'oci') return noOrder('digests of OCI artifacts have no order');
  return kind === 'chart' ? byVersion(places) : byDate(places, dateOf);
}

function byVersion(places: ReadonlyMap<string, number[]>): Lag {
  const versions = [...places.keys()];
  const strange = versions.find((version) => valid(version) === null);
  if (strange !== undefined) return noOrder('not every revision is a semantic version');
  const [newest, ...others] = versions.sort((a, b) => compare(b, a)) as [string, ...string[]];
  const older = others.filter((version) => compare(version, newest) < 0);
  if (older.length === 0) return noOrder('the versions differ in their build alone');
  return {
    rule: 'chart_version',
    newest: { revision: newest, on: placesOf(places, [newest, ...others.filter((each) => !older.includes(each))]) },
    behind: older.reverse().map((revision) => ({
      revision,
      by: `a ${diff(revision, newest)} version`,
      on: places.get(revision) as number[],
    })),
  };
}

function byDate(places: ReadonlyMap<string, number[]>, dateOf: (revision: string) => number | undefined): Lag {
  const dated: { revision: string; ms: number }[] = [];
  const undated: string[] = [];
  for (const revision of places.keys()) {
    const ms = dateOf(revision);
    if (ms === undefined) undated.push(revision);
    else dated.push({ revision, ms });
  }
  if (dated.length < 2) return noOrder('the dates of the commits are not known');
  dated.sort((a, b) => b.ms - a.ms);
  const [newest] = dated as [{ revision: string; ms: number }];
  const older = dated.filter(({ ms }) => ms < newest.ms);
  if (older.length === 0) return noOrder('the commits have the same date');
  const newestOnes = dated.filter(({ ms }) => ms === newest.ms).map(({ revision }) => revision);
  return {
    rule: 'commit_date',
    ...(undated.length > 0 ? { reason: 'not all dates are known', notRanked: placesOf(places, undated) } : {}),
    newest: { revision: newest.revision, date: dateText(newest.ms), on: placesOf(places, newestOnes) },
    behind: older.reverse().map(({ revision, ms }) => ({
      revision,
      date: dateText(ms),
      by: durationText(newest.ms - ms),
      on: places.get(revision) as number[],
    })),
  };
}

const placesOf = (places: ReadonlyMap<string, number[]>, revisions: readonly string[]): number[] =>
  revisions.flatMap((revision) => places.get(revision) ?? []).sort((a, b) => a - b);

const dateText = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

/** The two largest units: `3 d 4 h`, `5 min`. */
export function durationText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map((part) => part.join(' '))
    .join(' ');
}
