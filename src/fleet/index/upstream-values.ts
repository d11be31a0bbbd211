import { scrubText } from '../../telemetry/scrub.js';
import { plainText } from './plain-text.js';

/*
 * Values that an Argo CD gave, made fit to be kept, counted and shown. A cluster that lies must not break an answer
 * over the whole fleet, nor put control characters, addresses with passwords or megabytes into it.
 */

const kubernetesName = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
const enumWord = /^[A-Za-z]{1,40}$/;
const time =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

type Given = string | null | undefined;

/** A name as Kubernetes allows it; anything else cannot exist. */
export const nameOf = (value: Given): string | undefined => (value && kubernetesName.test(value) ? value : undefined);

/** A word of an enum, which may be newer than this program; whatever is no word gives `otherwise`. */
export const wordOf = <T extends string | undefined>(value: Given, otherwise: T): string | T =>
  value && enumWord.test(value) ? value : otherwise;

/** ISO 8601, as Argo CD writes it; a time that there is. */
export const timeOf = (value: Given): string | undefined => (value && time.test(value) ? value : undefined);

/** One clean line of at most `lengthMax` characters; undefined when nothing is left. */
export const lineOf = (value: Given, lengthMax: number): string | undefined =>
  (value && plainText(value, lengthMax)) || undefined;

/** More of a message than any line shows, and little enough to be searched for secrets. */
const searchedLengthMax = 4_000;

/**
 * A message as one clean line without what looks like a credential: Git and Kubernetes put whole addresses into theirs.
 * Looked for before the line is cut, which could leave half of one.
 */
export const messageOf = (value: Given, lengthMax: number): string | undefined =>
  value ? lineOf(scrubText(value.slice(0, searchedLengthMax)), lengthMax) : undefined;

/**
 * A numeric resourceVersion, the only kind that can be compared. Those of Kubernetes have 64 bits and no sign; one that
 * is greater than they can be would be newer than everything that follows.
 */
export const versionOf = (value: Given): string | undefined =>
  value && /^[1-9][0-9]{0,18}$/.test(value) && (value.length < 19 || value <= versionMax) ? value : undefined;

/** Of what stands behind Kubernetes: a signed number of 64 bits. */
const versionMax = '9223372036854775807';

/** An address of a repository or a Kubernetes API, without user name and password. */
export function addressOf(value: Given): string | undefined {
  if (!value?.includes('@')) return lineOf(value, 300);
  return lineOf(value.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@\s]*@/i, '$1'), 300);
}

/** An address that a person may click: http or https, without user name and password. */
export function linkOf(value: Given): string | undefined {
  const text = lineOf(value, 300);
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') return undefined;
  url.username = '';
  url.password = '';
  return url.href.replace(/\/$/, '');
}

const labelKey = /^[\w./-]{1,317}$/;
const labelValue = /^[\w.-]{0,63}$/;

/** Labels that Kubernetes would allow, at most `countMax`, and how many were left out. */
export function labelsOf(
  value: Readonly<Record<string, string>> | null | undefined,
  countMax: number,
): { labels: Record<string, string>; omitted: number } {
  const labels: Record<string, string> = {};
  if (!value) return { labels, omitted: 0 };
  let kept = 0;
  const keys = Object.keys(value);
  for (const key of keys) {
    if (kept === countMax) break;
    const text = value[key] as string;
    // The name of the prototype is none that Kubernetes allows; setting it would not make a label.
    if (!labelKey.test(key) || !labelValue.test(text) || key === '__proto__') continue;
    labels[key] = text;
    kept++;
  }
  return { labels, omitted: keys.length - kept };
}
