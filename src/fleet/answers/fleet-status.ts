import type { Cluster } from '../cluster.js';
import { FirstFew } from '../index/first-few.js';
import type { FleetIndex } from '../index/fleet-index.js';
import { plainText } from '../index/plain-text.js';
import type { RankedRows } from '../index/ranked-rows.js';
import type { Totals } from '../index/row-query.js';
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
    rows.changes,
    gone.removals.filter(({ row }) => names.has(row.cluster) && scope.project(row.project) && rows.matches(row)),
  );
  const completeness = completenessOf(asked, scope, undefined, clustersShown);
  const { unavailable, unavailableOmitted = 0 } = completeness;
  const notKnown = unavailable.length + unavailableOmitted;
  const status: Omit<FleetStatus, 'summary'> = {
    clusters: { known: asked.length - notKnown, of: asked.length },
    ...completeness,
    ...countsOf(rows),
    ...byCluster(rows),
    worst: worstOf(rows.broken, causes).map((place) => worstRow(rows.broken, place, names, causes, nowMs)),
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

function byCluster({ clusters }: StatusRows): Pick<FleetStatus, 'byCluster' | 'byClusterOmitted'> {
  const all = [...clusters].map(([cluster, counts]) => ({ cluster, ...counts })).filter(({ broken }) => broken > 0);
  all.sort((a, b) => b.broken - a.broken || (a.cluster < b.cluster ? -1 : 1));
  const rest = all.slice(clustersMax);
  return {
    byCluster: all.slice(0, clustersMax),
    ...(rest.length > 0
      ? { byClusterOmitted: { clusters: rest.length, broken: rest.reduce((sum, { broken }) => sum + broken, 0) } }
      : {}),
  };
}

/** Places of the most urgent, those first: a few of each cause that is shown, and of all others. */
function worstOf(broken: RankedRows, causes: Causes): readonly number[] {
  const worst = new FirstFew<number>(worstMax, broken.isBefore);
  const perCause = causes.groups.map(() => new FirstFew<number>(perCauseMax, broken.isBefore));
  for (let place = 0; place < broken.length; place++) {
    const cause = causes.groupOf(place);
    (cause === undefined ? worst : (perCause[cause - 1] as FirstFew<number>)).add(place);
  }
  for (const { items } of perCause) for (const place of items) worst.add(place);
  return worst.items;
}

function worstRow(
  broken: RankedRows,
  place: number,
  clusters: ReadonlyMap<string, Cluster>,
  causes: Causes,
  nowMs: number,
): WorstRow {
  const row = broken.row(place);
  const { revision: _, phase, reason, ...rest } = publicRow(row, clusters.get(row.cluster) as Cluster, nowMs);
  const cause = causes.groupOf(place);
  return {
    ...rest,
    ...(phase && phase !== 'Succeeded' ? { phase } : {}),
    ...(cause ? { cause } : reason ? { reason: plainText(reason, reasonLengthMax) } : {}),
  };
}
