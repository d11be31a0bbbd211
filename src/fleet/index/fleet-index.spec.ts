import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anyFilter, anyRow, noonMs } from '../../../test/support/row-arbitraries.js';
import { aRow } from '../../../test/support/rows.js';
import { rowKey, type ApplicationRow } from '../../cache/row.js';
import type { ClusterRows } from './cluster-rows.js';
import { FleetIndex, type FleetChange } from './fleet-index.js';
import { matches, type RowFilter } from './row-filter.js';
import { rowSorts, type Place, type RowSort } from './row-order.js';
import type { RowQuestion } from './row-query.js';
import { changedAtMs, rankNumber, urgencyOf } from './urgency.js';

/** An index over three clusters, and what it should hold. */
class Fixture {
  readonly index = new FleetIndex();
  readonly clusters: Record<string, ClusterRows> = {};
  readonly expected = new Map<string, ApplicationRow>();

  constructor(rows: readonly ApplicationRow[] = []) {
    for (const name of ['eu', 'us', 'ap']) this.clusters[name] = this.index.open(name);
    for (const row of rows) this.put(row);
  }

  put(row: ApplicationRow): void {
    const copy = structuredClone(row);
    this.clusters[row.cluster]?.replace(copy, 1);
    this.expected.set(`${row.cluster}/${rowKey(row)}`, copy);
  }

  remove(row: ApplicationRow): void {
    this.clusters[row.cluster]?.remove(rowKey(row));
    this.expected.delete(`${row.cluster}/${rowKey(row)}`);
  }

  question(filter: RowFilter = {}, atMs = noonMs, clusters = Object.values(this.clusters)): RowQuestion {
    return { clusters: clusters.map(({ number }) => number), seesProject: () => true, filter, atMs };
  }

  names(filter: RowFilter = {}, sort: RowSort = 'urgency'): string[] {
    return this.index.page(this.question(filter), { sort, limit: 200 }).entries.map(({ row }) => row.name);
  }
}

/** The order said once more, the slow way. */
function naiveOrder(sort: RowSort): (a: ApplicationRow, b: ApplicationRow) => number {
  const never = Number.MAX_SAFE_INTEGER;
  const last = (row: ApplicationRow): number => Math.floor(Date.parse(row.operation?.finishedAt ?? '')) || 0;
  const keys: Record<RowSort, (row: ApplicationRow) => number[]> = {
    urgency: (row) => [rankNumber[urgencyOf(row, noonMs)], -Math.floor(changedAtMs(row))],
    name: () => [],
    changed: (row) => [-Math.floor(changedAtMs(row))],
    lastSync: (row) => [-last(row)],
    oldestSync: (row) => [last(row) || never],
  };
  return (a, b) => {
    const [keysA, keysB] = [
      [...keys[sort](a), a.name, a.cluster, a.namespace],
      [...keys[sort](b), b.name, b.cluster, b.namespace],
    ];
    for (const [i, key] of keysA.entries()) {
      const other = keysB[i] as number | string;
      if (key !== other) return key < other ? -1 : 1;
    }
    return 0;
  };
}

const anyRows = fc.uniqueArray(anyRow, { maxLength: 40, selector: (row) => `${row.cluster}/${rowKey(row)}` });
const anySort = fc.constantFrom(...rowSorts);

