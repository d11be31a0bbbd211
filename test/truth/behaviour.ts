import assert from 'node:assert/strict';
import { framesOf, framingFaults, statesOf } from '../contract/truth/stream-states.js';
import type { Answer } from '../contract/truth/exchange.js';
import { eventually } from '../support/eventually.js';
import type { Application, Bench } from './bench.js';

/** Something that our client relies on. `check` throws if the Argo CD at hand does otherwise. */
export interface Fact {
  name: string;
  check: (bench: Bench) => Promise<void>;
}

const json = (answer: Answer): Record<string, unknown> => JSON.parse(answer.text) as Record<string, unknown>;
const body = (answer: Answer): Application => JSON.parse(answer.text) as Application;

/** A refusal of a single call: the text stands twice, beside the code. */
function refused(answer: Answer, status: number, code: number, message: string | RegExp): void {
  assert.equal(answer.status, status, answer.text);
  const given = json(answer);
  assert.equal(given['code'], code, answer.text);
  assert.equal(given['error'], given['message']);
  if (typeof message === 'string') assert.equal(given['message'], message);
  else assert.match(String(given['message']), message);
}

function plain(answer: Answer, status: number, text: string): void {
  assert.deepEqual({ status: answer.status, text: answer.text }, { status, text });
  assert.match(answer.headers['content-type'] ?? '', /^text\/plain/);
}

/** With an application of `path`, which is removed afterwards. */
async function withApplication(bench: Bench, path: string, work: (name: string) => Promise<void>): Promise<void> {
  const name = await bench.create(path);
  await work(name);
  await bench.remove(name);
}

