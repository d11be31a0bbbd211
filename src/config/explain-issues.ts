import type { z } from 'zod';
import type { Path } from './config-error.js';
import { didYouMean, suggest } from '../errors/suggest.js';
import { configJsonSchema, type JsonSchema } from './json-schema.js';

export interface Explained {
  path: Path;
  message: string;
}

type Issue = z.core.$ZodIssue;

/** What is wrong with a value of the file, in sentences that say what to do and never quote a value. */
export function explainIssues(issues: readonly Issue[], value: unknown): Explained[] {
  const schema = configJsonSchema();
  return issues.flatMap((issue) => explain(issue, value, schema));
}

function explain(issue: Issue, root: unknown, schema: JsonSchema): Explained[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  const value = valueAt(root, path);
  const field = schemaAt(schema, path);
  const say = (message: string): Explained[] => [{ path, message }];

  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, path, field));
  if (value === undefined && issue.code !== 'invalid_key') {
    return say(`is required${field?.description ? `: ${lowerFirst(field.description)}` : ''}`);
  }
  if (value === null) return say('is empty: give it a value or remove the line');
  switch (issue.code) {
    case 'invalid_union':
      return explainSource(issue, path, value, field, root, schema);
    case 'invalid_type':
      return say(`must be ${expected(issue.expected)}${quotesHint(issue.expected, value)}`);
    case 'invalid_value': {
      const allowed = issue.values.map(String);
      return say(`must be ${oneOf(allowed)}.${typeof value === 'string' ? didYouMean(suggest(value, allowed)) : ''}`);
    }
    case 'too_small':
    case 'too_big':
      return say(size(issue));
    case 'invalid_key':
      return say(issue.issues[0]?.message ?? 'is no name that can be used here');
    default:
      return say(issue.message);
  }
}

/** A place where a secret comes from: exactly one of `env`, `file`, `command`; for Redis a text too. */
function explainSource(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  path: Path,
  value: unknown,
  field: JsonSchema | undefined,
  root: unknown,
  schema: JsonSchema,
): Explained[] {
  const branches = field?.anyOf ?? [];
  const keys = branches.flatMap((branch) => Object.keys(branch.properties ?? {}));
  const forms = oneOf(keys.map((key) => formOf[key] ?? `{${key}: ...}`));
  const textBranch = branches.findIndex(({ type }) => type === 'string');
  if (typeof value === 'string') {
    const own = textBranch === -1 ? undefined : issue.errors[textBranch]?.[0]?.message;
    return [{ path, message: own ?? `must not stand in this file itself: keep it elsewhere and write ${forms}` }];
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [{ path, message: `must be ${forms}` }];
  }
  const given = Object.keys(value);
  const unknown = given.filter((key) => !keys.includes(key));
  const known = given.filter((key) => keys.includes(key));
  const found: Explained[] = unknown.map((key) => unknownKey(key, path, field));
  if (known.length > 1) found.push({ path, message: `has ${known.join(' and ')}; keep exactly one of them` });
  else if (known.length === 0 && unknown.length === 0) found.push({ path, message: `must be ${forms}` });
  const branch = branches.findIndex(({ properties }) => known.length === 1 && properties?.[known[0] as string]);
  for (const inner of issue.errors[branch] ?? []) {
    if (inner.code === 'unrecognized_keys') continue;
    found.push(...explain({ ...inner, path: [...path, ...inner.path] } as Issue, root, schema));
  }
  return found;
}

const formOf: Readonly<Record<string, string>> = {
  env: '{env: NAME}',
  file: '{file: PATH}',
  command: '{command: [PROGRAM, ARGUMENT, ...]}',
};

function unknownKey(key: string, parent: Path, field: JsonSchema | undefined): Explained {
  const path = [...parent, key];
  if (key === '<<') return { path, message: 'is not read: YAML merge keys are not supported; use the defaults block' };
  const here = fieldNames(field);
  const guess = didYouMean(suggest(key, here));
  // Where a secret is expected, a name that is like none of ours may be the secret itself.
  if (guess === '' && field?.anyOf && !(key in formOf)) {
    return { path: parent, message: `has a field that is not known here; known are ${here.join(', ')}` };
  }
  const below = Object.entries(field?.properties ?? {}).flatMap(([name, inner]) =>
    fieldNames(inner).map((innerName) => ({ innerName, place: `${name}.${innerName}` })),
  );
  const elsewhere = below.find(({ innerName }) => innerName === key);
  if (elsewhere) return { path, message: `is not known here; it belongs to ${elsewhere.place}` };
  return { path, message: `is not known.${guess || ` Known here: ${here.join(', ')}`}` };
}

const fieldNames = (field: JsonSchema | undefined): string[] => [
  ...Object.keys(field?.properties ?? {}),
  ...(field?.anyOf ?? []).flatMap((branch) => Object.keys(branch.properties ?? {})),
];

function expected(type: string): string {
  const words: Record<string, string> = {
    string: 'text',
    int: 'a whole number',
    number: 'a whole number',
    boolean: 'true or false',
    array: 'a list (lines beginning with -)',
    object: 'a block of fields (name: value)',
    record: 'a block of name: text',
  };
  return words[type] ?? type;
}

const quotesHint = (type: string, value: unknown): string =>
  type === 'string' && ['number', 'boolean', 'bigint'].includes(typeof value) ? '; put it into quotes' : '';

function size(issue: Extract<Issue, { code: 'too_small' | 'too_big' }>): string {
  const isSmall = issue.code === 'too_small';
  const bound = String(isSmall ? issue.minimum : issue.maximum);
  const words = isSmall ? 'at least' : 'at most';
  if (issue.origin === 'string')
    return isSmall && bound === '1' ? 'must not be empty' : `must have ${words} ${bound} characters`;
  if (issue.origin === 'array') return `must have ${words} ${bound} ${bound === '1' ? 'entry' : 'entries'}`;
  return `must be ${words} ${bound}`;
}

const oneOf = (words: readonly string[]): string =>
  words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

function schemaAt(root: JsonSchema, path: Path): JsonSchema | undefined {
  let schema: JsonSchema | undefined = root;
  for (const part of path) {
    if (typeof part === 'number') schema = schema?.items;
    else {
      const branch: JsonSchema | undefined = schema?.anyOf?.find(({ properties }) => properties?.[part]);
      const own: JsonSchema | undefined = (branch ?? schema)?.properties?.[part];
      const rest: JsonSchema | boolean | undefined = schema?.additionalProperties;
      schema = own ?? (typeof rest === 'object' ? rest : undefined);
    }
  }
  return schema;
}
