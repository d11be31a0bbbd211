import type { ApplicationRow } from '../../cache/row.js';
import type { Cluster } from '../cluster.js';
import type { FleetIndex } from '../index/fleet-index.js';
import { plainText } from '../index/plain-text.js';
import type { Totals } from '../index/row-query.js';
import { changedAtMs, type UrgencyRank } from '../index/urgency.js';
import type { Scope } from '../scope.js';
import type { VisibleClusters } from '../visible-clusters.js';
import { applicationFilter } from './application-filter.js';
import { groupCauses, type CauseGroup, type Causes } from './cause-groups.js';
import { completenessOf, type Completeness, type ShownMax } from './list-answer.js';
import { publicRow, type PublicRow } from './public-row.js';
import type { Removals } from './removals.js';
import { statusChanges, type StatusChanges } from './status-changes.js';
import { statusRows, type StatusRows } from './status-rows.js';
import { shrinkStatus, statusSummary } from './status-words.js';

const worstMax = 10;
/** Applications with the same cause among the worst: more of them would hide the others. */
const perCauseMax = 2;
const clustersMax = 5;
const clustersShown: ShownMax = { unavailable: 5, caveats: 3 };
const reasonLengthMax = 120;

export interface FleetStatusQuery {
  cluster?: string;
  project?: string;
  labels?: string;
  /** How far back `changed` looks. */
  minutes: number;
}

/** One of the worst applications. `cause` is the number of an entry in `causes`, which then gives the reason. */
export type WorstRow = Omit<PublicRow, 'revision'> & { cause?: number };

export interface FleetStatus extends Completeness {
  /** What matters, in a few sentences of ours. */
  summary: string;
  clusters: { known: number; of: number };
  applications: number;
  broken: number;
  health: Record<string, number>;
  sync: Record<string, number>;
  /** Clusters with broken applications, those with most of them first. */
  byCluster: { cluster: string; applications: number; broken: number }[];
  byClusterOmitted?: { clusters: number; broken: number };
  /** Most urgent first, at most two with the same cause. */
  worst: WorstRow[];
  causes: CauseGroup[];
  causesOmitted?: Causes['omitted'];
  changed: StatusChanges & {
    minutes: number;
    /** ISO 8601: removals are known from then on only, when this process has not watched for that long. */
    removalsSince?: string;
  };
}

/** What is broken, everywhere, in one small answer from the index. Asks no cluster. */
export async function fleetStatus(
  index: FleetIndex,
  clusters: VisibleClusters,
  scope: Scope,
  query: FleetStatusQuery,
  removals: Removals,
  signal: AbortSignal,
): Promise<FleetStatus> {
  const filter = applicationFilter({ project: query.project, labels: query.labels });
  const asked = clusters.select(query.cluster);
  await Promise.all(asked.map((cluster) => cluster.ready(signal)));
  const nowMs = Date.now();
  const sinceMs = nowMs - query.minutes * 60_000;
  const rows = statusRows(index, asked, scope, filter, { nowMs, sinceMs });
  const causes = await groupCauses(rows.broken);
  const gone = removals.since(sinceMs);
  const names = new Map(asked.map((cluster) => [cluster.name, cluster]));
  const changed = statusChanges(
    [...rows.changed, ...lateOf(rows.broken, sinceMs)],
    gone.removals.filter(({ row }) => names.has(row.cluster) && scope.project(row.project) && rows.matches(row)),
    rankIn(rows.broken),
    sinceMs,
    nowMs,
  );
  const completeness = completenessOf(asked, scope, undefined, clustersShown);
  const { unavailable, unavailableOmitted = 0 } = completeness;
  const notKnown = unavailable.length + unavailableOmitted;
  const status: Omit<FleetStatus, 'summary'> = {
    clusters: { known: asked.length - notKnown, of: asked.length },
    ...completeness,
    ...countsOf(rows),
    ...byCluster(rows),
    worst: worstOf(rows.broken, causes).map((each) => worstRow(each, names, causes, nowMs)),
    causes: causes.groups,
    ...(causes.omitted ? { causesOmitted: causes.omitted } : {}),
    changed: {
      minutes: query.minutes,
      ...(gone.knownSinceMs > sinceMs ? { removalsSince: new Date(gone.knownSinceMs).toISOString() } : {}),
      ...changed,
    },
  };
  return shrinkStatus({ summary: statusSummary(status), ...status });
}

const countsOf = ({ total, totals, broken }: StatusRows): { applications: number; broken: number } & Totals => ({
  applications: total,
  broken: broken.length,
  ...totals,
});

/** What became too late by time alone: nothing about it changed since. */
const lateOf = (broken: StatusRows['broken'], sinceMs: number): ApplicationRow[] =>
  broken.filter(({ row, rank }) => rank.startsWith('stuck_') && changedAtMs(row) < sinceMs).map(({ row }) => row);

function rankIn(broken: StatusRows['broken']): (row: ApplicationRow) => UrgencyRank | undefined {
  const ranks = new Map(broken.map(({ row, rank }) => [row, rank]));
  return (row) => ranks.get(row);
}

function byCluster({ broken, perCluster }: StatusRows): Pick<FleetStatus, 'byCluster' | 'byClusterOmitted'> {
  const counts = new Map<string, number>();
  for (const { row } of broken) counts.set(row.cluster, (counts.get(row.cluster) ?? 0) + 1);
  const sorted = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const rest = sorted.slice(clustersMax);
  return {
    byCluster: sorted.slice(0, clustersMax).map(([cluster, count]) => ({
      cluster,
      applications: perCluster.get(cluster) ?? 0,
      broken: count,
    })),
    ...(rest.length > 0
      ? { byClusterOmitted: { clusters: rest.length, broken: rest.reduce((sum, [, count]) => sum + count, 0) } }
      : {}),
  };
}

/** Most urgent first. */
function worstOf(broken: StatusRows['broken'], causes: Causes): StatusRows['broken'] {
  const perCause = new Map<number, number>();
  const worst: StatusRows['broken'] = [];
  for (const each of broken) {
    const cause = causes.groupOf(each.row, each.rank);
    const count = cause ? (perCause.get(cause) ?? 0) + 1 : 0;
    if (cause) perCause.set(cause, count);
    if (count <= perCauseMax) worst.push(each);
    if (worst.length === worstMax) break;
  }
  return worst;
}

function worstRow(
  { row, rank }: StatusRows['broken'][number],
  clusters: ReadonlyMap<string, Cluster>,
  causes: Causes,
  nowMs: number,
): WorstRow {
  const { revision: _, phase, reason, ...rest } = publicRow(row, clusters.get(row.cluster) as Cluster, nowMs);
  const cause = causes.groupOf(row, rank);
  return {
    ...rest,
    ...(phase && phase !== 'Succeeded' ? { phase } : {}),
    ...(cause ? { cause } : reason ? { reason: plainText(reason, reasonLengthMax) } : {}),
  };
}
