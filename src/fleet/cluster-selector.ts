import {
  labelKeyPattern,
  labelValuePattern,
  selectorGlobPattern,
  selectorLengthMax,
  selectorTermsMax,
} from '../config/names.js';
import { AppError } from '../errors/app-error.js';
import { parseGlob } from './index/glob.js';

export interface SelectableCluster {
  name: string;
  labels: Readonly<Record<string, string>>;
}

export interface ClusterSelector {
  matches(cluster: SelectableCluster): boolean;
  /** Exact names that it mentions, excluded ones too: a mistyped exclusion would let through what it meant to spare. */
  readonly names: readonly string[];
  /** Equal for selectors that say the same in another order or spacing. */
  readonly key: string;
}

type Matcher = (cluster: SelectableCluster) => boolean;

/**
 * Parses which clusters are meant: a comma list of
 * - names and globs: `eu-prod`, `eu-*`, `us-?` (`*` any characters, `?` one);
 * - labels: `env=prod`. Several values of one key are alternatives, several keys must all hold: `env=prod,env=stage,region=eu`
 *   means production and staging in Europe. So `env=prod,region=eu` never means more than it seems to;
 * - exclusions: `!eu-dev`, `!eu-*`, `!env=dev`, or `env!=dev`, the same.
 *
 * A cluster is selected if a name or glob means it **or** all label keys hold for it, and no exclusion means it. Without
 * anything but exclusions, all others are selected. Label keys and values are exact, upper and lower case included.
 *
 * Throws `invalid_input` that names the term it cannot read; at most 1000 characters and 100 terms.
 */
export function parseClusterSelector(text: string): ClusterSelector {
  if (text.length > selectorLengthMax) throw invalid(`is longer than ${selectorLengthMax} characters`);
  const terms = text.split(',').map((term) => term.trim());
  if (terms.length > selectorTermsMax) throw invalid(`has more than ${selectorTermsMax} terms`);

  const included: Matcher[] = [];
  const excluded: Matcher[] = [];
  const labels = new Map<string, Set<string>>();
  const names = new Set<string>();
  for (const term of terms) {
    const { isExclusion, label, glob } = parseTerm(term);
    if (label) {
      const { key, value } = label;
      if (isExclusion) excluded.push((cluster) => labelOf(cluster, key) === value);
      else labels.set(key, (labels.get(key) ?? new Set()).add(value));
    } else {
      if (!/[*?]/.test(glob)) names.add(glob);
      (isExclusion ? excluded : included).push(nameMatcher(glob));
    }
  }
  if (labels.size > 0) {
    included.push((cluster) => [...labels].every(([key, values]) => values.has(labelOf(cluster, key) ?? absent)));
  }
  const isAll = included.length === 0;
  return {
    matches: (cluster) =>
      (isAll || included.some((matches) => matches(cluster))) && !excluded.some((matches) => matches(cluster)),
    names: [...names],
    key: [...new Set(terms)].sort().join(','),
  };
}

/** No label value: values cannot hold a space. */
const absent = ' ';

function labelOf(cluster: SelectableCluster, key: string): string | undefined {
  return Object.hasOwn(cluster.labels, key) ? cluster.labels[key] : undefined;
}

function nameMatcher(glob: string): Matcher {
  if (!/[*?]/.test(glob)) return (cluster) => cluster.name === glob;
  const matches = parseGlob('cluster', glob);
  return (cluster) => matches(cluster.name);
}

type Term =
  | { isExclusion: boolean; label: { key: string; value: string }; glob?: undefined }
  | { isExclusion: boolean; label?: undefined; glob: string };

function parseTerm(term: string): Term {
  if (term === '') throw invalid('has an empty term; remove the comma too many');
  const isNegated = term.startsWith('!');
  const body = isNegated ? term.slice(1) : term;
  const equals = body.indexOf('=');
  if (equals === -1) {
    if (!selectorGlobPattern.test(body)) throw unreadable(term);
    return { isExclusion: isNegated, glob: body };
  }
  const isUnequal = body[equals - 1] === '!';
  const key = body.slice(0, isUnequal ? equals - 1 : equals);
  const value = body.slice(equals + 1);
  if ((isUnequal && isNegated) || !labelKeyPattern.test(key)) throw unreadable(term);
  if (/[*?]/.test(value)) throw invalid(`has globs in a label ("${show(term)}"): only names take * and ?`);
  if (!labelValuePattern.test(value)) throw unreadable(term);
  return { isExclusion: isNegated || isUnequal, label: { key, value } };
}

const unreadable = (term: string): AppError => invalid(`has a term that cannot be read: "${show(term)}"`);

/** A term of the caller, fit to be shown. */
const show = (term: string): string => {
  const plain = term.replace(/[^\x20-\x7e]/g, '?');
  return plain.length > 60 ? `${plain.slice(0, 60)}…` : plain;
};

function invalid(what: string): AppError {
  const message = `the selector ${what}`;
  return new AppError(
    'invalid_input',
    `cluster: ${message}. Write a comma list of names, globs (eu-*), labels (env=prod) and exclusions (!eu-dev).`,
    { issues: [{ path: 'cluster', message }] },
  );
}
