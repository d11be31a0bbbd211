import type { ApplicationSpec, Source } from './application.js';

const SPEC_KEYS = [
  'source',
  'destination',
  'project',
  'syncPolicy',
  'ignoreDifferences',
  'info',
  'revisionHistoryLimit',
  'sources',
  'sourceHydrator',
];
const SOURCE_KEYS = [
  'repoURL',
  'path',
  'targetRevision',
  'helm',
  'kustomize',
  'directory',
  'plugin',
  'chart',
  'ref',
  'name',
];
const DESTINATION_KEYS = ['server', 'namespace', 'name'];
const POLICY_KEYS = ['automated', 'syncOptions', 'retry', 'managedNamespaceMetadata'];

/** The spec as Argo CD gives it back: fields in its order, unknown and empty ones gone. */
export function shapeSpec(given: Record<string, unknown>): ApplicationSpec {
  const spec = pick(given, SPEC_KEYS);
  if (isObject(spec['source'])) spec['source'] = shapeSource(spec['source']);
  if (Array.isArray(spec['sources'])) spec['sources'] = spec['sources'].filter(isObject).map(shapeSource);
  spec['destination'] = pick(isObject(spec['destination']) ? spec['destination'] : {}, DESTINATION_KEYS);
  if (typeof spec['project'] !== 'string' || spec['project'] === '') spec['project'] = 'default';
  if (isObject(spec['syncPolicy'])) spec['syncPolicy'] = pick(spec['syncPolicy'], POLICY_KEYS);
  return pick(spec, SPEC_KEYS) as unknown as ApplicationSpec;
}

function shapeSource(given: Record<string, unknown>): Source {
  return { repoURL: '', ...pick(given, SOURCE_KEYS) } as Source;
}

function pick(from: Record<string, unknown>, keys: readonly string[]): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  for (const key of keys) {
    const value = from[key];
    if (value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)) continue;
    picked[key] = value;
  }
  return picked;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
