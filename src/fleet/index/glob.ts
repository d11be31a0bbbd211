import { AppError } from '../../errors/app-error.js';

const lengthMax = 253;
const starsMax = 10;

/** Tests a text that is given in lower case. */
export interface LowerTest {
  (lower: string): boolean;
  /** What a text must contain to pass, all of it; spares most texts the test. */
  literals?: readonly string[];
}

/** A test that only texts which contain all `literals` can pass. */
export const withLiterals = (literals: readonly string[], test: (lower: string) => boolean): LowerTest =>
  Object.assign((lower: string) => test(lower), { literals });

/**
 * Matches text against a glob that knows `*` (any characters, also `/`) and `?` (one character); everything else is
 * literal. No regular expression of the caller is ever run. Upper and lower case are the same.
 *
 * Throws `invalid_input` for a pattern longer than 253 characters or with more than 10 stars.
 */
export function parseGlob(parameter: string, pattern: string): (text: string) => boolean {
  const matches = parseLowerGlob(parameter, pattern);
  return (text) => matches(text.toLowerCase());
}

/** As `parseGlob`, for texts in lower case. */
export function parseLowerGlob(parameter: string, pattern: string): LowerTest {
  const { literals, matches } = parsePartGlob(parameter, pattern);
  return withLiterals(literals, (text) => matches(text, 0, text.length));
}

/** A glob that is held against the part of a text (in lower case) from `begin` up to `end`. */
export interface PartGlob {
  literals: readonly string[];
  matches(lower: string, begin: number, end: number): boolean;
}

/** As `parseGlob`, for parts of texts in lower case. */
export function parsePartGlob(parameter: string, pattern: string): PartGlob {
  const glob = pattern.toLowerCase();
  const parts = glob.split('*');
  if (glob.length > lengthMax || parts.length > starsMax + 1) {
    const message = `the pattern is too long or has more than ${starsMax} stars`;
    throw new AppError('invalid_input', `${parameter}: ${message}.`, { issues: [{ path: parameter, message }] });
  }
  const literals = glob.split(/[*?]/);
  if (glob.includes('?')) return { literals, matches: (text, begin, end) => walk(glob, text, begin, end) };
  if (parts.length > 1) return { literals, matches: (text, begin, end) => holdsParts(parts, text, begin, end) };
  const matches = (text: string, begin: number, end: number): boolean =>
    end - begin === glob.length && text.startsWith(glob, begin);
  return { literals, matches };
}

/** The first part begins the text, the last one ends it, those between follow each other. The first fit is the best. */
function holdsParts(parts: readonly string[], text: string, begin: number, textEnd: number): boolean {
  const first = parts[0] as string;
  const last = parts[parts.length - 1] as string;
  const end = textEnd - last.length;
  let at = begin + first.length;
  if (end < at || !text.startsWith(first, begin) || !text.startsWith(last, end)) return false;
  for (let i = 1; i < parts.length - 1; i++) {
    const part = parts[i] as string;
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/**
 * Both are walked once; after a mismatch the last star takes one character more. At worst the product of the lengths:
 * no pattern is slow. (picomatch was tried: it lets an escaped `|` through as an alternative.)
 */
function walk(glob: string, text: string, begin: number, end: number): boolean {
  let at = 0;
  let star = -1;
  let taken = begin;
  for (let i = begin; i < end;) {
    if (glob[at] === '*') {
      star = at++;
      taken = i;
    } else if (at < glob.length && (glob[at] === '?' || glob[at] === text[i])) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++taken;
    } else {
      return false;
    }
  }
  while (glob[at] === '*') at++;
  return at === glob.length;
}
