import type {
  ApplicationSpec,
  ApplicationState,
  HistoryEntry,
  LiveResource,
  OperationState,
  Source,
  Traits,
} from './application.js';
import { isMultiSource, sourcesOf } from './application.js';
import { stampOf } from './clock.js';
import { compare, renderAll } from './comparison.js';
import type { FleetEntry } from './fleet-names.js';
import { HYDRATED } from './fleet-names.js';
import type { Instance } from './instance.js';
import { WORKLOADS } from './manifest.js';
import { applyResult } from './operation-tasks.js';
import { hashNumber, uuidOf } from './seeded.js';

/** What is wrong with a seeded application. */
export type Ailment =
  | 'out-of-sync'
  | 'drifted'
  | 'degraded'
  | 'missing'
  | 'suspended'
  | 'stuck'
  | 'comparison-error'
  | 'failed-sync'
  | 'needs-prune';

const SERVER = 'https://kubernetes.default.svc';
const GITOPS = 'https://git.example.com/platform/gitops';
const APPLY_FAILURE =
  'error when patching "/dev/shm/1482": Deployment.apps "NAME" is invalid: spec.selector: Invalid value: {"matchLabels":{"app":"NAME"}}: field is immutable';
const COMPARISON_FAILURE =
  "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = Manifest generation error (cached): `kustomize build <path to cached source>/PATH` failed exit status 1: Error: accumulating resources: accumulation err='accumulating resources from '../../base': '<path to cached source>/base' must resolve to a file'";
const CHART_FAILURE =
  "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = Manifest generation error (cached): failed to execute helm template command: failed to get command args to log: `helm template . --name-template` failed exit status 1: Error: values don't meet the specifications of the schema(s)";

/** A seeded application as it was when the world began: deployed some time ago, and since then well or not. */
export function birth(
  instance: Instance,
  entry: FleetEntry,
  name: string,
  ailment: Ailment | undefined,
  now: Date,
): ApplicationState {
  const seed = hashNumber(`${instance.options.seed}/${name}`);
  const ago = (minutes: number): string => stampOf(new Date(now.getTime() - minutes * 60_000));
  const spec = specOf(entry, name, seed, ailment);
  const env = /-(staging|sandbox|preview|load|canary)$/.exec(name)?.[1] ?? 'prod';
  const isRolling = entry.name === 'edge-proxy';
  const state: ApplicationState = {
    creationTimestamp: ago(60 * 24 * (30 + (seed % 300))),
    labels: { env, team: entry.team, tier: entry.tier },
    ...(isRolling
      ? {
          ownerReferences: [
            {
              apiVersion: 'argoproj.io/v1alpha1',
              kind: 'ApplicationSet',
              name: 'edge-proxy',
              uid: uuidOf('appset/edge-proxy'),
              controller: true,
              blockOwnerDeletion: true,
            },
          ],
        }
      : {}),
    spec,
    status: { sync: { status: '', comparedTo: { source: { repoURL: '' }, destination: {} } }, health: {}, summary: {} },
    live: [],
    traits: { ...traitsOf(ailment, name, spec), ...(isRolling ? { isRolling } : {}) },
  };
  const deployedAt = ago(30 + (seed % 20_000));
  fill(instance, name, state, ailment, deployedAt);
  state.status = compare(name, state, {
    repositories: instance.repositories,
    profile: instance.profile,
    stamp: ailment === 'stuck' || ailment === 'degraded' ? ago(20 + (seed % 300)) : deployedAt,
  });
  return state;
}

