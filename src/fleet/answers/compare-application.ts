import type { DetailCache } from '../../cache/detail-cache.js';
import { AppError } from '../../errors/app-error.js';
import type { Cluster } from '../cluster.js';
import type { FleetIndex } from '../index/fleet-index.js';
import type { Scope } from '../scope.js';
import type { VisibleClusters } from '../visible-clusters.js';
import { extrasOf } from './application-extras.js';
import { applicationFilter } from './application-filter.js';
import { notFound } from './application-lookup.js';
import { CommitDates, type Asker, type WantedCommit } from './commit-dates.js';
import { comparison, type Comparison } from './comparison.js';
import { deployedSources, factsOf, KnownFacts } from './instance-facts.js';
import { isCommit, kindOf } from './lag.js';
import { completenessOf } from './list-answer.js';
import { readLive, remember } from './read-application.js';
import type { ComparedInstance } from './side-by-side.js';

const instancesMax = 25;
/** For everything that is asked of clusters; what has not come by then is told as not known. */
const liveMs = 6_000;

export interface CompareQuery {
  /** Name or glob. */
  application?: string;
  labels?: string;
  cluster?: string;
  project?: string;
  namespace?: string;
}

/** What comparisons remember. */
export class ComparisonMemory {
  readonly facts = new KnownFacts();
  readonly dates = new CommitDates();
}

/**
 * The same application on many clusters, side by side. Reads details of at most 25 instances, each version of one once,
 * and dates of commits that are deployed, each once; clusters that are not live are not asked.
 *
 * Throws `invalid_input` without a name and labels, and `not_found` when there is no such application.
 */
export async function compareApplication(
  index: FleetIndex,
  clusters: VisibleClusters,
  scope: Scope,
  query: CompareQuery,
  memory: ComparisonMemory,
  details: DetailCache,
  signal: AbortSignal,
): Promise<Comparison> {
  if (query.application === undefined && query.labels === undefined) throw nothingAsked();
  const { application: name, labels, project, namespace } = query;
  const filter = applicationFilter({ name, labels, project, namespace });
  const asked = clusters.select(query.cluster);
  await Promise.all(asked.map((cluster) => cluster.ready(signal)));
  const completeness = completenessOf(asked, scope);
  const { entries, total } = index.page(
    {
      clusters: asked.map(({ rows }) => rows.number),
      seesProject: (name) => scope.project(name),
      filter,
      atMs: Date.now(),
    },
    { sort: 'name', limit: instancesMax },
  );
  if (total === 0) throw nothingFound(query, asked, scope, completeness.unavailable);

  const limit = AbortSignal.any([signal, AbortSignal.timeout(liveMs)]);
  const instances = await Promise.all(
    entries.map(({ row }) => {
      const cluster = asked.find(({ name: each }) => each === row.cluster) as Cluster;
      return read({ row, cluster }, scope, memory.facts, details, limit);
    }),
  );
  await memory.dates.learn(wantedCommits(instances), limit);
  signal.throwIfAborted();
  return comparison(instances, total, memory.dates, completeness);
}

async function read(
  found: { row: ComparedInstance['row']; cluster: Cluster },
  scope: Scope,
  known: KnownFacts,
  details: DetailCache,
  signal: AbortSignal,
): Promise<ComparedInstance> {
  const { row, cluster } = found;
  const facts = known.get(cluster, row);
  if (facts) return { ...found, facts };
  if (cluster.isStale(row)) return { ...found, notRead: cluster.failure(scope)?.code ?? 'cluster_not_ready' };
  try {
    const name = { application: row.name, namespace: row.namespace };
    const live = await readLive(found, scope, name, signal);
    const facts = factsOf(live.application);
    known.put(cluster, live.row, facts);
    remember(details, cluster, live.row, { extras: extrasOf(live.application), readAt: new Date().toISOString() });
    return { cluster, row: live.row, facts };
  } catch (error) {
    return { ...found, notRead: signal.aborted ? 'cluster_timeout' : AppError.from(error).code };
  }
}

/** Commits that are deployed, where it matters which is older: each with those who have it. */
function wantedCommits(instances: readonly ComparedInstance[]): WantedCommit[] {
  const commits = new Map<string, { repository: string; revision: string; askers: Asker[]; place: number }>();
  for (const { row, cluster, facts } of instances) {
    const sources = deployedSources(row, facts);
    for (const [place, source] of sources.entries()) {
      const { repository, revision } = source;
      if (revision === undefined || kindOf(source) !== 'git' || !isCommit(revision)) continue;
      const commit = commits.get(`${place} ${revision}`) ?? { repository, revision, askers: [], place };
      commits.set(`${place} ${revision}`, commit);
      if (cluster.isStale(row)) continue;
      const ref = { name: row.name, namespace: row.namespace, project: row.project };
      commit.askers.push({ cluster, ref, ...(sources.length > 1 ? { sourceIndex: place } : {}) });
    }
  }
  const all = [...commits.values()];
  return all.filter(({ place }) => all.filter((other) => other.place === place).length > 1);
}

const nothingAsked = (): AppError =>
  new AppError('invalid_input', 'application: say which application, by name, or by labels of its instances.', {
    issues: [{ path: 'application', message: 'is required where labels are not given' }],
  });

function nothingFound(
  { application, labels, cluster }: CompareQuery,
  asked: readonly Cluster[],
  scope: Scope,
  unavailable: readonly unknown[],
): AppError {
  const unasked = unavailable.length > 0 ? { unavailable } : {};
  if (application !== undefined && labels === undefined) {
    return notFound({ application, ...(cluster === undefined ? {} : { cluster }) }, asked, scope, unasked);
  }
  return new AppError('not_found', 'No application is named and labelled like that.', unasked);
}
