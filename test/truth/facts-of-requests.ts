import assert from 'node:assert/strict';
import { framesOf, framingFaults } from '../contract/truth/stream-states.js';
import type { Answer } from '../contract/truth/exchange.js';
import { eventually } from '../support/eventually.js';
import type { Fact } from './fact.js';
import { json, plain, refused, withApplication } from './fact.js';

/** How requests are answered, refused and streamed, whatever becomes of an application. */
export const FACTS_OF_REQUESTS: readonly Fact[] = [
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
    name: 'says what an account may do',
    check: async (bench) => {
      const ask = (what: string): Promise<Answer> =>
        bench.call('GET', `/account/can-i/applications/${what}/${bench.project}/x`);
      assert.deepEqual(json(await ask('sync')), { value: 'yes' });
      refused(await ask('dance'), 400, 3, /does not contain dance$/);
    },
  },
  {
    name: 'names what it refuses to whom',
    needsReader: true,
    check: async (bench) => {
      const token = bench.target.readerToken?.(bench.project);
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
