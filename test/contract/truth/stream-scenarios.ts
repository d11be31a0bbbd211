import {
  APPLICATIONS,
  LATER_APPLICATIONS,
  OLDER_APPLICATIONS,
  OWNED,
  commit,
  createApplications,
} from './recorded-world.js';
import type { Scene } from './scene.js';

/** How a stream was recorded, and what of it must come back. */
export interface StreamScenario {
  speed?: number;
  /** The account that listens; default: the administrator. */
  account?: 'reader' | 'brief';
  before?: (scene: Scene) => Promise<void>;
  /** What is done while the stream is open; the stream is closed when it resolves and everything is quiet. */
  during?: (scene: Scene) => Promise<void>;
  /** Applications whose states must come in the recorded order. */
  follows?: readonly string[];
  /** Nothing arrives, not even a header. */
  isSilent?: true;
  hasSameSnapshot?: true;
  endedBy?: string;
  /** Words of the recording, and what they may read instead. */
  rephrased?: readonly [string, string];
}

const sync =
  (name: string, body: object = {}) =>
  async (scene: Scene) => {
    await scene.call('POST', `/applications/${name}/sync`, { project: 'default', ...body });
    await scene.quiet();
  };
const world = async (scene: Scene): Promise<void> => {
  await createApplications(scene, [...APPLICATIONS]);
  await scene.quiet();
};
const only =
  (...names: string[]) =>
  async (scene: Scene): Promise<void> => {
    const all = [...APPLICATIONS, ...LATER_APPLICATIONS];
    await createApplications(
      scene,
      all.filter((entry) => names.includes(entry.name)),
    );
    await scene.quiet();
  };
const label = (scene: Scene, names: string[], key: string, value: string): void =>
  names.forEach((name) => scene.simulator.mutate(name, { labels: { [key]: value } }));
const older: StreamScenario = {
  before: async (scene) => {
    await createApplications(scene, [{ name: 'settings', path: 'config', namespace: 'web', labels: { team: 'web' } }]);
    await createApplications(scene, OLDER_APPLICATIONS);
    await scene.quiet();
  },
  hasSameSnapshot: true,
};
const olderLifecycle: StreamScenario = {
  ...older,
  during: sync('settings', { infos: [{ name: 'argocd-fleet-mcp/job', value: '0192' }] }),
  follows: ['settings'],
};
const mayGet = (object: string): { resource: string; action: string; object: string }[] => [
  { resource: 'applications', action: 'get', object },
];

