import type { Recording, recordedVersions } from '../../support/recordings.js';
import type { Depth } from './difference.js';

type Version = (typeof recordedVersions)[number];

/**
 * What is demanded of the simulator for one recording.
 * `answer`: status, headers and body are the recorded ones; `except` lists the differences that are known, each of which
 * must still be there. `unserved`: it answers 501. `silence`: it does not answer, as Argo CD did not. `stream`: see
 * truth-streams.spec.ts. `differs`: it answers otherwise, for a reason.
 */
export type Rule =
  | { kind: 'answer'; depth: Depth; because?: string; except?: readonly string[] }
  | { kind: 'unserved' }
  | { kind: 'silence' }
  | { kind: 'stream' }
  | { kind: 'differs'; because: string };

type Rules = Record<string, Rule>;

const each = (names: string, rule: Rule): Rules =>
  Object.fromEntries(
    names
      .trim()
      .split(/\s+/)
      .map((name) => [name, rule]),
  );
const exactly = (names: string): Rules => each(names, { kind: 'answer', depth: 'exact' });
const unserved = (names: string): Rules => each(names, { kind: 'unserved' });
const streams = (names: string): Rules => each(names, { kind: 'stream' });
const shape = (because: string, except?: readonly string[]): Rule => ({
  kind: 'answer',
  depth: 'shape',
  because,
  ...(except ? { except } : {}),
});

const LIVE_OBJECTS = 'live objects carry what Kubernetes itself writes into them, and the recorded one had other data';
const TREE = 'pods have usage, nodes and hashes of their own';
const EVENTS = 'events of one second are in the order in which they were written, which is another one at every run';
const HEALTH_LEFT_BEHIND = 'a write by the controller leaves health of resources in the stored object now and then';
const NO_NODE = [
  'hosts[].name string',
  'hosts[].resourcesInfo[].resourceName string',
  'hosts[].resourcesInfo[].capacity number',
  'hosts[].systemInfo.machineID string',
  'hosts[].systemInfo.systemUUID string',
  'hosts[].systemInfo.bootID string',
  'hosts[].systemInfo.kernelVersion string',
  'hosts[].systemInfo.osImage string',
  'hosts[].systemInfo.containerRuntimeVersion string',
  'hosts[].systemInfo.kubeletVersion string',
  'hosts[].systemInfo.kubeProxyVersion string',
  'hosts[].systemInfo.operatingSystem string',
  'hosts[].systemInfo.architecture string',
].map((line) => `has ${line}`);
const ONE_HEALED = 'which of two drifted resources auto-sync healed is chance';

