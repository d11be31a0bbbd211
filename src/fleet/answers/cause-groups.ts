import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { ApplicationRow } from '../../cache/row.js';
import { plainText } from '../index/plain-text.js';
import type { UrgencyRank } from '../index/urgency.js';
import { causeOf, isNewCause, type Cause } from './cause.js';
import type { StatusRows } from './status-rows.js';

const groupsMax = 5;
const clustersMax = 3;
const exampleLengthMax = 160;
/** A shorter beginning says too little to tell what it is the beginning of. */
const beginningLengthMin = 40;
/** Messages that are masked without letting others have their turn: a few milliseconds. */
const masksPerTurn = 300;

/** Applications that are broken for the same cause. */
export interface CauseGroup {
  cause: string;
  applications: number;
  clusters: number;
  /** Some of the clusters. */
  on: string[];
  /** The most urgent of them, with what its cluster says, as it came. */
  example: { cluster: string; namespace: string; application: string; text?: string };
}

export interface Causes {
  /** Causes of two applications or more; those on most clusters first. */
  groups: CauseGroup[];
  /** What is not shown: causes, and the applications that have them. */
  omitted?: { causes: number; applications: number };
  /** Number of a shown group, from 1, of the row's cause. */
  groupOf(row: ApplicationRow, rank: UrgencyRank): number | undefined;
}

interface Gathering {
  first: { row: ApplicationRow; text?: string };
  applications: number;
  clusters: Set<string>;
  isCut: boolean;
}

/** Puts together what is broken for the same cause. */
export async function groupCauses(broken: StatusRows['broken']): Promise<Causes> {
  const gathered = new Map<string, Gathering>();
  let masked = 0;
  for (const { row, rank } of broken) {
    if (isNewCause(row, rank) && ++masked % masksPerTurn === 0) await yieldToOthers();
    gather(gathered, row, causeOf(row, rank));
  }
  const wholeOf = mergeCut(gathered);
  const common = [...gathered].filter(([, { applications }]) => applications > 1);
  common.sort(([, a], [, b]) => b.clusters.size - a.clusters.size || b.applications - a.applications);
  const shown = common.slice(0, groupsMax);
  const rest = common.slice(groupsMax);
  const numbers = new Map(shown.map(([cause], i) => [cause, i + 1]));
  return {
    groups: shown.map(publicGroup),
    ...(rest.length > 0
      ? { omitted: { causes: rest.length, applications: rest.reduce((sum, [, group]) => sum + group.applications, 0) } }
      : {}),
    groupOf: (row, rank) => {
      const cause = causeOf(row, rank).masked;
      return numbers.get(wholeOf.get(cause) ?? cause);
    },
  };
}

function gather(gathered: Map<string, Gathering>, row: ApplicationRow, { masked, text, isCut }: Cause): void {
  let group = gathered.get(masked);
  if (!group) {
    group = { first: { row, text }, applications: 0, clusters: new Set(), isCut };
    gathered.set(masked, group);
  }
  group.applications++;
  group.clusters.add(row.cluster);
  group.isCut &&= isCut;
}

/**
 * A message that was cut is the beginning of the one that it was: how much of it is left depends on the names in it.
 * Where it could begin only one other cause it is taken for that one. Returns what was merged into what.
 */
function mergeCut(gathered: Map<string, Gathering>): Map<string, string> {
  const wholeOf = new Map<string, string>();
  const sorted = [...gathered.keys()].sort();
  /** What stands behind in the order and was not merged, the nearest last: all that begins alike is there. */
  const behind: string[] = [];
  for (const cause of sorted.reverse()) {
    const group = gathered.get(cause) as Gathering;
    const [next, second] = [behind.at(-1), behind.at(-2)];
    const isBeginning = group.isCut && cause.length >= beginningLengthMin && next?.startsWith(cause) === true;
    if (!isBeginning || second?.startsWith(cause)) {
      behind.push(cause);
      continue;
    }
    const into = gathered.get(next) as Gathering;
    into.applications += group.applications;
    for (const cluster of group.clusters) into.clusters.add(cluster);
    gathered.delete(cause);
    wholeOf.set(cause, next);
  }
  return wholeOf;
}

function publicGroup([cause, { first, applications, clusters }]: [string, Gathering]): CauseGroup {
  const { row, text } = first;
  return {
    cause,
    applications,
    clusters: clusters.size,
    on: [...clusters].slice(0, clustersMax),
    example: {
      cluster: row.cluster,
      namespace: row.namespace,
      application: row.name,
      ...(text === undefined ? {} : { text: plainText(text, exampleLengthMax) }),
    },
  };
}
