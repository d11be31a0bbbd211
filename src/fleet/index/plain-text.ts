import { upstreamText } from '../../argocd/upstream-text.js';

/**
 * Text that came from a cluster as one line of at most `lengthMax` (up to 500) characters, with an ellipsis where it
 * was cut; without control characters, escapes and anything that looks like a token.
 */
export function plainText(text: string, lengthMax: number): string {
  const characters = Array.from(upstreamText(text) ?? '');
  if (characters.length <= lengthMax) return characters.join('');
  return `${characters
    .slice(0, lengthMax - 1)
    .join('')
    .trimEnd()}…`;
}
