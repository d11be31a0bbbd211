import type { z } from 'zod';
import { AppError } from '../errors/app-error.js';
import { didYouMean, suggest } from '../errors/suggest.js';
import type { Tool } from './tool.js';

/** One thing that is wrong with the arguments. `path` is empty when the whole is meant. */
export interface InputIssue {
  path: string;
  message: string;
}

/** More are counted, not shown: an answer must not grow with hostile input. */
const issuesMax = 20;
const issuesInSentence = 5;
const quotedMax = 60;

/**
 * Turns the arguments of a call into a tool's typed input. Every fault is told at once, in our own words: zod's texts
 * name zod's types and differ between its versions. A message that a schema brings itself wins over these.
 */
export class ArgumentParser {
  private readonly schema: z.ZodObject;
  private readonly known: string[];

  constructor(tool: Pick<Tool, 'input'>) {
    // Strict whatever the declaration says: an argument that is not understood must not be ignored.
    this.schema = tool.input.strict();
    this.known = Object.keys(tool.input.shape);
  }

  /** Throws `invalid_input` with `details.issues`. Absent arguments are no arguments. */
  parse(input: unknown): Record<string, unknown> {
    const parsed = this.schema.safeParse(input ?? {}, { error: (issue) => messageOf(issue) });
    if (parsed.success) return parsed.data;
    const issues = parsed.error.issues.flatMap((issue) => this.issuesOf(issue));
    const shown = issues.slice(0, issuesMax);
    throw new AppError('invalid_input', sentenceOf(issues), {
      issues: shown,
      ...(issues.length > shown.length ? { issuesOmitted: issues.length - shown.length } : {}),
    });
  }

  private issuesOf(issue: z.core.$ZodIssue): InputIssue[] {
    const path = issue.path.map(String).join('.');
    if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
    return issue.keys.map((key) => ({
      path: path ? `${path}.${shortened(key)}` : shortened(key),
      message: path ? 'unknown field' : this.unknownArgument(key),
    }));
  }

  private unknownArgument(key: string): string {
    const likely = key.length > quotedMax ? [] : suggest(key, this.known);
    const known = this.known.length > 0 ? ` Known: ${this.known.join(', ')}.` : ' This tool takes no arguments.';
    return `unknown argument.${didYouMean(likely)}${known}`;
  }
}

function sentenceOf(issues: readonly InputIssue[]): string {
  const told = issues.slice(0, issuesInSentence).map(({ path, message }) => `${path || 'arguments'}: ${message}`);
  const more = issues.length - told.length;
  return told.join('; ') + (more > 0 ? `; and ${more} more` : '');
}

/** What zod found, said for a reader who knows JSON and not zod. */
function messageOf(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? 'is required'
        : `must be ${article(issue.expected)}, not ${kindOf(issue.input)}`;
    case 'invalid_value':
      return issue.input === undefined ? 'is required' : oneOf(issue.values.map(String), issue.input);
    case 'too_small':
      if (issue.origin === 'string' && issue.minimum === 1) return 'must not be empty';
      return `must be ${sizeOf(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum)}`;
    case 'too_big':
      return `must be ${sizeOf(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum)}`;
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return issue.format === 'regex' ? 'has characters that are not allowed' : `must be a valid ${issue.format}`;
    case 'unrecognized_keys':
      return 'has unknown fields';
    default:
      return issue.input === undefined ? 'is required' : 'is not valid';
  }
}

function oneOf(values: readonly string[], input: unknown): string {
  const given = typeof input === 'string' ? input : undefined;
  const likely = given !== undefined && given.length <= quotedMax ? suggest(given, values) : [];
  return `must be one of ${values.join(', ')}.${didYouMean(likely)}`.replace(/\.$/, '');
}

function sizeOf(origin: string, relation: string, bound: number | bigint): string {
  if (origin === 'string') return `${relation} ${bound} characters long`;
  if (origin === 'array' || origin === 'set') return `${relation} ${bound} items long`;
  return `${relation} ${bound}`;
}

const articles: Readonly<Record<string, string>> = {
  array: 'an array',
  int: 'an integer',
  boolean: 'true or false',
  null: 'null',
  object: 'an object',
  record: 'an object',
};
const article = (expected: string): string => articles[expected] ?? `a ${expected}`;

function kindOf(input: unknown): string {
  if (input === null) return 'null; leave it out instead';
  if (Array.isArray(input)) return 'an array';
  if (typeof input === 'number' && !Number.isInteger(input)) return 'a fraction';
  return typeof input === 'object' ? 'an object' : `a ${typeof input}`;
}

const shortened = (text: string): string => (text.length > quotedMax ? `${text.slice(0, quotedMax)}…` : text);
