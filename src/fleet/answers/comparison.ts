import { plainText } from '../index/plain-text.js';
import { reasonOf } from '../index/reason.js';
import { urgencyOf } from '../index/urgency.js';
import { caveatSentence } from './caveats.js';
import type { CommitDates } from './commit-dates.js';
import { deployedSources } from './instance-facts.js';
import { lagOf, type Lag, type LagRule } from './lag.js';
import type { Completeness } from './list-answer.js';
import { shortRevision } from './public-row.js';
import { brokenRanks } from './status-rows.js';
import { sideBySide, type Column, type ComparedInstance, type SideBySide, type SideLimits } from './side-by-side.js';

const shownMax = 5;
const reasonLengthMax = 120;
const namesMax = 3;

/** Some instances, by name: the cluster, and what else tells them apart. */
interface Some {
  on: string[];
  onOmitted?: number;
}

/** Who lags, of one source. */
export interface PublicLag {
  /** Which of several sources, from 1. */
  source?: number;
  rule: LagRule;
  reason?: string;
  /** Of those that run the same, only what they run. */
  newest?: { revision: string; date?: string } & Partial<Some>;
  behind?: ({ revision: string; date?: string; by: string } & Some)[];
  notRanked?: string[];
  notRankedOmitted?: number;
}

export type PublicInstance = Partial<Record<Column, string>> & {
  cluster: string;
  images?: string[];
  imagesOmitted?: number;
  parameters?: Record<string, string>;
  /** Why it is broken, if it is. */
  reason?: string;
  stale?: true;
  /** Why its parameters and its history are not known: the code of an error. */
  notRead?: string;
};

export interface Comparison extends Completeness {
  summary: string;
  total: number;
  instancesOmitted?: number;
  lag: PublicLag[];
  differs: string[];
  equal: SideBySide['equal'];
  instances: PublicInstance[];
  parametersOmitted?: number;
}

type Answer = Omit<Comparison, keyof Completeness>;

/** Characters of JSON; some 4,000 tokens. */
const lengthMax = 15_000;
/** Tried one after the other until the answer fits. */
const limits: readonly SideLimits[] = [
  { images: 5, parameters: 10, text: 200 },
  { images: 3, parameters: 5, text: 120 },
  { images: 1, parameters: 2, text: 60 },
  { images: 0, parameters: 0, text: 30 },
];

/** Puts the answer together from what was read. */
export function comparison(
  instances: readonly ComparedInstance[],
  total: number,
  dates: CommitDates,
  completeness: Completeness,
): Comparison {
  const names = namesOf(instances);
  const lag = lagsOf(instances, dates).map((each, i, all) =>
    publicLag(each, names, all.length > 1 ? i + 1 : undefined),
  );
  const omitted = total - instances.length;
  const answer = (limit: SideLimits): Answer => {
    const side = sideBySide(instances, limit);
    return {
      summary: summaryOf(instances, total, lag, side, completeness),
      total,
      ...(omitted > 0 ? { instancesOmitted: omitted } : {}),
      lag,
      differs: side.differs,
      equal: side.equal,
      instances: instances.map((instance, i) => publicInstance(instance, side.own[i]!)),
      ...(side.parametersOmitted > 0 ? { parametersOmitted: side.parametersOmitted } : {}),
    };
  };
  let shown: Answer | undefined;
  for (const limit of limits) {
    shown = answer(limit);
    if (JSON.stringify(shown).length <= lengthMax) break;
  }
  return { ...(shown as Answer), ...completeness };
}

function lagsOf(instances: readonly ComparedInstance[], dates: CommitDates): Lag[] {
  const all = instances.map(({ row, facts }) => deployedSources(row, facts));
  const count = all[0]?.length ?? 0;
  if (all.every(({ length }) => length === 0)) return [{ rule: 'differs', reason: 'none of them names a source' }];
  if (all.some(({ length }) => length !== count)) {
    return [{ rule: 'differs', reason: 'they do not have the same number of sources' }];
  }
  return Array.from({ length: count }, (_, i) => {
    const sources = all.map((each) => each[i]!);
    return lagOf(sources, (revision) => dates.get(sources[0]!.repository, revision));
  });
}

