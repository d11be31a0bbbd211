/** A word as a cause shows it; `isMask` when it stands for anything of its kind. */
export interface Masked {
  text: string;
  isMask: boolean;
}

const mask = (text: string): Masked => ({ text, isMask: true });
const keep = (text: string): Masked => ({ text, isMask: false });

const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const ipv4 = /^\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?$/;
const ipv6 = /^(?=.*:.*:)[0-9a-f:.]+$/i;
const hex = /^(?=.*\d)[0-9a-f]{7,}$|^[0-9a-f]{12,}$/i;
/** `apps/Deployment:shop/cart`, as Argo CD names what is to blame. */
const resourceOfKind = /^([a-z0-9.]*\/?[A-Z][A-Za-z]+):[a-z0-9].*$/;
const date = /^\d{4}-\d\d-\d\d(?:T|$)/;
/** Base64 and its like: long, and of all kinds of characters. */
const random = /^(?=.*\d)(?=.*[a-z])(?=.*[A-Z])[\w+=]{20,}$/;
/** Where in an object: it tells one cause from another. */
const fieldPath = /^\.?(?:spec|status|metadata|data|stringData|values|rules|webhooks|template)\./;
const hostEnd = /\.(?:com|org|net|io|dev|local|internal|svc|cloud|app|example|test|lan|corp|int|eu|de|uk|fr)$/i;

/**
 * Masks one word: what is between spaces and brackets. `names` (lower case) stand for the application itself.
 *
 * Masks: `<name>`, `<id>`, `<address>`, `<path>`, `<n>` (numbers, hashes, versions, times).
 */
export function maskWord(word: string, names: ReadonlySet<string>): Masked {
  if (names.size > 0 && names.has(word.toLowerCase())) return mask('<name>');
  if (/^\p{L}+$/u.test(word)) return hex.test(word) ? mask('<n>') : keep(word);
  if (word.includes('://')) return mask('<address>');
  const resource = resourceOfKind.exec(word);
  if (resource) return keep(`${resource[1]}:<path>`);
  if (word.includes('/') || word.includes('\\')) return mask('<path>');
  if (uuid.test(word)) return mask('<id>');
  if (ipv4.test(word)) return mask('<address>');
  if (date.test(word) || hex.test(word) || random.test(word)) return mask('<n>');
  if (word.includes(':')) return withColons(word, names);
  if (/^[#$~+-]?v?\d/.test(word) && !isDashed(word)) return mask('<n>');
  if (isDashed(word)) return dashed(word);
  if (word.includes('.')) return dotted(word, names);
  return keep(word.replaceAll(/\d+/g, '#'));
}

/** Has a dash within: a leading one is a sign or an option. */
const isDashed = (word: string): boolean => word.indexOf('-', 1) > 0;

/** Times, addresses with a port, or words that nobody put a space between. */
function withColons(word: string, names: ReadonlySet<string>): Masked {
  const parts = word.split(':');
  if (/^\d+$/.test(parts[0] as string)) return mask('<n>');
  if (ipv6.test(word) || /^\d+$/.test(parts.at(-1) as string)) return mask('<address>');
  const masked = parts.map((part) => (part === '' ? keep('') : maskWord(part, names)));
  return { text: masked.map(({ text }) => text).join(':'), isMask: masked.every(({ isMask }) => isMask) };
}

/** Names of Kubernetes objects, with or without what Kubernetes appended; host names with dashes. Headers are kept. */
function dashed(word: string): Masked {
  if (/[A-Z]/.test(word)) return keep(word.replaceAll(/\d+/g, '#'));
  return mask(word.includes('.') && !fieldPath.test(word) ? '<address>' : '<name>');
}

function dotted(word: string, names: ReadonlySet<string>): Masked {
  if (fieldPath.test(word)) return keep(word.replaceAll(/\d+/g, '#'));
  const labels = word.split('.');
  const isHost = /^[a-z0-9.]+$/.test(word) && (labels.length > 2 || hostEnd.test(word));
  if (isHost) return mask('<address>');
  const shown = labels.map((label) => (names.has(label.toLowerCase()) ? '<name>' : label.replaceAll(/\d+/g, '#')));
  return keep(shown.join('.'));
}
