import { AppError } from '../../errors/app-error.js';

const lengthMax = 253;

/**
 * Matches text against a glob that knows `*` (any characters, also `/`) and `?` (one character); everything else is
 * literal. No regular expression of the caller is ever run. Upper and lower case are the same.
 *
 * Throws `invalid_input` for a pattern longer than 253 characters or with more than 10 stars.
 */
export function parseGlob(parameter: string, pattern: string): (text: string) => boolean {
  if (pattern.length > lengthMax || pattern.split('*').length > 11) {
    throw new AppError('invalid_input', `${parameter}: the pattern is too long or has more than 10 stars.`, {
      issues: [{ path: parameter, message: 'the pattern is too long or has more than 10 stars' }],
    });
  }
  if (!/[*?]/.test(pattern)) {
    const wanted = pattern.toLowerCase();
    return (text) => text.toLowerCase() === wanted;
  }
  const glob = pattern.toLowerCase();
  return (text) => matches(glob, text.toLowerCase());
}

/**
 * Both are walked once; after a mismatch the last star takes one character more. At worst the product of the lengths:
 * no pattern is slow. (picomatch was tried: it lets an escaped `|` through as an alternative.)
 */
function matches(glob: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let taken = 0;
  for (let i = 0; i < text.length;) {
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
