import { scrubText } from '../telemetry/scrub.js';

const lengthMax = 500;

/* Terminal escapes (CSI and OSC), then control characters, bidirectional controls and zero-width marks. */

const escapes = /\u001b\[[0-9;:?<=>]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b./g;

const invisible =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]+/g;
/* Anything that looks like a JWT, whoever echoed it. */
const tokens = /\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*/g;

/**
 * Makes text that came from a cluster fit to be shown as data: one line, no terminal escapes, control or bidirectional
 * characters, at most 500 characters, with an ellipsis where it was cut. `secrets` and whatever looks like a
 * credential are replaced. Undefined when nothing is left.
 */
export function upstreamText(value: unknown, secrets: readonly string[] = []): string | undefined {
  if (typeof value !== 'string') return undefined;
  // Cut first, with room for what goes: a megabyte of text is not searched to show one line of it.
  let line = value.slice(0, lengthMax * 8);
  for (const secret of secrets) if (secret.length >= 4) line = line.replaceAll(secret, '<redacted>');
  line = scrubText(line)
    .replaceAll(escapes, '')
    .replaceAll(invisible, ' ')
    .replaceAll(tokens, '<redacted>')
    .replaceAll(/\s+/g, ' ')
    .trim();
  if (line === '') return undefined;
  const characters = Array.from(line);
  return characters.length > lengthMax
    ? `${characters
        .slice(0, lengthMax - 1)
        .join('')
        .trimEnd()}…`
    : line;
}
