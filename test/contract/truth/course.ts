import { drift, failures, firstSyncs, history, hooks, pruning, refreshes } from './course-of-operations.js';
import { commit, createApplications, freezePayments, named, APPLICATIONS, OWNED } from './recorded-world.js';
import type { Scene } from './scene.js';

const words = (text: string): string[] => text.trim().split(/\s+/);

/** What was asked while nothing had been synced by hand yet: reads, refusals, and what is asked of a wrong place. */
const AT_FIRST = words(`
  version-anonymous version account-list can-i-bad-action can-i-bad-resource can-i-no can-i-star can-i-yes
  list list-as-reader list-empty list-fields list-fields-exclude list-fields-spec-and-part list-no-token list-project
  list-repo list-selector list-selector-bad list-two-projects list-appnamespace-other list-projects-fields
  projects project-detailed project-missing project-syncwindows settings settings-anonymous userinfo userinfo-anonymous
  get-bad-token get-forged-token get-no-token get-denied-no-project get-denied-with-project get-missing-no-project
  get-missing-with-project get-reader-claims-own-project get-two-projects get-wrong-project
  body-not-json body-wrong-type content-type-charset content-type-form content-type-none
  rollback-auto rollback-id-string rollback-no-history rollback-no-id
  sync-denied sync-missing-app sync-missing-app-with-project sync-other-revision-auto sync-unknown-revision
  sync-window-blocked syncwindows terminate-nothing-in-progress unknown-path wrong-verb outside-api-html outside-api-json
  healthz healthz-full badge
`);
const NOT_SERVED = words(`
  applicationset-missing applicationsets-empty cluster-unknown clusters repositories
  resource-actions resource-get resource-get-no-kind resource-get-not-in-tree resource-get-secret resource-patch
  resource-patch-bad resource-delete-pod resource-pod-crashing action-denied action-v1-restart action-v2-restart
  action-v2-scale action-v2-unknown server-side-diff settings-plugins notifications-services clusters-project-role
  logs-by-resource logs-denied logs-download logs-filter logs-filter-inverted logs-missing-pod logs-no-container
  logs-previous logs-since-seconds logs-sse logs-tail logs-unknown-container logs-follow
  applicationset-create applicationset-generate applicationset-events applicationset-get applicationset-resource-tree
  applicationsets applicationset-get-progressive applicationset-delete token-create-same-id token-delete
  stream-ndjson-applicationsets
`);

/** Leads a simulator of 3.6 through everything that was recorded of 3.6, in the order in which it happened. */
export async function course(scene: Scene): Promise<void> {
  await freezePayments(scene);
  await createApplications(scene, APPLICATIONS);
  await scene.quiet();
  await scene.replay(AT_FIRST);
  await scene.replay(NOT_SERVED);
  await scene.replay([
    'stream-anonymous',
    'stream-anonymous-sse',
    'stream-error-with-fields',
    'stream-bad-selector',
    'stream-no-token',
  ]);
  await scene.call('GET', '/applications/settings?refresh=normal');
  await scene.replay(['get', 'body-unknown-field']);
  await scene.meets('terminate-of-a-dry-run');
  await scene.quiet();
  await firstSyncs(scene);
  await failures(scene);
  await history(scene);
  await pruning(scene);
  await hooks(scene);
  await refreshes(scene);
  await drift(scene);
  await creation(scene);
  await ownedAndDegraded(scene);
  await tokens(scene);
  await outages(scene);
  await ownedByHand(scene);
  await otherKindsOfSource(scene);
  await rights(scene);
  await anyNamespace(scene);
  await otherServers(scene);
}

async function creation(scene: Scene): Promise<void> {
  await scene.replay(['create']);
  await scene.quiet();
  await scene.replay(words('create-same-again create-other-spec create-bad-name create-bad-path create-bad-project'));
  await scene.replay('patch-merge');
  await scene.quiet();
  await scene.replay(['patch-json', 'patch-bad', 'put-spec']);
  await scene.quiet();
  await scene.replay('sync-temp');
  await scene.quiet();
  await scene.whileControllerRests(() =>
    scene.replay(['delete-bad-policy', 'delete', 'get-deleting', 'sync-deleting']),
  );
  await scene.quiet();
  await scene.replay(['get-deleted', 'delete-missing', 'delete-missing-no-project']);
}

async function ownedAndDegraded(scene: Scene): Promise<void> {
  await createApplications(scene, OWNED);
  await scene.quiet();
  await scene.replay(['get-owned-by-applicationset', 'list-full-after']);
  scene.simulator.mutate('fleet-prod', { isRolling: true });
  await scene.call('POST', '/applications/fleet-prod/sync', {});
  await scene.call('POST', '/applications/crashing/sync', {});
  await scene.quiet();
  await scene.replay(['get-degraded', 'resource-tree-degraded', 'events-pod-wrong-uid']);
  const { nodes } = await scene.call('GET', '/applications/crashing/resource-tree');
  const pod = (nodes as { kind: string; name: string; uid: string }[]).find((node) => node.kind === 'Pod')!;
  await scene.replay('events-pod', {
    path: (path) =>
      path.replace(/(resourceName=)[^&]+/, `$1${pod.name}`).replace(/(resourceUID=)[^&]+/, `$1${pod.uid}`),
  });
}

