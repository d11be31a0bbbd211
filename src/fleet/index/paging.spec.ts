import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anyRow, noonMs } from '../../../test/support/row-arbitraries.js';
import { rowKey, type ApplicationRow } from '../../cache/row.js';
import type { ClusterRows } from './cluster-rows.js';
import { FleetIndex } from './fleet-index.js';
import { rowSorts, type Place } from './row-order.js';

const key = (row: ApplicationRow): string => `${row.cluster}/${rowKey(row)}`;
const anyRows = fc.uniqueArray(anyRow, { minLength: 1, maxLength: 60, selector: key });

/** One replica of the fleet; several hold the same rows in slots of their own. */
class Replica {
  readonly index = new FleetIndex();
  private readonly clusters = new Map<string, ClusterRows>();

  constructor(rows: readonly ApplicationRow[]) {
    for (const row of rows) this.put(row);
  }

  put(row: ApplicationRow): void {
    this.of(row).replace(structuredClone(row), 1);
  }

  remove(row: ApplicationRow): void {
    this.of(row).remove(rowKey(row));
  }

  page(options: Parameters<FleetIndex['page']>[1], atMs: number) {
    const clusters = [...this.clusters.values()].map(({ number }) => number);
    return this.index.page({ clusters, seesProject: () => true, filter: {}, atMs }, options);
  }

  private of(row: ApplicationRow): ClusterRows {
    const rows = this.clusters.get(row.cluster) ?? this.index.open(row.cluster);
    this.clusters.set(row.cluster, rows);
    return rows;
  }
}

it('an application unchanged while paging appears exactly once, in every order, whatever others do, on whatever replica', () => {
  const change = fc.record({ row: anyRow, isRemoval: fc.boolean() });
  const changes = fc.array(fc.array(change, { maxLength: 5 }), { minLength: 3, maxLength: 12 });
  fc.assert(
    fc.property(
      anyRows,
      changes,
      fc.constantFrom(...rowSorts),
      fc.integer({ min: 1, max: 9 }),
      (rows, changes, sort, limit) => {
        const replicas = [new Replica(rows), new Replica([...rows].reverse())] as const;
        const changed = new Set<string>();
        const seen = new Map<string, number>();
        let after: Place | undefined;
        let pages = 0;
        do {
          const replica = replicas[pages % 2] as Replica;
          // The place holds what a cursor holds: it travels as text.
          const page = replica.page(
            { sort, limit, after: after && (JSON.parse(JSON.stringify(after)) as Place) },
            noonMs,
          );
          for (const { row } of page.entries) seen.set(key(row), (seen.get(key(row)) ?? 0) + 1);
          after = page.next;
          for (const { row, isRemoval } of changes[pages % changes.length] ?? []) {
            changed.add(key(row));
            for (const each of replicas) {
              if (isRemoval) each.remove(row);
              else each.put(row);
            }
          }
          pages++;
        } while (after && pages < 500);
        for (const row of rows)
          if (!changed.has(key(row))) expect([key(row), seen.get(key(row))]).toEqual([key(row), 1]);
      },
    ),
    { numRuns: 300 },
  );
});
