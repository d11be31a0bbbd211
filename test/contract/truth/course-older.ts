import { createApplications, OLDER_APPLICATIONS } from './recorded-world.js';
import type { Scene } from './scene.js';

const words = (text: string): string[] => text.trim().split(/\s+/);

/** Leads a simulator of 2.14 or 3.1 through everything that was recorded of it, in the order in which it happened. */
export async function courseOfOlder(scene: Scene): Promise<void> {
  await scene.replay(['settings-anonymous', 'settings', 'version', 'create']);
  await createApplications(scene, OLDER_APPLICATIONS);
  await scene.call('DELETE', '/projects/payments');
  await scene.quiet();
  // When 3.1 was recorded, auto-sync had just healed a drift.
  if (scene.version === 'v3.1') scene.simulator.mutate('auto', { isOutOfSync: true });
  await scene.quiet();
  await scene.replay(
    words(`content-type-charset get-missing-no-project get-missing-with-project get-no-token get-wrong-project get
      list-empty list list-fields list-fields-exclude list-fields-spec-parts list-selector-bad`),
  );
  await scene.whileControllerRests(() => scene.replay(['sync-accepted', 'sync-conflict']));
  if (scene.version === 'v3.1') await scene.meets('get-after-sync');
  await scene.quiet();
  if (scene.version === 'v2.14') await scene.replay('get-after-sync');
  // These were recorded without a node: pods stay Pending.
  scene.simulator.mutate('guestbook', {
    workloadHealth: {
      status: 'Progressing',
      message: `Waiting for rollout to finish: ${
        scene.version === 'v3.1'
          ? 'observed deployment generation less than desired generation'
          : '0 of 2 updated replicas are available...'
      }`,
    },
  });
  await scene.replay(['stream-anonymous', 'stream-error-with-fields', 'sync-guestbook']);
  await scene.quiet();
  await scene.replay(
    words(
      'get-guestbook list-after-sync managed-resources resource-tree rollback-auto rollback-no-id rollback-accepted',
    ),
  );
  await scene.meets('get-after-rollback');
  await scene.quiet();
  await scene.replay('sync-slow');
  await scene.until('/applications/slow', (body) => JSON.stringify(body).includes('waiting for completion of hook'));
  await scene.replay('terminate-accepted');
  await scene.quiet();
  await scene.replay(['get-terminated', 'terminate-nothing-in-progress']);
  await scene.replay(
    words(`applicationset-events applicationsets-empty can-i-yes clusters get-multi-source ocimetadata projects
      resource-actions action-v1-restart action-v2-restart server-side-diff stream-applicationsets syncwindows userinfo
      events-app refresh-normal`),
  );
  await scene.whileControllerRests(() => scene.replay(['delete', 'get-deleting', 'sync-deleting']));
}