/** A rule for every recording; one without a rule fails the suite. */
export const RULES: Record<Version, Rules> = {
  'v3.6': {
    ...exactly(`
      anyns-can-i anyns-create anyns-create-not-enabled anyns-delete anyns-get anyns-get-missing anyns-get-not-enabled
      anyns-get-not-enabled-no-project anyns-list anyns-list-appnamespace anyns-reader-get anyns-resource-tree
      anyns-settings anyns-sync body-not-json body-unknown-field body-wrong-type can-i-bad-action can-i-bad-resource
      can-i-no can-i-rights-gone can-i-star can-i-yes chart-details-not-helm content-type-charset content-type-form
      content-type-none controller-back-get controller-down-get controller-down-refresh-grpc-timeout
      controller-down-sync-accepted controller-down-terminate create create-bad-name create-bad-path
      create-bad-project create-other-spec create-same-again delete delete-bad-policy delete-missing
      delete-missing-no-project events-app events-pod-wrong-uid get get-after-dry-run get-after-partial
      get-after-rollback get-after-rollback-multi get-after-sync get-bad-token get-comparison-error get-degraded
      get-deleted get-deleting get-denied-no-project get-denied-with-project get-drifted get-forged-token get-helm
      get-hook-running get-kustomize get-missing-no-project get-missing-with-project get-multi-source get-no-token
      get-owned-by-applicationset get-prune-skipped get-pruned get-reader-claims-own-project get-requires-pruning
      get-rights-gone get-sync-failed-invalid-manifest get-sync-failed-no-namespace get-sync-retrying
      get-synced-to-other-revision get-terminated get-two-projects get-with-history get-wrong-project
      gzip-list-headers healthz healthz-full links list list-appnamespace-other list-as-reader list-empty list-fields
      list-fields-exclude list-fields-spec-and-part list-no-token list-project list-project-role-token
      list-projects-fields list-repo list-rights-gone list-rights-reduced list-selector list-selector-bad
      list-two-projects login-wrong-password managed-resources-missing manifests manifests-revision outside-api-json
      patch-bad patch-merge patch-suspend-auto-sync project-detailed project-missing project-syncwindows projects
      projects-project-role put-spec refresh-hard refresh-missing refresh-normal repo-server-down-manifests
      repo-server-down-sync revision-metadata rollback-accepted rollback-auto rollback-id-string rollback-multi-source
      rollback-no-history rollback-no-id rollback-unknown-id rootpath-healthz rootpath-healthz-without-prefix
      rootpath-version rootpath-without-prefix settings settings-anonymous stream-anonymous stream-anonymous-sse
      stream-bad-selector stream-error-with-fields stream-no-token stream-token-expired sync-accepted
      sync-broken-accepted sync-conflict sync-conflict-while-retrying sync-deleting sync-denied sync-dry-run
      sync-failing-accepted sync-get-0 sync-get-1 sync-get-2 sync-get-3 sync-get-4 sync-get-5 sync-helm
      sync-hooked-accepted sync-kustomize sync-missing-app sync-missing-app-with-project sync-multi-source
      sync-multi-source-single-revision sync-other-revision-auto sync-partial sync-positions-without-revisions
      sync-project-role-other-project sync-retry-accepted sync-revision-of-tag-app sync-settings-blue
      sync-settings-red sync-settings-yellow sync-slow sync-temp sync-unknown-revision sync-waves sync-window-blocked
      sync-with-comparison-error-accepted sync-with-prune sync-without-prune syncwindows terminate-accepted
      terminate-nothing-in-progress terminate-of-a-dry-run terminate-right-after-sync tls-server-plain-http
      tls-server-plain-http-post token-expired token-revoked unknown-path userinfo userinfo-anonymous
      userinfo-project-role userinfo-token-expired version version-anonymous wrong-verb
    `),
    ...unserved(`
      action-denied action-v1-restart action-v2-restart action-v2-scale action-v2-unknown applicationset-create
      applicationset-delete applicationset-events applicationset-generate applicationset-get
      applicationset-get-progressive applicationset-missing applicationset-resource-tree applicationsets
      applicationsets-empty badge cluster-unknown clusters clusters-project-role events-pod logs-by-resource
      logs-denied logs-download logs-filter logs-filter-inverted logs-follow logs-missing-pod logs-no-container
      logs-previous logs-since-seconds logs-sse logs-tail logs-unknown-container notifications-services repositories
      resource-actions resource-delete-pod resource-get resource-get-no-kind resource-get-not-in-tree
      resource-get-secret resource-patch resource-patch-bad resource-pod-crashing server-side-diff settings-plugins
      stream-ndjson-applicationsets token-create-same-id token-delete
    `),
    ...streams(`
      anyns-stream-appnamespace-without-name anyns-stream-sse stream-missing-name stream-ndjson-rollback
      stream-ndjson-snapshot stream-resource-tree-quiet stream-resource-tree stream-sse-applicationset-rolling
      stream-sse-create-patch-delete stream-sse-no-rights-at-all stream-sse-rights-withdrawn
      stream-sse-server-shutdown stream-sse-sync-lifecycle stream-sse-sync-retry stream-sse-sync-waves
      stream-sse-terminate stream-sse-with-resourceversion-quiet stream-token-expires-while-open
    `),
    'controller-down-refresh': { kind: 'silence' },
    'outside-api-html': { kind: 'differs', because: 'the recorded build had no web page; every release has one' },
    'account-list': shape('ids of tokens are chosen by whoever makes them'),
    'managed-resources': shape(LIVE_OBJECTS),
    'managed-resources-broken': shape(LIVE_OBJECTS),
    'managed-resources-drift': shape(LIVE_OBJECTS),
    'managed-resources-secret': shape(LIVE_OBJECTS),
    'resource-tree': shape(TREE),
    'resource-tree-degraded': shape(TREE),
    'patch-json': shape(HEALTH_LEFT_BEHIND, ['lacks status.resources[].health.status string']),
    'list-full-after': shape(HEALTH_LEFT_BEHIND, [
      'lacks items[].status.resources[].health.status string',
      'lacks items[].status.resources[].health.message string',
    ]),
    'sync-appset-owned-by-hand': shape('the simulator has no ApplicationSets: its first sync was one by hand'),
    'app-events-of-operations': shape(EVENTS),
    'anyns-events': shape(EVENTS),
    'anyns-get-default-namespace': shape('a label was renamed in the recording and no longer stands in its place'),
    'anyns-sync-query-is-ignored': shape('a label was renamed in the recording and no longer stands in its place'),
    'rootpath-list': shape('another number of applications'),
  },
  'v3.1': {
    ...exactly(`
      applicationset-events can-i-yes content-type-charset create delete events-app get get-after-rollback
      get-after-sync get-deleting get-guestbook get-missing-no-project get-missing-with-project get-multi-source
      get-no-token get-terminated get-wrong-project list-empty list-fields list-fields-spec-parts list-selector-bad
      projects refresh-normal rollback-accepted rollback-auto rollback-no-id server-side-diff settings
      settings-anonymous stream-anonymous stream-applicationsets stream-error-with-fields sync-accepted sync-conflict
      sync-deleting sync-guestbook sync-slow syncwindows terminate-accepted terminate-nothing-in-progress userinfo
    `),
    ...unserved(`
      action-v1-restart action-v2-restart applicationsets-empty clusters ocimetadata resource-actions
    `),
    ...streams('stream-ndjson-snapshot stream-sse-sync-lifecycle'),
    version: shape('the recorded server had no Helm at hand'),
    'managed-resources': shape(LIVE_OBJECTS),
    list: shape(ONE_HEALED),
    'list-after-sync': shape(ONE_HEALED),
    'list-fields-exclude': shape(ONE_HEALED),
    'resource-tree': shape('recorded without a node', NO_NODE),
  },
  'v2.14': {
    ...exactly(`
      action-v2-restart applicationset-events can-i-yes content-type-charset create delete get get-after-rollback
      get-after-sync get-deleting get-guestbook get-missing-no-project get-missing-with-project get-multi-source
      get-no-token get-terminated get-wrong-project list list-after-sync list-empty list-fields list-fields-exclude
      list-fields-spec-parts list-selector-bad ocimetadata projects refresh-normal rollback-accepted rollback-auto
      rollback-no-id server-side-diff settings settings-anonymous stream-anonymous stream-applicationsets
      stream-error-with-fields sync-accepted sync-conflict sync-deleting sync-guestbook sync-slow syncwindows
      terminate-accepted terminate-nothing-in-progress userinfo
    `),
    ...unserved(`
      action-v1-restart applicationsets-empty clusters resource-actions
    `),
    ...streams('stream-ndjson-snapshot stream-sse-sync-lifecycle'),
    version: shape('the recorded server had no Helm at hand'),
    'managed-resources': shape(LIVE_OBJECTS),
    'events-app': shape(EVENTS),
    'resource-tree': shape('recorded without a node', NO_NODE),
  },
};

export function ruleOf({ version, name }: Recording): Rule | undefined {
  return RULES[version as Version][name];
}

export function depthOf(recording: Recording): Depth {
  const rule = ruleOf(recording);
  return rule?.kind === 'answer' ? rule.depth : 'shape';
}
