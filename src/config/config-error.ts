import { scrubText } from '../telemetry/scrub.js';

/** One thing that is wrong, and what to do about it. Never holds the value of a secret. */
export interface ConfigProblem {
  /** Where, for example `clusters[2].token`, or the name of an environment variable; empty for the file as a whole. */
  path: string;
  message: string;
  /** From 1. Absent for what does not come from a file. */
  line?: number;
  column?: number;
}

/** More are counted, not shown: past that many the first ones are what to mend. */
const shownMax = 100;

/**
 * The configuration cannot be used. Holds all that is wrong at once; `message` shows it for people, one line each.
 * As a second line of defence, whatever looks like a credential is taken out of it.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];
  /** The same for people, one line each, with the place where it is known. */
  readonly lines: readonly string[];

  /** @param source what was read: the file as the user named it, or a word for the environment */
  constructor(source: string, problems: readonly ConfigProblem[]) {
    const scrubbed = problems.map((problem) => ({
      ...problem,
      path: scrubText(problem.path),
      message: scrubText(problem.message),
    }));
    const lines = linesOf(source, scrubbed);
    super(describe(problems.length, lines));
    this.problems = scrubbed;
    this.lines = lines;
  }
}

function linesOf(source: string, problems: readonly ConfigProblem[]): string[] {
  const lines = problems.slice(0, shownMax).map(({ path, message, line, column }) => {
    const place = line === undefined ? source : `${source}:${line}:${column ?? 1}`;
    return path === '' ? `${place}: ${message}` : `${place}: ${path} ${message}`;
  });
  if (problems.length > shownMax) lines.push(`… and ${problems.length - shownMax} more`);
  return lines;
}

function describe(count: number, lines: readonly string[]): string {
  if (lines.length === 1) return lines[0] as string;
  return [`The configuration has ${count} problems:`, ...lines.map((line) => `  ${line}`)].join('\n');
}

export type Path = readonly (string | number)[];

/** `clusters[2].labels.env`; keys that are no plain words are quoted and cut. */
export function pathText(path: Path): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      if (!/^[\w-]{1,64}$/.test(part)) return `["${part.replace(/[^\x20-\x7e]|["\\]/g, '?').slice(0, 64)}"]`;
      return index === 0 ? part : `.${part}`;
    })
    .join('');
}
