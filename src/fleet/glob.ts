import picomatch from 'picomatch';
import { AppError } from '../errors/app-error.js';

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
  const collapsed = pattern.toLowerCase().replaceAll(/\*+/g, '*');
  const literal = collapsed.replaceAll(/[^a-z0-9*?]/g, String.raw`\$&`);
  const matches = picomatch(literal, { nobrace: true, noextglob: true, nonegate: true, dot: true, bash: true });
  return (text) => matches(text.toLowerCase());
}
