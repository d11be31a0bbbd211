/* Control characters, terminal escapes, bidirectional overrides and zero-width marks: nothing a reader should meet. */
// eslint-disable-next-line no-control-regex -- these are exactly the characters that must go
const invisible = /\u001b\[[0-9;?]*[ -/]*[@-~]|[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/g;

/**
 * Makes text that came from a cluster fit to be shown as data: one line, no control characters, at most `lengthMax`
 * characters, with an ellipsis where it was cut.
 */
export function plainText(text: string, lengthMax: number): string {
  // Cut first: a megabyte of text must not be searched to show one line of it.
  const line = text
    .slice(0, lengthMax * 4)
    .replaceAll(invisible, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return line.length > lengthMax ? `${line.slice(0, lengthMax - 1).trimEnd()}…` : line;
}