describe('the index', () => {
  it('answers every filter and order exactly as asking each row would, after whatever changes', () => {
    const change = fc.record({ row: anyRow, isRemoval: fc.boolean() });
    fc.assert(
      fc.property(anyRows, fc.array(change, { maxLength: 30 }), anyFilter, anySort, (rows, changes, filter, sort) => {
        const fixture = new Fixture(rows);
        for (const { row, isRemoval } of changes) {
          if (isRemoval) fixture.remove(row);
          else fixture.put(row);
        }
        const expected = [...fixture.expected.values()].filter((row) => matches(row, filter, noonMs));
        const page = fixture.index.page(fixture.question(filter), { sort, limit: 200 });
        expect(page.entries.map(({ row }) => row)).toEqual(expected.sort(naiveOrder(sort)));
        expect(page.total).toBe(expected.length);
        expect(Object.values(page.totals.health).reduce((sum, count) => sum + count, 0)).toBe(expected.length);
      }),
      { numRuns: 400 },
    );
  });

  it('finds a text in exactly the rows that have it now, however many had it before', () => {
    const text = fc.constantFrom('one', 'two', 'three');
    const change = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      revisions: fc.array(text, { maxLength: 2 }),
      isRemoval: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), text, (changes, searched) => {
        const fixture = new Fixture();
        for (const { isRemoval, ...row } of changes) {
          if (isRemoval) fixture.remove(aRow({ cluster: 'eu', ...row }));
          else fixture.put(aRow({ cluster: 'eu', ...row }));
        }
        const expected = [...fixture.expected.values()].filter(({ revisions }) => revisions.includes(searched));
        expect(fixture.names({ text: searched }, 'name')).toEqual(expected.map(({ name }) => name).sort());
      }),
      { numRuns: 500 },
    );
  });

  it('a page, whatever its limit, is the beginning of the whole order behind its place', () => {
    fc.assert(
      fc.property(anyRows, anySort, fc.integer({ min: 1, max: 7 }), (rows, sort, limit) => {
        const fixture = new Fixture(rows);
        const whole = fixture.index.page(fixture.question(), { sort, limit: 200 });
        const seen: ApplicationRow[] = [];
        let after: Place | undefined;
        do {
          const page = fixture.index.page(fixture.question(), { sort, limit, after });
          expect(page.total).toBe(rows.length);
          seen.push(...page.entries.map(({ row }) => row));
          after = page.next;
        } while (after);
        expect(seen).toEqual(whole.entries.map(({ row }) => row));
      }),
    );
  });

  it('many rows that came in order are sorted like any others', () => {
    const fixture = new Fixture();
    const name = (i: number): string => `app-${String(i).padStart(5, '0')}`;
    for (let i = 3000; i > 0; i--) fixture.put(aRow({ name: name(i), cluster: 'eu' }));
    expect(fixture.names({}, 'name').slice(0, 3)).toEqual([name(1), name(2), name(3)]);
    expect(fixture.names({}, 'name')).toHaveLength(200);
  });

  it('shows no row, count or total of a project that the caller may not see, and of no cluster that is not asked', () => {
    const fixture = new Fixture([
      aRow({ name: 'a', project: 'shop', cluster: 'eu' }),
      aRow({ name: 'b', project: 'ops', cluster: 'eu', health: 'Degraded' }),
      aRow({ name: 'c', project: 'shop', cluster: 'us', health: 'Missing' }),
    ]);
    const { eu } = fixture.clusters as { eu: ClusterRows };
    const question = { ...fixture.question({}, noonMs, [eu]), seesProject: (project: string) => project === 'shop' };
    const page = fixture.index.page(question, { sort: 'name', limit: 10 });
    expect(page.entries.map(({ row }) => row.name)).toEqual(['a']);
    expect(page).toMatchObject({ total: 1, totals: { health: { Healthy: 1 }, sync: { Synced: 1 } } });
    expect(eu.countSeen((project) => project === 'shop')).toBe(1);
  });

  it('the most urgent comes first, within a rank the newest change', () => {
    const fixture = new Fixture([
      aRow({ name: 'fine' }),
      aRow({ name: 'drift', sync: 'OutOfSync' }),
      aRow({ name: 'old', health: 'Degraded', healthSince: '2026-11-24T10:00:00Z' }),
      aRow({ name: 'new', health: 'Degraded', healthSince: '2026-11-24T11:00:00Z' }),
      aRow({ name: 'failed', sync: 'OutOfSync', operation: { phase: 'Failed' } }),
    ]);
    expect(fixture.names()).toEqual(['failed', 'new', 'old', 'drift', 'fine']);
  });

  it('totals count what matches, not what is shown; words that upstream invents cannot disturb them', () => {
    const rows = Array.from({ length: 20 }, (_, i) => aRow({ name: `a${i}`, health: `Word${i}` }));
    const fixture = new Fixture([
      ...rows,
      aRow({ name: 'p', health: '__proto__' }),
      aRow({ name: 'q', health: '__proto__' }),
    ]);
    const { totals } = fixture.index.page(fixture.question(), { sort: 'name', limit: 1 });
    expect(Object.keys(totals.health)).toHaveLength(13);
    expect(totals.health['Other']).toBe(9);
    expect(JSON.stringify(totals.health)).toContain('"__proto__":2');
  });

  it('knows until when no rank changes by time alone', () => {
    const fixture = new Fixture([aRow()]);
    expect(fixture.index.validUntilMs(noonMs)).toBe(Infinity);
    fixture.put(aRow({ name: 'a', health: 'Progressing', healthSince: '2026-11-24T11:55:00Z' }));
    fixture.put(aRow({ name: 'b', deletingSince: '2026-11-24T11:52:00Z' }));
    fixture.put(aRow({ name: 'c', deletingSince: '2026-11-24T10:00:00Z' }));
    const due = Date.parse('2026-11-24T12:02:00Z');
    expect(fixture.index.validUntilMs(noonMs)).toBe(due);
    const ranks = (atMs: number) =>
      fixture.index.page(fixture.question({}, atMs), { sort: 'urgency', limit: 9 }).entries.map(({ row }) => row.name);
    expect(ranks(due)).toEqual(['c', 'a', 'b', 'cart']);
    expect(ranks(due + 1)).toEqual(['b', 'c', 'a', 'cart']);
    expect(fixture.index.validUntilMs(due + 1)).toBe(Date.parse('2026-11-24T12:05:00Z'));
    expect(fixture.index.validUntilMs(due + 600_000)).toBe(Infinity);
    expect(fixture.index.validUntilMs(noonMs)).toBe(due);
    // The time of the ranks stays while they do, and gives the same ranks.
    expect(fixture.index.ranksSinceMs(noonMs)).toBe(Date.parse('2026-11-24T10:10:00Z') + 1);
    expect(fixture.index.ranksSinceMs(due)).toBe(Date.parse('2026-11-24T10:10:00Z') + 1);
    expect(fixture.index.ranksSinceMs(due + 1)).toBe(due + 1);
    expect(ranks(fixture.index.ranksSinceMs(due + 60_000))).toEqual(ranks(due + 60_000));
  });
});

