import { describe, expect, it } from '@jest/globals';
import { recordedFrames, recording } from '../../test/support/recordings.js';
import {
  hasAutoSync,
  hasEnded,
  isOperationOf,
  isRetrying,
  isSettled,
  operationInProgress,
  revisionsOf,
} from './rules.js';
import { application, watchFrame, type Application } from './schemas.js';

const recorded = (name: string): Application => application.parse(recording('v3.6', name).response.body);

const applicationsOf = (name: string): Application[] =>
  recordedFrames(recording('v3.6', name)).map((frame) => watchFrame.parse(frame).result.application);

describe('the rules about operations', () => {
  it('see an operation from the request to the comparison after it', () => {
    const temp = applicationsOf('stream-sse-create-patch-delete').filter(({ metadata }) => metadata?.name === 'temp');
    const seen = temp.map((state) => [state.metadata?.resourceVersion, operationInProgress(state), isSettled(state)]);
    expect(seen).toEqual([
      ['1076', false, true],
      ['1080', false, true],
      ['1081', false, true],
      ['1083', false, true],
      ['1084', false, true],
      ['1086', false, true],
      ['1088', true, false],
      ['1090', true, false],
      ['1094', true, false],
      ['1097', true, false],
      // Reconciled in the second of the end: done by the CLI's rule, and what it shows may be old. It is: OutOfSync.
      ['1098', false, false],
      ['1102', false, false],
      ['1103', false, false],
      ['1104', false, false],
      ['1111', false, false],
      ['1114', false, false],
      ['1115', false, false],
    ]);
  });

  it('do not take finishedAt for an end: a retry has one too', () => {
    const states = applicationsOf('stream-sse-sync-retry').slice(1);
    expect(states.map(({ status }) => [isRetrying(status?.operationState), hasEnded(status?.operationState)])).toEqual([
      [false, false],
      [false, false],
      [true, false],
      [false, false],
      [true, false],
      [false, false],
      [false, true],
      [false, true],
    ]);
    expect(states.slice(0, 6).every(operationInProgress)).toBe(true);
  });

  it('know whose operation it is, requested, running and ended', () => {
    for (const name of ['sync-accepted', 'sync-get-0', 'sync-get-5']) {
      expect([name, isOperationOf(recorded(name), '0192'), isOperationOf(recorded(name), '0193')]).toEqual([
        name,
        true,
        false,
      ]);
    }
    expect(isOperationOf(recorded('get-terminated'), '0192')).toBe(false);
  });

  it('know auto-sync, switched off by `enabled` too', () => {
    const policy = (automated: { enabled?: boolean } | null): Application => ({ spec: { syncPolicy: { automated } } });
    expect(
      [policy({}), policy({ enabled: true }), policy({ enabled: false }), policy(null), {}].map(hasAutoSync),
    ).toEqual([true, true, false, false, false]);
  });

  it('give one revision, or one per source', () => {
    expect(revisionsOf(recorded('get-multi-source').status?.sync)).toHaveLength(2);
    expect(revisionsOf(recorded('sync-get-5').status?.sync)).toHaveLength(1);
    expect(revisionsOf(undefined)).toEqual([]);
  });
});