async function tokens(scene: Scene): Promise<void> {
  const { simulator } = scene;
  scene.tokens.set('short', simulator.createToken('brief', { expiresInSeconds: -1 }));
  scene.tokens.set('rev', simulator.createToken('bot', { id: 'revoked' }));
  simulator.revokeTokens('bot', 'revoked');
  await scene.replay(
    words(`stream-token-expired token-expired userinfo-token-expired token-revoked list-project-role-token
      projects-project-role sync-project-role-other-project userinfo-project-role login-wrong-password`),
  );
}

/** The recorded time-outs of 2 and 3 seconds are shortened: that they end a call, and how, is what counts. */
async function outages(scene: Scene): Promise<void> {
  await scene.call('POST', '/applications/settings/sync', {});
  await scene.quiet();
  const soon = { headers: { 'grpc-timeout': '200m' } };
  await scene.whileControllerRests(async () => {
    await scene.hangs('controller-down-refresh');
    await scene.replay('controller-down-refresh-grpc-timeout', soon);
    await scene.replay(['controller-down-sync-accepted', 'controller-down-get', 'controller-down-terminate']);
  });
  await scene.quiet();
  await scene.replay('controller-back-get');
  const repoServerDown = scene.simulator.fault({ kind: 'repo-server-down' });
  await scene.replay(['repo-server-down-manifests', 'repo-server-down-sync'], soon);
  scene.simulator.clearFault(repoServerDown);
}

async function otherKindsOfSource(scene: Scene): Promise<void> {
  await scene.replay('patch-suspend-auto-sync');
  await scene.replay('sync-multi-source');
  await scene.quiet();
  await scene.replay(['get-multi-source', 'sync-multi-source-single-revision']);
  await scene.quiet();
  await scene.replay('sync-helm');
  await scene.quiet();
  await scene.replay('get-helm');
  const slowly = await scene.beside({ speed: 0.5 });
  await createApplications(slowly, named('kustomized'));
  await slowly.quiet();
  await slowly.replay('sync-kustomize');
  await slowly.meets('get-kustomize');
  await scene.replay('rollback-multi-source');
  await scene.quiet();
  await scene.replay(['get-after-rollback-multi', 'sync-positions-without-revisions', 'sync-revision-of-tag-app']);
  await scene.quiet();
  await scene.replay(['get-synced-to-other-revision', 'app-events-of-operations', 'gzip-list-headers']);
}

/** Somebody commits, and a moment later syncs by hand what an ApplicationSet rolls out. */
async function ownedByHand(scene: Scene): Promise<void> {
  await commit(scene, 'fleet-prod', { paths: ['config'] });
  scene.simulator.mutate('fleet-prod', {
    annotations: { 'argocd.argoproj.io/hydrate': 'normal', 'argocd.argoproj.io/hydrate-timestamp': null },
  });
  await scene.replay('sync-appset-owned-by-hand');
  await scene.quiet();
  for (const { name } of OWNED) await scene.call('DELETE', `/applications/${name}?cascade=false`);
}

async function rights(scene: Scene): Promise<void> {
  const { simulator } = scene;
  const mayGet = (object: string): { resource: string; action: string; object: string }[] => [
    { resource: 'applications', action: 'get', object },
  ];
  simulator.setRights('reader', mayGet('default/settings'));
  await scene.replay('list-rights-reduced');
  simulator.setRights('reader', []);
  await scene.replay(['can-i-rights-gone', 'get-rights-gone', 'list-rights-gone']);
  simulator.setRights('reader', mayGet('default/*'));
}

async function anyNamespace(scene: Scene): Promise<void> {
  scene.simulator.enableNamespace('team-a');
  await commit(scene, 'settings', { paths: ['config'] });
  scene.simulator.mutate('settings', { labels: { changed: '3' } });
  await scene.replay(['anyns-settings', 'anyns-create-not-enabled', 'anyns-create']);
  await scene.quiet();
  await scene.replay(
    words(`anyns-list anyns-list-appnamespace anyns-get anyns-get-default-namespace anyns-get-missing
      anyns-get-not-enabled anyns-get-not-enabled-no-project anyns-sync-query-is-ignored anyns-sync`),
  );
  await scene.quiet();
  await scene.replay(['anyns-can-i', 'anyns-events', 'anyns-reader-get', 'anyns-resource-tree', 'anyns-delete']);
}

async function otherServers(scene: Scene): Promise<void> {
  const prefixed = await scene.beside({ rootPath: '/argocd' });
  await createApplications(prefixed, APPLICATIONS);
  await prefixed.replay(
    words('rootpath-healthz rootpath-healthz-without-prefix rootpath-list rootpath-version rootpath-without-prefix'),
  );
  const secure = await scene.beside({ tls: { cert: '', key: '' } });
  await secure.replay(['tls-server-plain-http', 'tls-server-plain-http-post']);
}
