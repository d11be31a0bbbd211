import { describe, expect, it } from '@jest/globals';
import { allRecordings, recordedBody, recording } from '../../test/support/recordings.js';
import { translateAnswer } from './errors.js';
import { failureReasons, type RequestFacts } from './failure.js';

type Facts = Partial<RequestFacts>;

function translated(name: string, facts: Facts = {}, version: 'v2.14' | 'v3.1' | 'v3.6' = 'v3.6') {
  const recorded = recording(version, name);
  const path = recorded.request.path;
  const body = (recorded.request.body ?? {}) as { project?: string };
  return translateAnswer(
    {
      status: recorded.response.status ?? 0,
      contentType: recorded.response.headers?.['content-type'] ?? '',
      body: recordedBody(recorded),
    },
    {
      isChange: recorded.request.method !== 'GET',
      hasProject: path.includes('project=') || body.project !== undefined,
      application: /\/applications\/([^/?]+)/.exec(path)?.[1],
      secrets: [],
      ...facts,
    },
  );
}

describe('a refusal of Argo CD', () => {
  it.each([
    ['get-missing-with-project', 'not_found', 'not_found'],
    ['get-missing-no-project', 'not_found', 'not_found'],
    ['get-wrong-project', 'not_found', 'not_found'],
    ['get-denied-with-project', 'cluster_refused', 'permission_denied'],
    ['anyns-get-not-enabled', 'cluster_refused', 'permission_denied'],
    ['sync-denied', 'cluster_refused', 'permission_denied'],
    ['sync-missing-app-with-project', 'not_found', 'not_found'],
    ['sync-conflict', 'operation_in_progress', 'conflict'],
    ['sync-conflict-while-retrying', 'operation_in_progress', 'conflict'],
    ['sync-window-blocked', 'not_possible_now', 'sync_window'],
    ['sync-deleting', 'not_possible_now', 'deleting'],
    ['sync-other-revision-auto', 'not_possible_now', 'auto_sync'],
    ['rollback-auto', 'not_possible_now', 'auto_sync'],
    ['sync-unknown-revision', 'invalid_input', 'revision_unresolvable'],
    ['anyns-create-not-enabled', 'not_possible_now', 'project_not_allowed'],
    ['terminate-nothing-in-progress', 'not_possible_now', 'no_operation'],
    ['controller-down-terminate', 'not_possible_now', 'no_operation'],
    ['rollback-unknown-id', 'invalid_input', 'invalid_request'],
    ['get-no-token', 'cluster_refused', 'credentials'],
    ['token-revoked', 'cluster_refused', 'credentials'],
    ['stream-anonymous', 'cluster_refused', 'credentials'],
    ['controller-down-refresh-grpc-timeout', 'cluster_timeout', 'timeout'],
    ['stream-error-with-fields', 'cluster_unreachable', 'server_error'],
    ['list-selector-bad', 'cluster_unreachable', 'server_error'],
    ['unknown-path', 'cluster_unreachable', 'not_argocd'],
    ['wrong-verb', 'cluster_unreachable', 'not_argocd'],
    ['content-type-charset', 'cluster_unreachable', 'not_argocd'],
    ['tls-server-plain-http', 'cluster_unreachable', 'redirected'],
  ])('%s is %s because of %s', (name, code, reason) => {
    const error = translated(name);
    expect([error.code, error.details['reason']]).toEqual([code, reason]);
  });

  it('means the same in every version', () => {
    for (const name of [
      'sync-conflict',
      'sync-deleting',
      'rollback-auto',
      'get-wrong-project',
      'terminate-nothing-in-progress',
    ]) {
      const newest = translated(name);
      for (const version of ['v2.14', 'v3.1'] as const) {
        const error = translated(name, {}, version);
        expect([version, error.code, error.details['reason']]).toEqual([
          version,
          newest.code,
          newest.details['reason'],
        ]);
      }
    }
  });

  it('of a call that an old version lacks says which version has it', () => {
    const error = translated('action-v2-restart', { since: '3.1' }, 'v2.14');
    expect([error.code, error.details['reason']]).toEqual(['unsupported_version', 'not_supported']);
    expect(error.message).toContain('3.1');
    expect(translated('ocimetadata', { since: '3.1' }, 'v2.14').code).toBe('unsupported_version');
  });

  it('leaves open whether a change was accepted exactly when that is so', () => {
    const answers: [number, unknown, boolean][] = [
      [400, { code: 9, message: 'another operation is already in progress' }, false],
      [403, { code: 7, message: 'permission denied' }, false],
      [404, { code: 5, message: 'not found' }, false],
      [409, { code: 10, message: 'changed' }, false],
      [501, { code: 12, message: 'unimplemented' }, false],
      [408, { code: 1, message: 'cancelled' }, true],
      [429, { code: 8, message: 'grpc: received message larger than max (5 vs. 4)' }, true],
      [500, { code: 2, message: 'etcd' }, true],
      [503, { code: 14, message: 'unavailable' }, true],
      [504, { code: 4, message: 'context deadline exceeded' }, true],
      [502, undefined, true],
    ];
    for (const [status, body, open] of answers) {
      const answer = { status, contentType: 'application/json', body: JSON.stringify(body) ?? '<html>' };
      const facts = { hasProject: true, application: 'a', secrets: [] };
      expect([status, translateAnswer(answer, { ...facts, isChange: true }).details['maybeAccepted'] ?? false]).toEqual(
        [status, open],
      );
      expect(translateAnswer(answer, { ...facts, isChange: false }).details).not.toHaveProperty('maybeAccepted');
    }
  });

  it('of an answer above its own limit is not taken for a rate limit', () => {
    const message = 'grpc: received message larger than max (314572800 vs. 209715200)';
    const answer = {
      status: 429,
      contentType: 'application/json',
      body: JSON.stringify({ error: message, code: 8, message }),
    };
    const error = translateAnswer(answer, { isChange: false, hasProject: false, secrets: [] });
    expect([error.code, error.details['reason']]).toEqual(['cluster_unreachable', 'internal_limit']);
  });

  it('has a code, a reason of the list and a sentence of ours, whatever was recorded', () => {
    const refusals = allRecordings().filter(({ response }) => (response.status ?? 0) >= 300 && !response.chunks);
    expect(refusals.length).toBeGreaterThan(90);
    for (const { version, name } of refusals) {
      const error = translated(name, {}, version as 'v3.6');
      expect(failureReasons).toContain(error.details['reason']);
      expect(error.code).not.toBe('internal');
      const upstream = error.details['upstreamMessage'];
      if (typeof upstream === 'string') expect(error.message).not.toContain(upstream);
    }
  });
});