function publicLag(lag: Lag, names: readonly string[], source: number | undefined): PublicLag {
  const some = (places: readonly number[]): Some => {
    const omitted = places.length - shownMax;
    const on = places.slice(0, shownMax).map((place) => names[place] as string);
    return { on, ...(omitted > 0 ? { onOmitted: omitted } : {}) };
  };
  const isEveryone = (on: readonly number[]): boolean => on.length === names.length;
  const revisions = <T extends { revision: string; on: number[] }>({ on, ...rest }: T) => ({
    ...rest,
    revision: shortRevision([rest.revision]),
    ...some(on),
  });
  const { newest, behind, notRanked, ...rule } = lag;
  const notIn = notRanked && some(notRanked);
  return {
    ...(source === undefined ? {} : { source }),
    ...rule,
    ...(newest
      ? { newest: isEveryone(newest.on) ? { revision: shortRevision([newest.revision]) } : revisions(newest) }
      : {}),
    ...(behind ? { behind: behind.map(revisions) } : {}),
    ...(notIn ? { notRanked: notIn.on, ...(notIn.onOmitted ? { notRankedOmitted: notIn.onOmitted } : {}) } : {}),
  };
}

/** The cluster, with the name where names differ and the namespace where that is not enough. */
function namesOf(instances: readonly ComparedInstance[]): string[] {
  const ways: ((row: ComparedInstance['row']) => string)[] = [
    ({ cluster }) => cluster,
    ({ cluster, name }) => `${cluster}/${name}`,
    ({ cluster, namespace, name }) => `${cluster}/${namespace}/${name}`,
  ];
  const named = ways.map((way) => instances.map(({ row }) => way(row)));
  return named.find((names) => new Set(names).size === names.length) ?? (named.at(-1) as string[]);
}

function publicInstance(
  { row, cluster, notRead }: ComparedInstance,
  { columns, images, imagesOmitted, parameters }: SideBySide['own'][number],
): PublicInstance {
  const nowMs = Date.now();
  const reason = brokenRanks.has(urgencyOf(row, nowMs)) ? reasonOf(row, nowMs) : undefined;
  return {
    cluster: row.cluster,
    ...columns,
    ...(images ? { images } : {}),
    ...(imagesOmitted ? { imagesOmitted } : {}),
    ...(parameters ? { parameters } : {}),
    ...(cluster.isStale(row) ? { stale: true } : {}),
    ...(notRead ? { notRead } : {}),
    ...(reason ? { reason: plainText(reason, reasonLengthMax) } : {}),
  };
}

function summaryOf(
  instances: readonly ComparedInstance[],
  total: number,
  lags: readonly PublicLag[],
  { differs }: SideBySide,
  completeness: Completeness,
): string {
  const clusters = new Set(instances.map(({ row }) => row.cluster)).size;
  const well = instances.filter(({ row }) => row.health === 'Healthy' && row.sync === 'Synced').length;
  const of = total > instances.length ? ` of ${total}` : '';
  const sentences = [
    `${instances.length}${of} instance${instances.length === 1 && !of ? '' : 's'} on ${clusters} cluster${clusters === 1 ? '' : 's'}, ${well} Synced and Healthy.`,
    notKnownSentence(completeness),
    caveatSentence(completeness),
    ...lags.map(lagSentence),
    differs.length > 0 ? `Differs: ${differs.join(', ')}.` : nothingDiffers(instances),
  ];
  return sentences.filter((sentence) => sentence !== '').join(' ');
}

/** What follows is not about the present of all: whoever reads only this must know. */
function notKnownSentence({ unavailable, unavailableOmitted: omitted = 0 }: Completeness): string {
  if (unavailable.length === 0) return '';
  const names = unavailable.slice(0, namesMax).map(({ cluster }) => cluster);
  const more = unavailable.length + omitted - names.length;
  return `Not known now: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}; as last seen, where seen.`;
}

const nothingDiffers = (instances: readonly ComparedInstance[]): string =>
  instances.every(({ facts }) => facts) ? 'Nothing differs.' : 'Nothing differs of what could be read.';

function lagSentence({ source, rule, reason, newest, behind = [] }: PublicLag): string {
  const which = source === undefined ? '' : `Source ${source}: `;
  const [furthest] = behind;
  if (furthest && newest) {
    const count = behind.reduce((sum, { on, onOmitted = 0 }) => sum + on.length + onOmitted, 0);
    return `${which}${count} behind ${newest.revision} by ${rule}, the furthest ${furthest.on[0]} by ${furthest.by}.`;
  }
  if (rule === 'equal') return `${which}All ${reason ? 'that are known ' : ''}run the same revision.`;
  return `${which}Who lags cannot be told: ${reason}.`;
}
