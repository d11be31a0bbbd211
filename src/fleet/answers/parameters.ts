import { createHmac, randomBytes } from 'node:crypto';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import type { Application } from '../../argocd/schemas.js';
import { givenSources } from '../index/hydration.js';
import { addressOf, lineOf } from '../index/upstream-values.js';

/** What one parameter of an application is set to. */
export interface Parameter {
  /** Equal for equal values, in this process alone: made with a key that nobody knows, so that it tells nothing. */
  digest: string;
  /** The value, where it cannot be a secret. */
  shown?: string;
}

export interface Parameters {
  /** By name: `image.tag` of Helm parameters, `values.replicas`, `kustomize.images`, `env.MODE`; `2:` for the second source. */
  all: ReadonlyMap<string, Parameter>;
  /** Further ones, which are not compared. */
  omitted: number;
}

const parametersMax = 200;
const nameLengthMax = 100;
const depthMax = 8;
/** Values written as one YAML text are compared part by part up to this length, longer ones as a whole. */
const yamlLengthMax = 16_384;

const key = randomBytes(32);
const digestOf = (value: string): string => createHmac('sha256', key).update(value).digest('base64url').slice(0, 22);

/** Reads what the sources of an application (of a hydrated one: what is hydrated) are set to. Values are kept as digests, but for those that are no secret. */
export function parametersOf({ spec }: Application): Parameters {
  const dry = spec?.sourceHydrator?.drySource;
  const sources = dry ? [dry] : givenSources(spec);
  const all = new Map<string, Parameter>();
  let omitted = 0;
  for (const [i, source] of sources.entries()) {
    for (const { name, value, isPublic } of settingsOf(source)) {
      const shownName = lineOf(`${sources.length > 1 ? `${i + 1}:` : ''}${name}`, nameLengthMax);
      if (shownName === undefined) continue;
      if (all.size >= parametersMax) omitted++;
      else all.set(shownName, parameterOf(name, value, isPublic === true));
    }
  }
  return { all, omitted };
}

interface Setting {
  name: string;
  value: string;
  /** True for what Argo CD has a field of its own for, which is never a secret. */
  isPublic?: boolean;
}

const text = z.string().nullish();
const texts = z.array(z.string()).nullish();
const named = z.array(z.looseObject({ name: z.string(), value: text, path: text })).nullish();
const helmSettings = z.looseObject({
  parameters: named,
  fileParameters: named,
  values: text,
  valuesObject: z.unknown().optional(),
  valueFiles: texts,
  releaseName: text,
  version: text,
});
const kustomizeSettings = z.looseObject({
  images: texts,
  namePrefix: text,
  nameSuffix: text,
  namespace: text,
  version: text,
  replicas: z.array(z.looseObject({ name: z.string(), count: z.unknown().optional() })).nullish(),
});
const pluginSettings = z.looseObject({ name: text, env: named, parameters: named });

/** Source: https://github.com/argoproj/argo-cd/blob/master/pkg/apis/application/v1alpha1/types.go (ApplicationSource) */
function* settingsOf(source: Readonly<Record<string, unknown>>): Generator<Setting> {
  yield* read('helm', source['helm'], helmSettings, ofHelm);
  yield* read('kustomize', source['kustomize'], kustomizeSettings, ofKustomize);
  yield* leavesOf('directory', source['directory'], 0);
  yield* read('plugin', source['plugin'], pluginSettings, ofPlugin);
}

/** What does not have the shape that we know is held against others as a whole. */
function* read<T>(
  name: string,
  value: unknown,
  schema: z.ZodType<T>,
  settings: (read: T) => Generator<Setting>,
): Generator<Setting> {
  if (value === undefined || value === null) return;
  const { data } = schema.safeParse(value);
  if (data === undefined) yield { name, value: JSON.stringify(value) ?? '' };
  else yield* settings(data);
}

function* ofHelm(helm: z.infer<typeof helmSettings>): Generator<Setting> {
  for (const { name, value } of helm.parameters ?? []) yield { name, value: value ?? '' };
  for (const { name, path } of helm.fileParameters ?? []) yield { name: `file.${name}`, value: path ?? '' };
  yield* leavesOf('values', helm.valuesObject ?? readYaml(helm.values ?? ''), 0);
  yield* publicOf('', { valueFiles: helm.valueFiles, releaseName: helm.releaseName, helmVersion: helm.version });
}

function* ofKustomize(kustomize: z.infer<typeof kustomizeSettings>): Generator<Setting> {
  const { images, namePrefix, nameSuffix, namespace, version, replicas, ...others } = kustomize;
  for (const { name, count } of replicas ?? []) {
    yield { name: `kustomize.replicas.${name}`, value: JSON.stringify(count) ?? '', isPublic: true };
  }
  yield* publicOf('kustomize.', { images, namePrefix, nameSuffix, namespace, version });
  yield* leavesOf('kustomize', others, depthMax - 1);
}

function* ofPlugin(plugin: z.infer<typeof pluginSettings>): Generator<Setting> {
  yield* publicOf('plugin.', { name: plugin.name });
  for (const { name, value } of plugin.env ?? []) yield { name: `env.${name}`, value: value ?? '' };
  for (const { name, ...value } of plugin.parameters ?? []) yield { name, value: JSON.stringify(value) };
}

function* publicOf(prefix: string, fields: Record<string, string | string[] | null | undefined>): Generator<Setting> {
  for (const [name, value] of Object.entries(fields)) {
    const shown = typeof value === 'string' ? value : value?.map((each) => addressOf(each) ?? '').join(', ');
    if (shown) yield { name: prefix + name, value: shown, isPublic: true };
  }
}

/** Every value at its path; lists and what lies too deep as a whole. */
function* leavesOf(path: string, value: unknown, depth: number): Generator<Setting> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && depth < depthMax) {
    for (const [name, inner] of Object.entries(value)) yield* leavesOf(`${path}.${name}`, inner, depth + 1);
  } else if (value !== undefined && value !== null && value !== '') {
    yield { name: path, value: typeof value === 'string' ? value : (JSON.stringify(value) ?? '') };
  }
}

/** The values in a YAML text; the text itself where it is too long or cannot be read. */
function readYaml(values: string): unknown {
  if (values.length > yamlLengthMax) return values;
  const document = parseDocument(values, { logLevel: 'silent', uniqueKeys: false });
  if (document.errors.length > 0) return values;
  try {
    // Aliases could make a small text a large one.
    return document.toJS({ maxAliasCount: 0 }) as unknown;
  } catch {
    return values;
  }
}

const publicEnds =
  /(?:^|[._-])(?:tag|imagetag|version|appversion|replicas|replicacount|minreplicas|maxreplicas|enabled|loglevel|level|env|environment|region|zone|tier|cpu|memory|port|type|schedule|size)$/i;
const privateParts = /pass|secret|token|key|cred|auth|cert|private|salt|hash|dsn|pin(?:$|[._-])/i;
const publicShape = /^[A-Za-z0-9][A-Za-z0-9._:+@-]{0,59}$/;

/** Shown is what says by its name that it is a version or a size, and looks like one. */
function parameterOf(name: string, value: string, isPublic: boolean): Parameter {
  const isShown = isPublic || (publicEnds.test(name) && !privateParts.test(name) && publicShape.test(value));
  const shown = isShown ? lineOf(value, 100) : undefined;
  return { digest: digestOf(value), ...(shown === undefined ? {} : { shown }) };
}
