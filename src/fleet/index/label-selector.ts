import { AppError } from '../../errors/app-error.js';

/** Keeps the objects whose labels it matches. */
export type LabelSelector = (labels: Readonly<Record<string, string>>) => boolean;

const lengthMax = 1000;
const key = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const value = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/**
 * Parses a Kubernetes label selector: `env=prod`, `env==prod`, `env!=prod`, `tier in (web, api)`,
 * `tier notin (web)`, `team`, `!team`; commas mean and. As in Kubernetes, `!=` and `notin` also match objects that do
 * not have the label.
 *
 * Throws `invalid_input` that names the part it could not read.
 * Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
 */
export function parseLabelSelector(text: string): LabelSelector {
  if (text.length > lengthMax) throw invalid(`is longer than ${lengthMax} characters`);
  const requirements = splitRequirements(text).map(parseRequirement);
  return (labels) => requirements.every((matches) => matches(labels));
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

function parseRequirement(part: string): LabelSelector {
  if (part === '') throw invalid('has an empty part between commas');

  const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(part);
  if (set) {
    const name = checkKey(set[1] ?? '');
    const values = new Set((set[3] ?? '').split(',').map((item) => checkValue(item.trim())));
    return set[2] === 'in'
      ? (labels) => has(labels, name) && values.has(labels[name] as string)
      : (labels) => !has(labels, name) || !values.has(labels[name] as string);
  }

  const comparison = /^([^=!\s]+)\s*(==|=|!=)\s*([^=!\s]*)$/.exec(part);
  if (comparison) {
    const name = checkKey(comparison[1] ?? '');
    const wanted = checkValue(comparison[3] ?? '');
    return comparison[2] === '!='
      ? (labels) => !has(labels, name) || labels[name] !== wanted
      : (labels) => has(labels, name) && labels[name] === wanted;
  }

  if (part.startsWith('!')) {
    const name = checkKey(part.slice(1).trim());
    return (labels) => !has(labels, name);
  }
  const name = checkKey(part);
  return (labels) => has(labels, name);
}

const has = (labels: Readonly<Record<string, string>>, name: string): boolean => Object.hasOwn(labels, name);

function checkKey(text: string): string {
  if (!key.test(text)) throw invalid(`holds "${text}", which is no label name`);
  return text;
}

function checkValue(text: string): string {
  if (!value.test(text)) throw invalid(`holds "${text}", which is no label value`);
  return text;
}

const invalid = (what: string): AppError =>
  new AppError(
    'invalid_input',
    `labels: the selector ${what}. Write it as in Kubernetes, for example "env=prod,tier in (web,api),!legacy".`,
    { issues: [{ path: 'labels', message: `the selector ${what}` }] },
  );
