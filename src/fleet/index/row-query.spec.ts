import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aRow } from '../../../test/support/rows.js';
import type { ApplicationRow } from '../../cache/row.js';
import { decodeCursor, encodeCursor } from './cursor.js';
import { position, queryRows, type Position } from './row-query.js';

const nowMs = Date.parse('2026-11-24T12:00:00Z');

const anyRow = fc.record({
  cluster: fc.constantFrom('eu', 'us'),
  namespace: fc.constantFrom('argocd', 'team-a'),
  name: fc.stringMatching(/^[a-z]{1,4}$/),
  health: fc.constantFrom('Healthy', 'Degraded', 'Missing', 'Progressing'),
  sync: fc.constantFrom('Synced', 'OutOfSync', 'Unknown'),
  healthSince: fc.constantFrom('2026-11-24T11:00:00Z', '2026-11-24T11:59:00Z', undefined),
});
const anyRows = fc
  .uniqueArray(anyRow, { maxLength: 40, selector: (row) => `${row.cluster}/${row.namespace}/${row.name}` })
  .map((rows): ApplicationRow[] => rows.map((row) => aRow(row)));

describe('query over rows', () => {
  it('paging through cursors shows every matching row exactly once, in one order', () => {
    fc.assert(
      fc.property(anyRows, fc.integer({ min: 1, max: 7 }), (rows, limit) => {
        const whole = queryRows(rows, {}, { limit: 200, nowMs });
        const seen: ApplicationRow[] = [];
        let after: Position | undefined;
        do {
          const page = queryRows(rows, {}, { limit, after, nowMs });
          expect(page.total).toBe(rows.length);
          seen.push(...page.rows);
          after = page.next && decodeCursor('q', encodeCursor('q', page.next), position);
        } while (after);
        expect(seen).toEqual(whole.rows);
      }),
    );
  });

  it('totals count what matches, not what is shown', () => {
    const rows = [
      aRow({ name: 'a' }),
      aRow({ name: 'b', health: 'Degraded' }),
      aRow({ name: 'c', health: 'Degraded' }),
    ];
    const page = queryRows(rows, { health: ['Degraded'] }, { limit: 1, nowMs });
    expect(page.rows).toHaveLength(1);
    expect(page.total).toBe(2);
    expect(page.totals).toEqual({ health: { Degraded: 2 }, sync: { Synced: 2 } });
  });

  it('the most urgent comes first, within a rank the newest change', () => {
    const rows = [
      aRow({ name: 'fine' }),
      aRow({ name: 'drift', sync: 'OutOfSync' }),
      aRow({ name: 'old', health: 'Degraded', healthSince: '2026-11-24T10:00:00Z' }),
      aRow({ name: 'new', health: 'Degraded', healthSince: '2026-11-24T11:00:00Z' }),
      aRow({ name: 'failed', sync: 'OutOfSync', operation: { phase: 'Failed' } }),
    ];
    const { rows: sorted } = queryRows(rows, {}, { limit: 10, nowMs });
    expect(sorted.map((row) => row.name)).toEqual(['failed', 'new', 'old', 'drift', 'fine']);
  });

  it('a health that upstream invents cannot disturb the counts', () => {
    const page = queryRows([aRow({ health: '__proto__' })], {}, { limit: 1, nowMs });
    expect(JSON.stringify(page.totals.health)).toBe('{"__proto__":1}');
  });
});

describe('cursor', () => {
  const place: Position = [1, -5, 'eu', 'cart', 'argocd'];

  it.each([
    '',
    'x',
    'AAAA',
    Buffer.from('[]').toString('base64url'),
    Buffer.from('["a",[1]]').toString('base64url'),
    'z'.repeat(3000),
  ])('%j is refused as no cursor of ours', (cursor) => {
    expect(() => decodeCursor('q', cursor, position)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });

  it('is refused for another question or another scope', () => {
    const cursor = encodeCursor(['scope a', { health: ['Degraded'] }], place);
    expect(decodeCursor(['scope a', { health: ['Degraded'] }], cursor, position)).toEqual(place);
    expect(() => decodeCursor(['scope b', { health: ['Degraded'] }], cursor, position)).toThrow(/another question/);
    expect(() => decodeCursor(['scope a', {}], cursor, position)).toThrow(/another question/);
  });
});
