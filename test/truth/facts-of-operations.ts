import assert from 'node:assert/strict';
import type { Answer } from '../contract/truth/exchange.js';
import type { Fact } from './fact.js';
import { body, json, refused, withApplication } from './fact.js';

/** What else operations do and refuse to do. */
export const FACTS_OF_OPERATIONS: readonly Fact[] = [
  {
    name: 'rolls back by history id, without touching the spec, and thus leaves OutOfSync',
    check: (bench) =>
      withApplication(bench, 'guestbook', async (name) => {
        const rollback = (more: object): Promise<Answer> =>
          bench.call('POST', `/applications/${name}/rollback`, { project: bench.project, ...more });
        await bench.synced(name);
        refused(
          await rollback({ id: 99 }),
          400,
          3,
          new RegExp(`^application [^ ]+/${name} does not have deployment with id 99$`),
        );
        refused(
          await rollback({ id: '0' }),
          400,
          3,
          /^json: cannot unmarshal string into Go struct field .*\.id of type int64$/,
        );
        refused(await rollback({}), 500, 13, 'grpc: error while marshaling: proto: required field "id" not set');
        const patch = JSON.stringify({ spec: { source: { path: 'waves' } } });
        const patched = await bench.call('PATCH', `/applications/${name}`, {
          patch,
          patchType: 'merge',
          project: bench.project,
        });
        assert.equal(patched.status, 200, patched.text);
        await bench.until(name, ({ status }) => status.sync.status === 'OutOfSync');
        await bench.synced(name, { prune: true });
        const accepted = await rollback({ id: 0 });
        assert.equal(accepted.status, 200, accepted.text);
        assert.deepEqual(body(accepted).operation?.sync?.['syncStrategy'], { apply: {} });
        const after = await bench.ended(name);
        assert.equal(after.status.operationState?.phase, 'Succeeded');
        assert.deepEqual(
          after.status.history?.map((entry) => entry.id),
          [0, 1, 2],
        );
        assert.equal(after.status.sync.status, 'OutOfSync');
      }),
  },
  {
    name: 'refuses rollback and other revisions while auto-sync is on',
    check: (bench) =>
      withApplication(bench, 'guestbook', async (name) => {
        const patch = JSON.stringify({ spec: { syncPolicy: { automated: {} } } });
        await bench.call('PATCH', `/applications/${name}`, { patch, patchType: 'merge', project: bench.project });
        await bench.ended(name);
        const rollback = await bench.call('POST', `/applications/${name}/rollback`, { project: bench.project, id: 0 });
        refused(rollback, 400, 9, 'rollback cannot be initiated when auto-sync is enabled');
        refused(
          await bench.sync(name, { revision: 'v0' }),
          400,
          9,
          'Cannot sync to v0: auto-sync currently set to HEAD',
        );
      }),
  },
  {
    name: 'refuses an unknown revision, and to end what does not run',
    check: (bench) =>
      withApplication(bench, 'guestbook', async (name) => {
        refused(
          await bench.sync(name, { revision: 'no-such-branch' }),
          400,
          9,
          /^error resolving repo revision: .*no-such-branch/,
        );
        const terminate = await bench.call('DELETE', `/applications/${name}/operation?project=${bench.project}`);
        refused(terminate, 400, 3, 'Unable to terminate operation. No operation is in progress');
      }),
  },
  {
    name: 'reads appNamespace of a sync from the body alone',
    check: (bench) =>
      withApplication(bench, 'guestbook', async (name) => {
        refused(
          await bench.call('POST', `/applications/${name}/sync`, { appNamespace: 'no-such-namespace' }),
          403,
          7,
          'permission denied',
        );
        const ignored = await bench.call('POST', `/applications/${name}/sync?appNamespace=no-such-namespace`, {
          dryRun: true,
        });
        assert.equal(ignored.status, 200, ignored.text);
        await bench.ended(name);
      }),
  },
  {
    name: 'answers a refresh once it is done',
    check: (bench) =>
      withApplication(bench, 'guestbook', async (name) => {
        const answer = await bench.call('GET', `/applications/${name}?project=${bench.project}&refresh=normal`);
        assert.equal(answer.status, 200);
        assert.equal(body(answer).metadata.annotations?.['argocd.argoproj.io/refresh'], undefined);
        refused(
          await bench.call('GET', `/applications/none?project=${bench.project}&refresh=normal`),
          404,
          5,
          /not found$/,
        );
      }),
  },
  {
    name: 'refuses a sync outside its window, and says so beforehand',
    check: (bench) =>
      withApplication(bench, 'guestbook', async (name) => {
        await bench.changeProject({
          syncWindows: [{ kind: 'deny', schedule: '* * * * *', duration: '1h', applications: [name] }],
        });
        try {
          const windows = json(await bench.call('GET', `/applications/${name}/syncwindows?project=${bench.project}`));
          assert.notEqual(windows['canSync'], true);
          refused(await bench.sync(name), 403, 7, 'cannot sync: blocked by sync window');
        } finally {
          await bench.changeProject({});
        }
      }),
  },
  {
    name: 'ends Failed, without history, what the cluster does not take',
    check: (bench) =>
      withApplication(bench, 'broken', async (name) => {
        const after = await bench.synced(name);
        assert.equal(after.status.operationState?.phase, 'Failed');
        assert.match(
          after.status.operationState.message ?? '',
          /^one or more (objects failed to apply|synchronization tasks)/,
        );
        assert.deepEqual(after.status.history ?? [], []);
      }),
  },
  {
    name: 'accepts the sync of an unreadable source and ends it in Error',
    check: async (bench) => {
      const name = await bench.create('nowhere', { isUnchecked: true });
      const before = await bench.until(name, ({ status }) => Boolean(status.conditions?.length));
      assert.equal(before.status.sync.status, 'Unknown');
      assert.ok(before.status.conditions?.some((condition) => condition.type === 'ComparisonError'));
      const after = await bench.synced(name);
      assert.equal(after.status.operationState?.phase, 'Error');
      assert.match(after.status.operationState.message ?? '', /^ComparisonError: /);
      await bench.remove(name);
    },
  },
  {
    name: 'knows kinds of source, waves and hooks',
    check: async (bench) => {
      for (const [path, type] of [
        ['chart', 'Helm'],
        ['kustomize/overlay', 'Kustomize'],
      ] as const)
        await withApplication(bench, path, async (name) => {
          assert.equal((await bench.synced(name)).status.sourceType, type);
        });
      await withApplication(bench, 'waves', async (name) => {
        const after = await bench.synced(name);
        assert.deepEqual(
          after.status.resources?.map((resource) => resource.syncWave ?? 0),
          [0, 1, 2],
        );
      });
      await withApplication(bench, 'hooks', async (name) => {
        const after = await bench.synced(name);
        const results = after.status.operationState?.syncResult?.resources ?? [];
        assert.ok(results.some((result) => result.hookType === 'PreSync'));
      });
    },
  },
];
