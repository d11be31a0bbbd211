import { AppError } from '../../errors/app-error.js';

type Labels = Readonly<Record<string, string>>;

/** One condition on one label. */
export type LabelRequirement =
  | { key: string; operator: 'exists' | 'absent' }
  /** One of the values; none of them, which a missing label fulfils too. */
  | { key: string; operator: 'in' | 'notIn'; values: ReadonlySet<string> }
  /** Whole numbers. */
  | { key: string; operator: 'greater' | 'less'; bound: bigint };

/** Conditions that must all hold. */
export type LabelSelector = readonly LabelRequirement[];

const lengthMax = 1000;
const key = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const value = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
const wholeNumber = /^\d{1,19}$/;

/**
 * Parses a Kubernetes label selector, which is also Argo CD's: `env=prod`, `env==prod`, `env!=prod`,
 * `tier in (web, api)`, `tier notin (web)`, `team`, `!team`, `replicas>2`, `replicas<9`; commas mean and. As in
 * Kubernetes, `!=` and `notin` also match objects that do not have the label.
 *
 * Throws `invalid_input` that names the part it could not read.
 * Source: https://github.com/kubernetes/apimachinery/blob/master/pkg/labels/selector.go
 */
export function parseLabelSelector(text: string): LabelSelector {
  if (text.length > lengthMax) throw invalid(`is longer than ${lengthMax} characters`);
  return splitRequirements(text).map(parseRequirement);
}

export function labelsMatch(labels: Labels, selector: LabelSelector): boolean {
  return selector.every((requirement) => {
    const given = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
    if (requirement.operator === 'absent') return given === undefined;
    if (given === undefined) return requirement.operator === 'notIn';
    return valueMatches(given, requirement);
  });
}

/** Whether the value of a label that is there fits. */
export function valueMatches(given: string, requirement: LabelRequirement): boolean {
  switch (requirement.operator) {
    case 'exists':
      return true;
    case 'absent':
      return false;
    case 'in':
      return requirement.values.has(given);
    case 'notIn':
      return !requirement.values.has(given);
    case 'greater':
      return wholeNumber.test(given) && BigInt(given) > requirement.bound;
    case 'less':
      return wholeNumber.test(given) && BigInt(given) < requirement.bound;
  }
}

/** Splits at the commas that stand outside parentheses. */
function splitRequirements(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')') depth--;
    else if (text[i] === ',' && depth === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
    if (depth < 0 || depth > 1) throw invalid('has parentheses that do not match');
  }
  if (depth !== 0) throw invalid('has parentheses that do not match');
  parts.push(text.slice(start));
  return parts.map((part) => part.trim());
}

function parseRequirement(part: string): LabelRequirement {
  if (part === '') throw invalid('has an empty part between commas');

  const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(part);
  if (set) {
    const values = new Set((set[3] ?? '').split(',').map((item) => checkValue(item.trim())));
    return { key: checkKey(set[1] ?? ''), operator: set[2] === 'in' ? 'in' : 'notIn', values };
  }

  const comparison = /^([^=!<>\s]+)\s*(==|=|!=|>|<)\s*([^=!<>\s]*)$/.exec(part);
  if (comparison) {
    const [, name = '', sign, wanted = ''] = comparison;
    if (sign === '>' || sign === '<') {
      if (!wholeNumber.test(wanted)) throw invalid(`compares with "${show(wanted)}", which is no whole number`);
      return { key: checkKey(name), operator: sign === '>' ? 'greater' : 'less', bound: BigInt(wanted) };
    }
    return { key: checkKey(name), operator: sign === '!=' ? 'notIn' : 'in', values: new Set([checkValue(wanted)]) };
  }

  if (part.startsWith('!')) return { key: checkKey(part.slice(1).trim()), operator: 'absent' };
  return { key: checkKey(part), operator: 'exists' };
}

function checkKey(text: string): string {
  if (!key.test(text)) throw invalid(`holds "${show(text)}", which is no label name`);
  return text;
}

function checkValue(text: string): string {
  if (!value.test(text)) throw invalid(`holds "${show(text)}", which is no label value`);
  return text;
}

/** What the caller wrote, fit to be shown. */
function show(text: string): string {
  const plain = text.replace(/[^\x20-\x7e]/g, '?');
  return plain.length > 60 ? `${plain.slice(0, 60)}…` : plain;
}

const invalid = (what: string): AppError =>
  new AppError(
    'invalid_input',
    `labels: the selector ${what}. Write it as in Kubernetes, for example "env=prod,tier in (web,api),!legacy".`,
    { issues: [{ path: 'labels', message: `the selector ${what}` }] },
  );
