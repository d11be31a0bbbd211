import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { FirstFew } from '../index/first-few.js';
import { plainText } from '../index/plain-text.js';
import type { RankedRows } from '../index/ranked-rows.js';
import { causeOf, isNewCause, type Cause } from './cause.js';

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
  /** Number of a shown group, from 1, of the cause of the row at a place of what is broken. */
  groupOf(place: number): number | undefined;
}

interface Gathering {
  masked: string;
  /** Place of the most urgent one, and what its cluster says. */
  first: number;
  text?: string;
  applications: number;
  /** Place of the most urgent one of each; absent of one application. */
  clusters?: Map<string, number>;
  isCut: boolean;
  /** Number of the group that is shown. */
  number?: number;
}

/** Puts together what is broken for the same cause. */
export async function groupCauses(broken: RankedRows): Promise<Causes> {
  const gathered = new Map<string, Gathering>();
  const groupAt: Gathering[] = [];
  let masked = 0;
  for (let place = 0; place < broken.length; place++) {
    const [entry, rank] = [broken.entry(place), broken.rank(place)];
    if (isNewCause(entry, rank) && ++masked % masksPerTurn === 0) await yieldToOthers();
    groupAt.push(gather(gathered, broken, place, causeOf(entry, rank)));
  }
  const wholeOf = mergeCut(gathered, broken);
  const common = [...gathered.values()].filter(isCommon);
  common.sort(
    (a, b) =>
      b.clusters.size - a.clusters.size ||
      b.applications - a.applications ||
      (broken.isBefore(a.first, b.first) ? -1 : 1),
  );
  const shown = common.slice(0, groupsMax);
  const rest = common.slice(groupsMax);
  for (const [i, group] of shown.entries()) group.number = i + 1;
  return {
    groups: shown.map((group) => publicGroup(group, broken)),
    ...(rest.length > 0
      ? { omitted: { causes: rest.length, applications: rest.reduce((sum, group) => sum + group.applications, 0) } }
      : {}),
    groupOf: (place) => {
      const group = groupAt[place] as Gathering;
      return (wholeOf.get(group) ?? group).number;
    },
  };
}

function gather(
  gathered: Map<string, Gathering>,
  broken: RankedRows,
  place: number,
  { masked, text, isCut }: Cause,
): Gathering {
  const group = gathered.get(masked);
  if (!group) {
    const made: Gathering = { masked, first: place, text, applications: 1, isCut };
    gathered.set(masked, made);
    return made;
  }
  const clusters = clustersOf(group, broken);
  group.applications++;
  group.isCut &&= isCut;
  if (broken.isBefore(place, group.first)) {
    group.first = place;
    group.text = text;
  }
  const { cluster } = broken.row(place);
  const known = clusters.get(cluster);
  if (known === undefined || broken.isBefore(place, known)) clusters.set(cluster, place);
  return group;
}

/** Most causes are those of one application, which needs no map of its clusters. */
const clustersOf = (group: Gathering, broken: RankedRows): Map<string, number> =>
  (group.clusters ??= new Map([[broken.row(group.first).cluster, group.first]]));

type Common = Gathering & Required<Pick<Gathering, 'clusters'>>;
const isCommon = (group: Gathering): group is Common => group.clusters !== undefined;

/**
 * A message that was cut is the beginning of the one that it was: how much of it is left depends on the names in it.
 * Where it could begin only one other cause it is taken for that one. Returns what was merged into what.
 */
function mergeCut(gathered: Map<string, Gathering>, broken: RankedRows): Map<Gathering, Gathering> {
  const wholeOf = new Map<Gathering, Gathering>();
  const sorted = beginningAlike(gathered).sort();
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
    const clusters = clustersOf(into, broken);
    for (const [cluster, place] of clustersOf(group, broken)) if (!clusters.has(cluster)) clusters.set(cluster, place);
    into.applications += group.applications;
    gathered.delete(cause);
    wholeOf.set(group, into);
  }
  return wholeOf;
}

/** Causes that begin as one does whose messages were cut: no other can be the whole of one. */
function beginningAlike(gathered: Map<string, Gathering>): string[] {
  const cut = [...gathered.values()].filter(({ isCut, masked }) => isCut && masked.length >= beginningLengthMin);
  const beginnings = new Set(cut.map(({ masked }) => masked.slice(0, beginningLengthMin)));
  if (beginnings.size === 0) return [];
  return [...gathered.keys()].filter((cause) => beginnings.has(cause.slice(0, beginningLengthMin)));
}

function publicGroup({ masked, first, text, applications, clusters }: Common, broken: RankedRows): CauseGroup {
  const row = broken.row(first);
  const on = new FirstFew<number>(clustersMax, broken.isBefore);
  for (const place of clusters.values()) on.add(place);
  return {
    cause: masked,
    applications,
    clusters: clusters.size,
    on: on.items.map((place) => broken.row(place).cluster),
    example: {
      cluster: row.cluster,
      namespace: row.namespace,
      application: row.name,
      ...(text === undefined ? {} : { text: plainText(text, exampleLengthMax) }),
    },
  };
}
