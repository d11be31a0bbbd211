import { describe, expect, it } from '@jest/globals';
import { aRow } from '../../../test/support/rows.js';
import type { ApplicationRow } from '../../cache/row.js';
import { reasonOf } from './reason.js';
import { changedAtMs, urgencyOf, type UrgencyRank } from './urgency.js';

const now = Date.parse('2026-11-24T12:00:00Z');
const longAgo = '2026-11-24T11:00:00Z';
const justNow = '2026-11-24T11:59:30Z';
const failed = { phase: 'Failed', message: 'one or more objects failed to apply', finishedAt: longAgo };

describe('urgency', () => {
  it.each<[UrgencyRank, Partial<ApplicationRow>]>([
    ['fine', {}],
    ['fine', { operation: failed }],
    ['operation_failed', { operation: failed, sync: 'OutOfSync' }],
    ['operation_failed', { operation: { phase: 'Error' }, health: 'Degraded' }],
    ['comparison_error', { sync: 'Unknown', conditions: [{ type: 'ComparisonError', message: 'no such path' }] }],
    ['comparison_error', { health: 'Unknown' }],
    ['degraded', { health: 'Degraded' }],
    ['missing', { health: 'Missing', sync: 'OutOfSync' }],
    ['stuck_deleting', { deletingSince: longAgo }],
    ['progressing', { deletingSince: justNow }],
    ['stuck_progressing', { health: 'Progressing', healthSince: longAgo }],
    ['progressing', { health: 'Progressing', healthSince: justNow }],
    ['out_of_sync', { sync: 'OutOfSync' }],
    ['suspended', { health: 'Suspended' }],
  ])('%s', (rank, change) => {
    expect(urgencyOf(aRow(change), now)).toBe(rank);
  });

  it('Synced and Healthy needs no reason, whatever its last operation was', () => {
    expect(reasonOf(aRow({ operation: failed }), now)).toBeUndefined();
  });

  it('quotes the cluster in one bounded line without control characters', () => {
    const message = `boom\n\u001b[31mred\u001b[0m ${'x'.repeat(1000)}`;
    const reason = reasonOf(aRow({ sync: 'OutOfSync', operation: { phase: 'Failed', message } }), now) as string;
    expect(reason).toMatch(/^Last operation Failed: boom red x+…$/);
    expect(reason.length).toBe(200);
  });

  it('leaves out what Argo CD says before every cause', () => {
    const message =
      'Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = config/nowhere: app path does not exist';
    const conditions = [{ type: 'ComparisonError', message }];
    expect(reasonOf(aRow({ sync: 'Unknown', conditions }), now)).toBe(
      'ComparisonError: config/nowhere: app path does not exist',
    );
  });

  it('takes the newest change that the row knows of', () => {
    expect(changedAtMs(aRow({ createdAt: longAgo, healthSince: justNow }))).toBe(Date.parse(justNow));
    expect(changedAtMs(aRow({ createdAt: 'garbage' }))).toBe(0);
  });
});
