/** Keys whose value says when, which or how often, and is thus another one at every run. */
const PASSING = new Set(['uid', 'resourceVersion', 'generation', 'issuedAt', 'ip', 'clusterIP', 'nodeName']);
/** An annotation that kubectl leaves behind: some objects of the recordings were made with it. */
const OF_KUBECTL = 'kubectl.kubernetes.io/last-applied-configuration';

const TEXTS: readonly [RegExp, string][] = [
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, '<time>'],
  [/\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/g, '<uid>'],
  [/\b[0-9a-f]{40}\b/g, '<sha>'],
  [/\b\d{1,2}:\d\d[AP]M\b/g, '<time of day>'],
  // The name of an event.
  [/\.[0-9a-f]{16}\b/g, '.<moment>'],
  [/127\.0\.0\.1:\d+/g, '<address>'],
  [/\/dev\/shm\/\d+/g, '<file>'],
  // A ReplicaSet's and a Pod's name end in hashes of their own.
  [/\b([a-z][a-z-]*[a-z])-[0-9a-f]{8,10}(-[a-z0-9]{5})?\b/g, '$1-<hash>'],
];

/** The text with everything that is another at every run replaced by a word for it. */
export function maskText(text: string): string {
  return TEXTS.reduce((masked, [pattern, word]) => masked.replace(pattern, word), text);
}

/**
 * A JSON value with passing values masked; the order of keys stays. `managedFields` is Kubernetes' own book-keeping: only
 * that it is there is kept.
 */
export function mask(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return PASSING.has(key) ? `<${key}>` : maskText(value);
  if (typeof value === 'number' && PASSING.has(key)) return `<${key}>`;
  if (Array.isArray(value)) return key === 'managedFields' ? '<managedFields>' : value.map((item) => mask(item));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => name !== OF_KUBECTL);
  const isBare = kept.length === 0 && Object.keys(value).length > 0;
  return isBare
    ? undefined
    : Object.fromEntries(
        kept.map(([name, part]) => [name, mask(part, name)] as const).filter(([, part]) => part !== undefined),
      );
}

/** Every key path of a value with the JSON type that stands there, list positions left out: `items[].metadata.name string`. */
export function shapeOf(value: unknown, path = '', found = new Set<string>()): Set<string> {
  if (Array.isArray(value)) {
    if (value.length === 0) found.add(`${path} empty list`);
    for (const item of value) shapeOf(item, `${path}[]`, found);
  } else if (typeof value === 'object' && value !== null) {
    if (Object.keys(value).length === 0) found.add(`${path} empty object`);
    for (const [key, part] of Object.entries(value)) shapeOf(part, path === '' ? key : `${path}.${key}`, found);
  } else found.add(`${path} ${value === null ? 'null' : typeof value}`);
  return found;
}
