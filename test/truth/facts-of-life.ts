import assert from 'node:assert/strict';
import { framesOf, framingFaults, statesOf } from '../contract/truth/stream-states.js';
import { eventually } from '../support/eventually.js';
import type { Fact } from './fact.js';
import { body, refused, withApplication } from './fact.js';

/** How an application comes to be, is synced, and goes. */
export const FACTS_OF_LIFE: readonly Fact[] = [
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
];
