import { LATER_APPLICATIONS, commit, createApplications, named } from './recorded-world.js';
import type { Scene } from './scene.js';

const words = (text: string): string[] => text.trim().split(/\s+/);

export async function firstSyncs(scene: Scene): Promise<void> {
  await scene.whileControllerRests(() => scene.replay(['sync-accepted', 'sync-conflict']));
  await scene.quiet();
  // Once more where states pass so slowly that each can be met.
  const slowly = await scene.beside({ speed: 0.7 });
  await createApplications(slowly, named('guestbook'));
  await slowly.quiet();
  await slowly.replay('sync-accepted');
  for (const number of [0, 1, 2, 3, 4, 5]) await slowly.meets(`sync-get-${number}`);
  await scene.replay('sync-hooked-accepted');
  await scene.quiet();
  await scene.replay(
    words(`events-app get-after-sync links managed-resources managed-resources-missing managed-resources-secret manifests
      manifests-revision resource-tree`),
  );
}

export async function failures(scene: Scene): Promise<void> {
  await createApplications(scene, LATER_APPLICATIONS);
  await scene.quiet();
  await scene.replay('sync-failing-accepted');
  await scene.quiet();
  await scene.replay(['get-sync-failed-no-namespace', 'sync-broken-accepted']);
  await scene.quiet();
  await scene.replay(['get-sync-failed-invalid-manifest', 'managed-resources-broken', 'sync-retry-accepted']);
  await scene.meets('get-sync-retrying');
  await scene.replay('sync-conflict-while-retrying');
  await scene.call('DELETE', '/applications/no-namespace/operation');
  await scene.quiet();
  await commit(scene, 'settings', {
    paths: ['config'],
    breaks: `Failed to unmarshal "cm.yaml": failed to unmarshal manifest: error converting YAML to JSON: yaml: line 4: did not find expected ',' or '}'`,
  });
  await scene.replay('sync-with-comparison-error-accepted');
  await scene.quiet();
  await scene.replay('get-comparison-error');
}

export async function history(scene: Scene): Promise<void> {
  const change = (message: string, sha?: string): Promise<void> =>
    commit(scene, 'settings', { paths: ['config'], message, ...(sha ? { sha } : {}) });
  await change('Settings: blue', '4878df0ed6abe763d09fe5470402c1a92b290366');
  await scene.replay('sync-settings-blue');
  await scene.quiet();
  await change('Settings: red');
  await scene.replay('sync-settings-red');
  await scene.quiet();
  await change('Settings: yellow');
  await scene.replay('sync-settings-yellow');
  await scene.quiet();
  for (const [before, then] of [
    ['get-with-history', 'sync-dry-run'],
    ['get-after-dry-run', 'sync-partial'],
    ['get-after-partial', 'rollback-accepted'],
  ] as const) {
    await scene.replay([before, then]);
    await scene.quiet();
  }
  await scene.replay(['get-after-rollback', 'chart-details-not-helm', 'revision-metadata', 'rollback-unknown-id']);
}

export async function pruning(scene: Scene): Promise<void> {
  scene.simulator.reconcileAll();
  await scene.quiet();
  await scene.replay('sync-waves');
  await scene.quiet();
  await commit(scene, 'waves', { paths: ['waves'], removes: ['wave-2'] });
  await scene.replay(['get-requires-pruning', 'sync-without-prune']);
  await scene.quiet();
  await scene.replay(['get-prune-skipped', 'sync-with-prune']);
  await scene.quiet();
  await scene.replay('get-pruned');
}

export async function hooks(scene: Scene): Promise<void> {
  await scene.replay('sync-slow');
  await scene.meets('get-hook-running');
  await scene.replay('terminate-accepted');
  await scene.quiet();
  await scene.replay('get-terminated');
  await scene.whileControllerRests(async () => {
    await scene.call('POST', '/applications/slow/sync', {});
    await scene.replay('terminate-right-after-sync');
  });
  await scene.until('/applications/slow', (body) => JSON.stringify(body).includes('waiting for completion of hook'));
  await scene.call('DELETE', '/applications/slow/operation');
  await scene.quiet();
}

export async function refreshes(scene: Scene): Promise<void> {
  await scene.replay(['refresh-normal', 'refresh-hard', 'refresh-missing']);
  await scene.quiet();
}

export async function drift(scene: Scene): Promise<void> {
  scene.simulator.mutate('guestbook', { isOutOfSync: true });
  await scene.replay(['get-drifted', 'managed-resources-drift']);
  await scene.call('POST', '/applications/guestbook/sync', {});
  await scene.quiet();
}
