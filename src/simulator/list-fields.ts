import type { VersionProfile } from './version.js';

type Wire = Record<string, unknown>;
type Getter = (application: Wire) => unknown;

const part = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Wire)[key] : undefined;
const at =
  (path: string): Getter =>
  (application) =>
    path.split('.').reduce<unknown>(part, application);
const orNull =
  (path: string): Getter =>
  (application) =>
    at(path)(application) ?? null;

/** What `fields` may ask of a list, key by key. Source: server/application appFields in pkg/apiclient/application/forwarder_overwrite.go */
function whitelist(profile: VersionProfile): Map<string, Getter> {
  const fields = new Map<string, Getter>([
    ['metadata.name', at('metadata.name')],
    ['metadata.namespace', at('metadata.namespace')],
    ['metadata.annotations', orNull('metadata.annotations')],
    ['metadata.labels', orNull('metadata.labels')],
    ['metadata.creationTimestamp', at('metadata.creationTimestamp')],
    ['metadata.deletionTimestamp', orNull('metadata.deletionTimestamp')],
    ['spec', at('spec')],
    ['status.sync.status', at('status.sync.status')],
    ['status.health', at('status.health')],
    ['status.summary', at('status.summary')],
    ['status.resources', (application) => at('status.resources')(application) ?? null],
    ['operation.sync', at('operation.sync')],
    ['status.operationState.startedAt', at('status.operationState.startedAt')],
    [
      'status.operationState.finishedAt',
      (application) =>
        at('status.operationState')(application)
          ? (at('status.operationState.finishedAt')(application) ?? null)
          : undefined,
    ],
    ['status.operationState.phase', at('status.operationState.phase')],
    // The name promises the operation; what it gives is the result.
    ['status.operationState.operation.sync', at('status.operationState.syncResult')],
  ]);
  if (profile.hasHydratorField) fields.set('status.sourceHydrator', at('status.sourceHydrator'));
  if (profile.hasSpecPartFields) {
    for (const key of ['destination', 'project']) fields.set(`spec.${key}`, at(`spec.${key}`));
    for (const key of ['source', 'sources', 'sourceHydrator', 'syncPolicy'])
      fields.set(`spec.${key}`, orNull(`spec.${key}`));
    fields.set('status.sync.revision', (application) => at('status.sync.revision')(application) ?? '');
  }
  return fields;
}

/**
 * Picks the fields that a list was asked for. Names outside the whitelist are dropped without a word; a leading `-`
 * means the whitelist without these. Throws the message that 3.5 fails with when `spec` and a part of it are both wanted.
 */
export function selectListFields(query: string, profile: VersionProfile): (application: Wire) => Wire {
  const known = whitelist(profile);
  const isExclude = query.startsWith('-');
  const named = new Set((isExclude ? query.slice(1) : query).split(',').map((field) => field.replace(/^items\./, '')));
  let wanted = [...known].filter(([field]) => named.has(field) !== isExclude);
  const hasSpec = wanted.some(([field]) => field === 'spec');
  const partOfSpec = wanted.find(([field]) => field.startsWith('spec.'));
  if (hasSpec && partOfSpec && profile.failsOnSpecAndPart) throw new Error(`field ${partOfSpec[0]} is not a map`);
  if (hasSpec) wanted = wanted.filter(([field]) => !field.startsWith('spec.'));
  return (application) => {
    const picked: Wire = {};
    for (const [field, get] of wanted) {
      const value = get(application);
      if (value !== undefined) put(picked, field.split('.'), value);
    }
    return sortKeys(picked, hasSpec);
  };
}

function put(target: Wire, path: string[], value: unknown): void {
  const [key = '', ...rest] = path;
  if (rest.length === 0) target[key] = value;
  else put((target[key] ??= {}) as Wire, rest, value);
}

/** Go writes maps by key; values that are structs keep their order, so only what was built here is sorted. */
function sortKeys(picked: Wire, isWholeSpec = false): Wire {
  const branches = new Set(['metadata', 'spec', 'status', 'operation', 'operationState', 'sync']);
  const sorted: Wire = {};
  for (const key of Object.keys(picked).sort()) {
    const value = picked[key];
    const isBranch =
      branches.has(key) &&
      typeof value === 'object' &&
      value !== null &&
      !('repoURL' in value) &&
      !('comparedTo' in value);
    sorted[key] = isBranch && (key !== 'spec' || !isWholeSpec) ? sortKeys(value as Wire) : value;
  }
  return sorted;
}
