import { describe, expect, it } from '@jest/globals';
import { recordedFrames, recording } from '../../test/support/recordings.js';
import { application, watchFrame, type Application, type OperationState } from '../argocd/schemas.js';
import { AppError } from '../errors/app-error.js';
import { jobOutcome, outcomeCodes } from './job.js';
import { deadlineEnd, refusedEnd } from './sync-ends.js';
import { endOf } from './sync-outcome.js';

const recorded = (name: string): Application => application.parse(recording('v3.6', name).response.body);
const endOfRecorded = (name: string) => {
  const app = recorded(name);
  return endOf(app.status?.operationState as OperationState, { application: app, settled: true });
};

describe('the outcome of an operation', () => {
  it.each([
    ['sync-get-5', 'succeeded', undefined],
    ['get-after-dry-run', 'succeeded', undefined],
    ['get-prune-skipped', 'succeeded', 'prune_skipped'],
    ['get-pruned', 'succeeded', undefined],
    ['get-sync-failed-no-namespace', 'failed', 'sync_failed'],
    ['get-sync-failed-invalid-manifest', 'failed', 'sync_failed'],
    ['get-comparison-error', 'failed', 'sync_failed'],
    ['get-terminated', 'failed', 'terminated'],
    ['get-synced-to-other-revision', 'succeeded', undefined],
  ])('of %s is %s, %s', (name, state, code) => {
    const end = endOfRecorded(name);
    expect([end.state, end.outcome?.code]).toEqual([state, code]);
    expect(jobOutcome.parse(end.outcome)).toEqual(end.outcome);
    expect(end.message).not.toContain(end.outcome?.upstreamMessage ?? 'nothing');
  });

  it('after retries is retries_exhausted', () => {
    const last = recordedFrames(recording('v3.6', 'stream-sse-sync-retry')).at(-1);
    const app = watchFrame.parse(last).result.application;
    const end = endOf(app.status?.operationState as OperationState, { application: app, settled: true });
    expect(end).toMatchObject({ state: 'failed', outcome: { code: 'retries_exhausted', durationMs: 13_000 } });
    expect(end.message).toContain('2 retries');
  });

  it('names the hook that failed, and takes no plain resource for a hook', () => {
    const app = recorded('get-terminated');
    const state = {
      ...app.status?.operationState,
      message: 'one or more synchronization tasks completed unsuccessfully',
    };
    const end = endOf(state, { application: app, settled: true });
    expect(end).toMatchObject({ outcome: { code: 'hook_failed' }, message: 'A hook failed: Job/slow.' });
    expect(end.outcome?.resources[0]).toMatchObject({ kind: 'Job', hookPhase: 'Failed' });
    expect(end.outcome?.resources[1]).not.toHaveProperty('hookPhase');
  });

  it('shows failures first, at most 20 results, and counts the rest; texts are trimmed and clean', () => {
    const many = Array.from({ length: 60 }, (_, n) => ({
      kind: 'ConfigMap',
      name: `c${n}`,
      status: n === 55 ? 'SyncFailed' : n === 50 ? 'PruneSkipped' : 'Synced',
      message: `\u001b[31m${'x'.repeat(1_000)}`,
    }));
    const end = endOf(
      { phase: 'Failed', message: 'no', syncResult: { resources: many } },
      { application: {}, settled: false },
    );
    expect(end.outcome?.resources.slice(0, 3).map(({ name }) => name)).toEqual(['c55', 'c50', 'c0']);
    expect(end.outcome).toMatchObject({ resourcesOmitted: 40, settled: false });
    expect(end.outcome?.resources).toHaveLength(20);
    expect(end.outcome?.resources[0]?.message?.length).toBe(200);
    expect(end.outcome?.resources[0]?.message).not.toContain('\u001b');
  });

  it('joins the revisions of several sources', () => {
    const state = { phase: 'Succeeded', syncResult: { revisions: ['a', 'b'] } };
    expect(endOf(state, { application: {}, settled: true }).outcome?.revision).toBe('a,b');
  });

  it('of a refusal has a code of the list, whatever the reason', () => {
    for (const reason of [
      'conflict',
      'sync_window',
      'deleting',
      'not_found',
      'permission_denied',
      'credentials',
      'auto_sync',
      'x',
    ]) {
      const end = refusedEnd(new AppError('not_possible_now', 'No.', { reason, upstreamMessage: 'no' }));
      expect(outcomeCodes).toContain(end.outcome?.code);
      expect(end).toMatchObject({
        state: 'failed',
        message: 'No. Nothing was started.',
        outcome: { upstreamMessage: 'no' },
      });
    }
  });

  it('at the deadline tells a closed sync window from an operation that takes long', () => {
    const blocked = {
      status: { operationState: { phase: 'Running', message: 'Sync operation blocked by sync window' } },
    };
    expect(deadlineEnd(blocked).outcome?.code).toBe('sync_window_blocked');
    expect(deadlineEnd(recorded('get-hook-running'))).toMatchObject({
      phase: 'Running',
      outcome: { code: 'deadline_exceeded' },
    });
    expect(deadlineEnd(undefined).outcome?.code).toBe('deadline_exceeded');
  });
});
