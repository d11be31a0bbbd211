const redacted = '[redacted]';

/** Names, lower-cased and without `-` and `_`, whose values are secrets whatever they look like. */
const secretName =
  /(?:^auth|authorization|password|passwd|pwd|passphrase|secret|token|apikey|accesskey|privatekey|cookie|credentials?)$/;

const secretWords =
  'authorization|password|passwd|passphrase|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|cookie|credentials?';

/**
 * What a secret looks like inside a text. Every pattern works on plain text and on JSON text alike: none of them eats
 * a quote or a backslash, so scrubbed JSON stays JSON, and none starts at a word boundary, since an escaped line break
 * ends in a letter. Repetitions that can start at many places are bounded, so that
 * text made to slow them down cannot.
 */
const patterns: readonly (readonly [RegExp, string])[] = [
  // -----BEGIN RSA PRIVATE KEY----- ... up to its end, or to the end of the text that holds it
  [/-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^"-]*(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?/g, redacted],
  // Redis passwords may hold `/`, `?` and `@`, so everything up to the last `@` goes.
  [/(rediss?:\/\/)[^\s"\\]{0,512}@/gi, `$1${redacted}@`],
  [/([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s"\\/?#@]*@/gi, `$1${redacted}@`],
  // Authorization: Bearer x, also as it stands in a header dump, to the end of the line or the string
  [/((?:proxy-)?authorization|set-cookie|cookie|x-api-key)(\s*[:=]\s*)[^\r\n"'\\]+/gi, `$1$2${redacted}`],
  [/(bearer|basic)\s+[a-z0-9._~+/=-]{6,}/gi, `$1 ${redacted}`],
  // "token":"x" and 'token': 'x', also escaped inside a JSON string
  [new RegExp(`((?:${secretWords})\\\\*["']\\s*:\\s*\\\\*["'])[^"'\\\\]+`, 'gi'), `$1${redacted}`],
  // token=x in a query, a form or a command line
  [new RegExp(`((?:${secretWords})=)[^\\s&"'\\\\,;]+`, 'gi'), `$1${redacted}`],
  // our own API keys, and JSON Web Tokens with or without a signature
  [/afm_[A-Za-z0-9_-]{4,}/g, redacted],
  [/eyJ[A-Za-z0-9_-]{8,1024}(?:\.[A-Za-z0-9_-]*){1,4}/g, redacted],
];

/** Holds in every text that one of the patterns changes. Most lines have none of it and cost only this look. */
const suspicious = new RegExp(`://|PRIVATE KEY|bearer|basic|afm_|eyJ|${secretWords}`, 'i');

/** The text without anything that looks like a credential. Keeps JSON text valid. */
export function scrubText(text: string): string {
  if (!suspicious.test(text)) return text;
  let scrubbed = text;
  for (const [pattern, replacement] of patterns) scrubbed = scrubbed.replace(pattern, replacement);
  return scrubbed;
}

/** Names already judged: the same few stand in every line. Bounded, since names can come from outside. */
const judgedNames = new Map<string, boolean>();
const judgedNamesMax = 1000;

/** True if a field or header of this name holds a secret. */
export function isSecretName(name: string): boolean {
  const judged = judgedNames.get(name);
  if (judged !== undefined) return judged;
  const isSecret = secretName.test(name.toLowerCase().replace(/[-_]/g, ''));
  if (judgedNames.size < judgedNamesMax && name.length <= 64) judgedNames.set(name, isSecret);
  return isSecret;
}

/** How much of a value is logged; what is cut is said. */
const depthMax = 6;
const entriesMax = 100;
const textMax = 8192;

/**
 * A copy fit for a log line: values of secret names are gone, errors are plain data, depth, breadth and text are
 * bounded, cycles are cut. Texts are bounded but not scrubbed here: the logger scrubs the finished line once.
 */
export function loggable(value: unknown): unknown {
  return copy(value, 0, []);
}

/** The text cut to what a log line holds of one value. */
export function cutText(text: string): string {
  return text.length > textMax ? `${text.slice(0, textMax)}… (cut)` : text;
}

function copy(value: unknown, depth: number, path: readonly object[]): unknown {
  if (typeof value === 'string') return cutText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? '[function]' : value;
  if (path.includes(value)) return '[circular]';
  if (depth >= depthMax) return '[deep]';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  const inside = [...path, value];
  if (value instanceof Error) return copyError(value, depth, inside);
  if (value instanceof Map) return copyEntries(value.entries(), depth, inside);
  if (Array.isArray(value) || value instanceof Set) {
    const items = [...value];
    const kept = items.slice(0, entriesMax).map((item) => copy(item, depth + 1, inside));
    return items.length > entriesMax ? [...kept, `… ${items.length - entriesMax} more`] : kept;
  }
  return copyEntries(Object.entries(value), depth, inside);
}

function copyEntries(entries: Iterable<[unknown, unknown]>, depth: number, path: readonly object[]): unknown {
  const result: Record<string, unknown> = {};
  let count = 0;
  for (const [name, value] of entries) {
    if (++count > entriesMax) {
      result['…'] = 'more fields';
      break;
    }
    const key = String(name);
    const shown = isSecretName(key) && value !== undefined && value !== null ? redacted : copy(value, depth + 1, path);
    // Assigned, this one name would change the copy's prototype instead of being a field of it.
    if (key === '__proto__') Object.defineProperty(result, key, { value: shown, enumerable: true });
    else result[key] = shown;
  }
  return result;
}

/** Type, message, code, details and causes. The stack only of what nobody meant to throw: there it is the one clue. */
function copyError(error: Error, depth: number, path: readonly object[]): unknown {
  const { code, details } = error as { code?: unknown; details?: unknown };
  const isMeant = error.name === 'AppError';
  return {
    type: error.name,
    message: copy(error.message, depth, path),
    ...(code === undefined ? {} : { code: copy(code, depth + 1, path) }),
    ...(details === undefined ? {} : { details: copy(details, depth + 1, path) }),
    ...(isMeant || error.stack === undefined ? {} : { stack: copy(error.stack, depth, path) }),
    ...(error.cause === undefined ? {} : { cause: copy(error.cause, depth + 1, path) }),
    ...(error instanceof AggregateError ? { errors: copy(error.errors, depth + 1, path) } : {}),
  };
}