export const FACTS: readonly Fact[] = [
  {
    name: 'tells its version with capital keys, and a stranger only that',
    check: async (bench) => {
      const anonymous = json(await bench.anonymous('/api/version'));
      assert.deepEqual(Object.keys(anonymous), ['Version']);
      assert.match(String(anonymous['Version']), /^v\d+\.\d+\.\d+/);
      assert.deepEqual(json(await bench.anonymous('/api/v1/session/userinfo')), {});
      assert.equal(json(await bench.call('GET', '/session/userinfo'))['loggedIn'], true);
    },
  },
  {
    name: 'refuses strangers and forged tokens with 401',
    check: async (bench) => {
      const path = '/applications?name=none';
      refused(await bench.call('GET', path, undefined, { authorization: '' }), 401, 16, 'no session information');
      refused(
        await bench.call('GET', path, undefined, { authorization: 'Bearer nonsense' }),
        401,
        16,
        'no session information',
      );
      const forged = `Bearer ${bench.target.token.replace(/\.[^.]+$/, '.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA')}`;
      refused(await bench.call('GET', path, undefined, { authorization: forged }), 401, 16, /^invalid session: /);
    },
  },
  {
    name: 'hides a missing application behind 403, unless the project is named',
    check: async (bench) => {
      refused(await bench.call('GET', '/applications/no-such-one'), 403, 7, 'permission denied');
      const missing = 'applications.argoproj.io "no-such-one" not found';
      refused(await bench.call('GET', `/applications/no-such-one?project=${bench.project}`), 404, 5, missing);
      refused(await bench.call('POST', '/applications/no-such-one/sync', {}), 403, 7, 'permission denied');
      refused(await bench.sync('no-such-one'), 404, 5, missing);
    },
  },
  {
    name: 'takes changes only as exactly application/json',
    check: async (bench) => {
      const charset = { 'content-type': 'application/json; charset=utf-8' };
      plain(await bench.call('POST', '/applications/none/sync', {}, charset), 415, 'Invalid content type\n');
      plain(
        await bench.call('DELETE', '/applications/none/operation', undefined, { 'content-type': '' }),
        415,
        'Invalid content type\n',
      );
    },
  },
  {
    name: 'answers unknown paths and verbs in plain text',
    check: async (bench) => {
      plain(await bench.call('GET', '/nothing'), 404, 'Not Found\n');
      plain(await bench.call('PATCH', '/applications', {}), 405, 'Method Not Allowed\n');
    },
  },
  {
    name: 'lists null where there is nothing, and only whitelisted fields',
    check: async (bench) => {
      const empty = json(await bench.call('GET', '/applications?name=no-such-one'));
      assert.equal(empty['items'], null);
      await withApplication(bench, 'guestbook', async (name) => {
        const fields = 'items.metadata.name,items.metadata.uid,items.status.conditions,items.status.sync.status';
        const list = json(await bench.call('GET', `/applications?projects=${bench.project}&fields=${fields}`));
        assert.ok(list['metadata']);
        assert.deepEqual(list['items'], [{ metadata: { name }, status: { sync: { status: 'OutOfSync' } } }]);
      });
    },
  },
  {
    name: 'gives stream errors a shape of their own, and an empty object under fields',
    check: async (bench) => {
      const path = '/stream/applications?selector=a%3D%3D%3D';
      refused(await bench.call('GET', '/applications?selector=a%3D%3D%3D'), 500, 2, /^error parsing the selector: /);
      const answer = await bench.call('GET', path);
      assert.equal(answer.status, 500);
      const { error } = json(answer) as { error: Record<string, unknown> };
      assert.deepEqual(
        [error['grpc_code'], error['http_code'], error['http_status']],
        [2, 500, 'Internal Server Error'],
      );
      assert.equal((await bench.call('GET', `${path}&fields=result.type`)).text, '{}');
    },
  },
  {
    name: 'creates once, agrees to the same again, and refuses another spec',
    check: (bench) =>
      withApplication(bench, 'guestbook', async (name) => {
        assert.equal((await bench.call('POST', '/applications', bench.manifest(name, 'guestbook'))).status, 200);
        const other = await bench.call('POST', '/applications', bench.manifest(name, 'waves'));
        refused(other, 400, 3, 'existing application spec is different, use upsert flag to force update');
      }),
  },
  {
    name: 'runs one operation at a time, keeps its infos, and tells success before the new state',
    check: (bench) =>
      withApplication(bench, 'guestbook', async (name) => {
        const stream = bench.stream(`/applications?name=${name}`);
        await eventually(() => framesOf(stream.text).length > 0, { timeoutMs: 10_000 });
        const infos = [{ name: 'argocd-fleet-mcp/job', value: 'verify' }];
        const accepted = await bench.sync(name, { infos });
        assert.equal(accepted.status, 200, accepted.text);
        assert.deepEqual(body(accepted).operation?.info, infos);
        assert.equal(body(accepted).status.operationState, undefined);
        refused(await bench.sync(name), 400, 9, 'another operation is already in progress');
        const after = await bench.ended(name);
        assert.equal(after.status.operationState?.phase, 'Succeeded');
        assert.equal(after.status.operationState.message, 'successfully synced (all tasks run)');
        assert.deepEqual(after.status.operationState.operation.info, infos);
        assert.equal(after.status.sync.status, 'Synced');
        assert.deepEqual(
          after.status.history?.map((entry) => entry.id),
          [0],
        );
        assert.ok(after.status.history[0]?.initiatedBy?.username);
        await eventually(() => statesOf(framesOf(stream.text), name).some((state) => state.includes(', Synced')), {
          timeoutMs: 10_000,
        });
        stream.end();
        assert.deepEqual(framingFaults(stream.text.replace(/data: [^\n]*$/, ''), true), []);
        const states = statesOf(framesOf(stream.text), name);
        const accept = states.findIndex((state) => state.startsWith('operation (argocd-fleet-mcp/job), no state'));
        const running = states.findIndex((state) => state.startsWith('operation (argocd-fleet-mcp/job), Running'));
        const succeeded = states.findIndex((state) => state.startsWith('idle, Succeeded, finished'));
        assert.ok(accept >= 0 && running > accept && succeeded > running, states.join('\n'));
        assert.match(states[succeeded]!, /OutOfSync/, 'the event that tells success shows the state before');
      }),
  },
  {
    name: 'leaves no history of dry runs and partial syncs',
    check: (bench) =>
      withApplication(bench, 'guestbook', async (name) => {
        const dry = await bench.synced(name, { dryRun: true });
        assert.equal(dry.status.operationState?.phase, 'Succeeded');
        assert.equal(dry.status.sync.status, 'OutOfSync');
        const [first] = dry.status.resources!;
        const resources = [
          { group: first!.group ?? '', kind: first!.kind, name: first!.name, namespace: first!.namespace },
        ];
        const partial = await bench.synced(name, { resources });
        assert.equal(partial.status.operationState?.phase, 'Succeeded');
        assert.deepEqual(partial.status.history ?? [], []);
      }),
  },
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
  {
    name: 'streams JSON lines by default, and nothing at all before the first event',
    check: (bench) =>
      withApplication(bench, 'guestbook', async (name) => {
        const lines = bench.stream(`/applications?name=${name}`, {});
        const quiet = bench.stream('/applications?name=no-such-one');
        await eventually(() => framesOf(lines.text).length > 0, { timeoutMs: 10_000 });
        assert.deepEqual([lines.status, quiet.status, quiet.text], [200, undefined, '']);
        assert.deepEqual(framingFaults(lines.text, false), []);
        assert.equal(framesOf(lines.text)[0]?.result?.type, 'ADDED');
        lines.end();
        quiet.end();
      }),
  },
  {
    name: 'tells a deletion, and then knows the application no more',
    check: async (bench) => {
      const name = await bench.create('guestbook');
      const stream = bench.stream(`/applications?name=${name}`);
      await eventually(() => framesOf(stream.text).length > 0, { timeoutMs: 10_000 });
      const policy = await bench.call(
        'DELETE',
        `/applications/${name}?project=${bench.project}&propagationPolicy=sideways`,
      );
      refused(policy, 400, 3, 'invalid propagation policy: sideways');
      await bench.remove(name);
      await eventually(() => statesOf(framesOf(stream.text), name).at(-1) === 'DELETED', { timeoutMs: 10_000 });
      stream.end();
      refused(
        await bench.call('DELETE', `/applications/${name}?project=${bench.project}`),
        404,
        5,
        `applications.argoproj.io "${name}" not found`,
      );
    },
  },
  {
    name: 'says what an account may do',
    check: async (bench) => {
      const ask = (what: string): Promise<Answer> =>
        bench.call('GET', `/account/can-i/applications/${what}/${bench.project}/x`);
      assert.deepEqual(json(await ask('sync')), { value: 'yes' });
      refused(await ask('dance'), 400, 3, /does not contain dance$/);
    },
  },
  {
    name: 'names what it refuses to whom, if there is somebody who may only read',
    check: async (bench) => {
      const token = bench.target.readerToken?.(bench.project);
      if (!token) return;
      await withApplication(bench, 'guestbook', async (name) => {
        const answer = await bench.call(
          'POST',
          `/applications/${name}/sync`,
          { project: bench.project },
          { authorization: `Bearer ${token}` },
        );
        refused(answer, 403, 7, new RegExp(`^permission denied: applications, sync, ${bench.project}/${name}, sub: `));
      });
    },
  },
];
