import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EventFleet, type Reading, type Taken } from '../../../test/support/event-fleet.js';
import type { ApplicationRow } from '../../cache/row.js';
import type { Scope } from '../scope.js';

/** What may happen, one thing at a time. */
const step = fc.oneof(
  { weight: 10, arbitrary: fc.record({ type: fc.constant('put' as const), row: aRowChange() }) },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('write' as const), rows: fc.array(aRowChange(), { minLength: 2 }) }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('remove' as const), row: aRowChange() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('job' as const), row: aRowChange() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('gap' as const), row: aRowChange() }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('read' as const), count: fc.nat(4) }) },
  { weight: 3, arbitrary: fc.constant({ type: 'return' as const }) },
);

function aRowChange() {
  return fc.record({
    cluster: fc.constantFrom('eu', 'dark'),
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    project: fc.constantFrom('shop', 'web', 'secret'),
    health: fc.constantFrom('Healthy', 'Degraded'),
  });
}

const scope: Scope = {
  cluster: ({ name }) => name === 'eu',
  project: (project) => project !== 'secret',
  key: 'part',
};

/** What a page holds that reads a list and then follows the events. */
class Page {
  rows = new Map<string, string>();

  constructor(private readonly list: () => Map<string, string>) {
    this.read();
  }

  read(): void {
    this.rows = this.list();
  }

  take({ type, data }: Taken): void {
    if (type === 'reset') this.read();
    if (type !== 'application') return;
    const { name, health } = data.application as { name: string; health: string };
    if (data.change === 'changed') this.rows.set(name, health);
    else this.rows.delete(name);
  }
}

describe('events', () => {
  it.each<[string, { health?: string[] }, number]>([
    ['everything in scope', {}, 5_000],
    ['a filter', { health: ['Degraded'] }, 5_000],
    ['a filter, much forgotten', { health: ['Degraded'] }, 1],
  ])(
    'a page that follows them shows what the list shows, and nothing hidden is ever named: %s',
    async (_, query, historyMax) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 80, size: 'max' }), async (steps) => {
          const fleet = new EventFleet({ historyMax });
          fleet.add('dark');
          const wanted = (row: ApplicationRow) =>
            scope.project(row.project) && (!query.health || query.health.includes(row.health));
          const page = new Page(
            () =>
              new Map([...fleet.cluster('eu').rows.rows()].filter(wanted).map(({ name, health }) => [name, health])),
          );
          // Begins with a place to come back to.
          fleet.put({ name: 'a', project: 'shop' });
          let reading: Reading = await fleet.open(query, { scope });
          let lastId = reading.place();
          page.read();
          const seen: Taken[] = [];
          const take = (event: Taken): void => {
            lastId = event.id ?? lastId;
            seen.push(event);
            page.take(event);
          };
          for (const each of steps) {
            if (each.type === 'put') fleet.put(each.row);
            else if (each.type === 'write') {
              fleet.write(each.rows.map((row) => ({ ...row, cluster: 'eu' })));
            } else if (each.type === 'remove') fleet.remove(each.row.cluster, each.row.name);
            else if (each.type === 'gap') fleet.gap(each.row.cluster);
            else if (each.type === 'job') {
              const { cluster, project, name } = each.row;
              fleet.job(cluster, project, { jobId: `${cluster}-${project}`, application: name });
            } else if (each.type === 'read') {
              for (let i = 0; i < each.count; i++) {
                const event = reading.takeOne();
                if (event) take(event);
              }
            } else {
              reading.close();
              reading = await fleet.open(query, { scope, ...(lastId ? { after: lastId } : {}) });
            }
          }
          for (const event of reading.take()) take(event);
          fleet.events.onModuleDestroy();
          const list = new Page(
            () =>
              new Map([...fleet.cluster('eu').rows.rows()].filter(wanted).map(({ name, health }) => [name, health])),
          );
          expect(Object.fromEntries(page.rows)).toEqual(Object.fromEntries(list.rows));
          const text = JSON.stringify(seen);
          expect(text).not.toContain('dark');
          expect(text).not.toContain('secret');
        }),
        { numRuns: 200 },
      );
    },
  );
});
