import { upstreamText } from '../../argocd/upstream-text.js';

/* What has to be looked at: all but printable ASCII and single spaces within, and what may be a token. */

const doubtful = /[^ -~]|^ |  | $|eyJ/;

/**
 * Text that came from a cluster as one line of at most `lengthMax` (up to 500) characters, with an ellipsis where it
 * was cut; without control characters, escapes and anything that looks like a token.
 */
export function plainText(text: string, lengthMax: number): string {
  // Nearly every text is like this, and there is nothing to do.
  if (text.length <= lengthMax) {
    if (!doubtful.test(text)) return text;
  } else {
    // One more than fits: then something is cut, whatever follows.
    const head = text.slice(0, lengthMax + 1);
    if (!doubtful.test(head)) return ellipsis(head.slice(0, lengthMax - 1));
  }
  const characters = Array.from(upstreamText(text) ?? '');
  return characters.length <= lengthMax ? characters.join('') : ellipsis(characters.slice(0, lengthMax - 1).join(''));
}

/** A text of its own: a part of another would keep the whole of that in memory. */
const ellipsis = (text: string): string => Buffer.from(`${text.trimEnd()}…`).toString();