/** Every recorded stream, by version and name. */
export const STREAM_SCENARIOS: Record<string, StreamScenario> = {
  'v2.14/stream-ndjson-snapshot': older,
  'v3.1/stream-ndjson-snapshot': older,
  'v2.14/stream-sse-sync-lifecycle': {
    ...olderLifecycle,
    // What a sync waits for when the controller looks is a matter of time: that one had come further.
    rephrased: ['/Secret/db and 1 more resources', '/Namespace/web'],
  },
  'v3.1/stream-sse-sync-lifecycle': olderLifecycle,
  'v3.6/stream-ndjson-snapshot': { before: world, hasSameSnapshot: true },
  'v3.6/anyns-stream-appnamespace-without-name': { before: withTeamA, hasSameSnapshot: true },
  'v3.6/anyns-stream-sse': {
    before: withTeamA,
    during: (scene) => sync('settings', { appNamespace: 'team-a' })(scene),
    follows: ['team-a/settings'],
    hasSameSnapshot: true,
  },
  'v3.6/stream-missing-name': { before: world, isSilent: true },
  'v3.6/stream-resource-tree-quiet': { before: world, isSilent: true },
  'v3.6/stream-sse-with-resourceversion-quiet': { before: world, isSilent: true },
  'v3.6/stream-sse-no-rights-at-all': {
    before: async (scene) => {
      await world(scene);
      scene.simulator.setRights('reader', []);
    },
    account: 'reader',
    isSilent: true,
  },
  'v3.6/stream-sse-sync-lifecycle': {
    before: world,
    during: async (scene) => {
      await sync('guestbook', { infos: [{ name: 'argocd-fleet-mcp/job', value: '0192' }], prune: true })(scene);
      await sync('hooked')(scene);
    },
    follows: ['guestbook', 'hooked'],
    hasSameSnapshot: true,
  },
  'v3.6/stream-sse-sync-retry': {
    speed: 15,
    before: async (scene) => {
      await only('no-namespace')(scene);
      await sync('no-namespace')(scene);
    },
    during: sync('no-namespace', {
      retryStrategy: { limit: 2, backoff: { duration: '2s', factor: 2, maxDuration: '10s' } },
    }),
    follows: ['no-namespace'],
  },
  'v3.6/stream-sse-sync-waves': { before: only('waves'), during: sync('waves'), follows: ['waves'] },
  'v3.6/stream-sse-terminate': {
    before: async (scene) => {
      await only('slow')(scene);
      await scene.call('POST', '/applications/slow/sync', {});
      await scene.until('/applications/slow', (body) =>
        JSON.stringify(body).includes('waiting for completion of hook'),
      );
      await scene.until('/applications/slow', (body) => JSON.stringify(body).includes('"hook":true'));
    },
    during: async (scene) => {
      await scene.call('DELETE', '/applications/slow/operation');
      await scene.quiet();
    },
    follows: ['slow'],
  },
  'v3.6/stream-sse-create-patch-delete': {
    before: world,
    during: async (scene) => {
      await scene.replay('create');
      await scene.quiet();
      await scene.replay(['patch-merge', 'patch-json', 'put-spec']);
      await scene.quiet();
      await scene.replay('sync-temp');
      await scene.quiet();
      await scene.replay('delete');
      await scene.quiet();
    },
    follows: ['temp'],
  },
  'v3.6/stream-ndjson-rollback': {
    before: async (scene) => {
      await only('settings')(scene);
      await sync('settings')(scene);
      await commit(scene, 'settings', { paths: ['config'] });
      await sync('settings')(scene);
    },
    during: async (scene) => {
      await scene.call('POST', '/applications/settings/rollback', { id: 0 });
      await scene.quiet();
    },
    follows: ['settings'],
  },
  'v3.6/stream-sse-applicationset-rolling': {
    before: async (scene) => {
      await createApplications(scene, OWNED);
      await scene.quiet();
      scene.simulator.mutate('fleet-prod', { isRolling: true });
      await sync('fleet-prod')(scene);
      await commit(scene, 'fleet-prod', { paths: ['config'] });
    },
    during: sync('fleet-prod'),
  },
  'v3.6/stream-sse-rights-withdrawn': {
    account: 'reader',
    before: world,
    during: async (scene) => {
      scene.simulator.setRights('reader', mayGet('default/settings'));
      label(scene, ['guestbook', 'settings'], 'changed', '1');
      scene.simulator.setRights('reader', []);
      label(scene, ['guestbook', 'settings'], 'changed', '2');
      scene.simulator.setRights('reader', mayGet('default/*'));
      label(scene, ['guestbook', 'settings'], 'changed', '3');
      await scene.quiet();
    },
    follows: ['guestbook', 'settings'],
  },
  'v3.6/stream-sse-server-shutdown': {
    // The thirty seconds that a stream lives on pass in half a second.
    speed: 60,
    before: async (scene) => {
      await world(scene);
      label(scene, ['frozen'], 'rig', 'c');
    },
    during: (scene) => {
      scene.simulator.goDown({ isGraceful: true });
      label(scene, ['frozen'], 'rig', 'a');
      label(scene, ['frozen'], 'rig', 'b');
      return Promise.resolve();
    },
    follows: ['frozen', 'crashing'],
    endedBy: 'ECONNRESET',
  },
  'v3.6/stream-token-expires-while-open': {
    account: 'brief',
    before: async (scene) => {
      await only('settings')(scene);
      await sync('settings')(scene);
      await commit(scene, 'settings', { paths: ['config'] });
      scene.simulator.setRights('brief', mayGet('*'));
      scene.tokens.set('short', scene.simulator.createToken('brief', { expiresInSeconds: 60 }));
    },
    during: async (scene) => {
      scene.simulator.expireTokens('brief');
      await scene.replay('token-expired');
      await sync('settings')(scene);
    },
    follows: ['settings'],
  },
  'v3.6/stream-resource-tree': {
    before: async (scene) => {
      await only('guestbook')(scene);
      await sync('guestbook')(scene);
    },
    during: async (scene) => {
      scene.simulator.mutate('guestbook', { isOutOfSync: true });
      await sync('guestbook')(scene);
    },
  },
};

async function withTeamA(scene: Scene): Promise<void> {
  await createApplications(scene, [...APPLICATIONS, ...LATER_APPLICATIONS]);
  scene.simulator.enableNamespace('team-a');
  await scene.replay('anyns-create');
  await scene.quiet();
}