describe('clusters of the index', () => {
  it('a dropped cluster is gone from every answer, and what is still written to it changes nothing', () => {
    const fixture = new Fixture([aRow({ name: 'a', cluster: 'eu' }), aRow({ name: 'b', cluster: 'us' })]);
    const old = fixture.clusters['eu'] as ClusterRows;
    fixture.index.drop('eu');
    expect(old.upsert(aRow({ name: 'late', cluster: 'eu' }), 9)).toBe(false);
    expect(old.size).toBe(0);
    const fresh = fixture.index.open('fr');
    fresh.upsert(aRow({ name: 'c', cluster: 'fr' }), 1);
    expect(fixture.names({}, 'name')).toEqual(['b']);
    const question = fixture.question({}, noonMs, [fresh]);
    expect(fixture.index.select(question).map(({ row }) => row.name)).toEqual(['c']);
  });

  it('a cluster opened anew under its name begins empty; dropping the old one then leaves the new one alone', () => {
    const index = new FleetIndex();
    const old = index.open('eu');
    old.upsert(aRow({ name: 'old' }), 1);
    const fresh = index.open('eu');
    fresh.upsert(aRow({ name: 'new' }), 1);
    index.drop('eu', old);
    expect([...fresh.rows()].map(({ name }) => name)).toEqual(['new']);
  });

  it('the version grows with every change, doubt and set of clusters, and not when nothing changed', () => {
    const index = new FleetIndex();
    const told: FleetChange[] = [];
    index.onChange((change) => told.push(change));
    const rows = index.open('eu');
    const versions = [index.version];
    const note = () => void versions.push(index.version);
    rows.upsert(aRow(), 1);
    note();
    rows.upsert(aRow(), 1);
    expect(index.version).toBe(versions.at(-1));
    rows.markUnconfirmed('argocd/cart');
    note();
    rows.remove('argocd/cart');
    note();
    index.drop('eu');
    note();
    expect(new Set(versions).size).toBe(versions.length);
    expect(told.map(({ cluster, type }) => `${cluster} ${type}`)).toEqual(['eu upsert', 'eu upsert', 'eu remove']);
  });

  it('a hundred times added and removed, clusters leave nothing behind', () => {
    const index = new FleetIndex();
    const sizes = new Set<string>();
    for (let round = 0; round < 100; round++) {
      const rows = index.open(`c${round}`);
      for (let i = 0; i < 20; i++) rows.upsert(aRow({ name: `a${i}`, revisions: [`${round}-${i}`] }), 1);
      index.drop(`c${round}`);
      if (round > 0) sizes.add(JSON.stringify(index.size));
    }
    expect([...sizes]).toEqual([sizes.values().next().value]);
    expect(index.size).toMatchObject({ rows: 0, texts: 0 });
  });

  it('revisions that change all the time take no more room than those that are there', () => {
    const index = new FleetIndex();
    const rows = index.open('eu');
    for (let i = 0; i < 5000; i++) {
      const labels = Object.fromEntries(Array.from({ length: i % 9 }, (_, j) => [`l${j}`, `v${i}`]));
      rows.upsert(aRow({ resourceVersion: String(i + 1), revisions: [`r${i}`], labels }), 1);
    }
    expect(index.size.rows).toBe(1);
    expect(index.size.texts).toBeLessThan(30);
    expect(index.size.numbers).toBeLessThan(200);
  });
});