/** Puts into the destination what the last deployment left there, and writes down that deployment. */
function fill(
  instance: Instance,
  name: string,
  state: ApplicationState,
  ailment: Ailment | undefined,
  deployedAt: string,
): void {
  const { repositories, profile } = instance;
  const sources = sourcesOf(state.spec);
  const revisions = sources.map((source) => repositories.resolve(source));
  if (ailment === 'missing') return;
  const manifests = renderAll(name, { ...state, traits: {} }, sources, revisions, repositories).filter(
    (item) => !item.hook,
  );
  const settle = state.traits.workloadHealth;
  state.live = manifests.map((item): LiveResource => {
    const { group, version, kind, namespace } = item;
    return {
      ...{
        group,
        version,
        kind,
        namespace,
        name: item.name,
        content: JSON.stringify(item.body),
        createdAt: deployedAt,
      },
      ...(item.images ? { images: item.images } : {}),
      ...(settle && (WORKLOADS.has(kind) || kind === 'CronJob')
        ? {
            health: { status: settle.status, ...(settle.message ? { message: settle.message } : {}) },
            ...(settle.isCrashing ? { isCrashing: true } : {}),
          }
        : {}),
    };
  });
  const touched =
    state.live.find((resource) =>
      ailment === 'drifted' ? WORKLOADS.has(resource.kind) : resource.kind === 'ConfigMap',
    ) ?? state.live[0];
  if (touched && (ailment === 'out-of-sync' || ailment === 'drifted' || ailment === 'failed-sync'))
    touched.content = touched.content
      .replace(/green|"replicas":\d/, (found) => (found === 'green' ? 'blue' : '"replicas":9'))
      .concat(' ');
  if (ailment === 'needs-prune')
    state.live.push({
      group: '',
      version: 'v1',
      kind: 'ConfigMap',
      namespace: state.spec.destination.namespace ?? '',
      name: `${name}-legacy`,
      content: '{"data":{"unused":"true"}}',
      createdAt: deployedAt,
    });
  const isBehind = ailment === 'out-of-sync' && state.spec.source?.chart === undefined;
  const deployed = isBehind
    ? sources.map((source) => (source.chart ? revisions[0]! : repositories.resolve(source, 'v1.0.0')))
    : revisions;
  const isMulti = isMultiSource(state.spec);
  const several = isMulti ? { sources, revisions: deployed } : {};
  const source = isMulti ? { repoURL: '' } : sources[0]!;
  const revision = isMulti ? '' : deployed[0]!;
  const automated = state.spec.syncPolicy?.automated;
  const initiatedBy = automated ? { automated: true } : { username: 'admin' };
  const entry: HistoryEntry = {
    ...(isMulti ? {} : { revision }),
    deployedAt,
    id: hashNumber(name) % 30,
    source,
    deployStartedAt: deployedAt,
    ...several,
    initiatedBy,
  };
  state.status.history = [entry];
  const failed = ailment === 'failed-sync' ? state.traits.applyErrors : undefined;
  const results = manifests.map((item) => {
    const error = failed?.[`${item.kind}/${item.name}`] ?? failed?.[item.kind];
    return applyResult(item, state.live, { ...(error ? { error } : {}), isDryRun: false, profile });
  });
  const operationState: OperationState = {
    operation: {
      sync: isMulti ? several : { revision, ...(profile.hasOperationSource ? { source } : {}) },
      initiatedBy,
      retry: automated ? { limit: 5 } : {},
    },
    phase: failed ? 'Failed' : 'Succeeded',
    message: failed
      ? `one or more objects failed to apply, reason: ${Object.values(failed).join(',')}`
      : 'successfully synced (all tasks run)',
    syncResult: { resources: results, revision, source, ...several },
    startedAt: deployedAt,
    finishedAt: deployedAt,
  };
  state.status.operationState = operationState;
}

function specOf(entry: FleetEntry, name: string, seed: number, ailment: Ailment | undefined): ApplicationSpec {
  const destination = {
    server: SERVER,
    namespace:
      entry.from === 'services' || typeof entry.from === 'string' ? `${entry.project}-${name}`.slice(0, 60) : name,
  };
  const isAuto = ailment === undefined && seed % 5 < 2;
  const syncPolicy = {
    ...(isAuto ? { automated: { prune: true, selfHeal: true } } : {}),
    syncOptions: ['CreateNamespace=true'],
  };
  const base = { destination, project: entry.project, syncPolicy };
  if (typeof entry.from === 'object') {
    const chart: Source = {
      repoURL: entry.from.repoURL,
      targetRevision: entry.from.version,
      helm: { valueFiles: [`$values/addons/${entry.name}/values.yaml`] },
      chart: entry.from.chart,
    };
    if (seed % 3 === 0)
      return { ...base, sources: [chart, { repoURL: GITOPS, targetRevision: 'main', ref: 'values' }] };
    return {
      source: {
        repoURL: entry.from.repoURL,
        targetRevision: entry.from.version,
        helm: { values: `replicas: ${1 + (seed % 3)}\n` },
        chart: entry.from.chart,
      },
      ...base,
    };
  }
  const path = `${entry.from}/${name}${seed % 2 === 0 ? '/overlays/prod' : ''}`;
  const source = { repoURL: `https://git.example.com/${entry.team}/deploy`, path, targetRevision: 'main' };
  if (HYDRATED.has(entry.name)) {
    return { ...base, sourceHydrator: { drySource: source, syncSource: { targetBranch: 'env/prod', path: name } } };
  }
  return { source, ...base };
}

function traitsOf(ailment: Ailment | undefined, name: string, spec: ApplicationSpec): Traits {
  const path = sourcesOf(spec)[0]?.path;
  switch (ailment) {
    case 'degraded':
      return { workloadHealth: { status: 'Degraded', message: `Deployment "${name}" exceeded its progress deadline` } };
    case 'stuck':
      return {
        workloadHealth: {
          status: 'Progressing',
          message: 'Waiting for rollout to finish: 1 of 2 updated replicas are available...',
          isCrashing: true,
        },
      };
    case 'suspended':
      return { workloadHealth: { status: 'Suspended', message: 'Deployment is paused' } };
    case 'comparison-error':
      return {
        comparisonError: path ? COMPARISON_FAILURE.replace('PATH', path) : CHART_FAILURE,
      };
    case 'failed-sync':
      return {
        applyErrors: Object.fromEntries(
          [...WORKLOADS, 'CronJob'].map((kind) => [kind, APPLY_FAILURE.replaceAll('NAME', name)]),
        ),
      };
    default:
      return {};
  }
}
