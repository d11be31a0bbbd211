import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { IndexFleet } from '../../../test/support/index-fleet.js';
import { anyRow, noonMs } from '../../../test/support/row-arbitraries.js';
import { rowKey, type ApplicationRow } from '../../cache/row.js';
import { isNamedBefore } from '../index/ranked-rows.js';
import { changeKinds, type ChangeKind } from '../index/row-changes.js';
import { changedAtMs, isComparisonError, rankNumber, urgencyOf } from '../index/urgency.js';
import type { Scope } from '../scope.js';
import { causeOf } from './cause.js';
import { Removals } from './removals.js';
import { brokenRanks } from './status-rows.js';

/*
 * The status said once more, the slow way: every row is asked, everything is sorted whole.
 */

const minute = 60_000;
const rankOf = (row: ApplicationRow) => urgencyOf(row, noonMs);
const isBroken = (row: ApplicationRow): boolean => brokenRanks.has(rankOf(row));
const maskOf = (row: ApplicationRow): string => causeOf({ row }, rankOf(row)).masked;
const addressOf = ({ cluster, namespace, name: application }: ApplicationRow) => ({ cluster, namespace, application });
const byName = (a: ApplicationRow, b: ApplicationRow): number => (isNamedBefore(a, b) ? -1 : 1);
const byUrgency = (a: ApplicationRow, b: ApplicationRow): number =>
  rankNumber[rankOf(a)] - rankNumber[rankOf(b)] || changedAtMs(b) - changedAtMs(a) || byName(a, b);

function countBy(rows: readonly ApplicationRow[], of: (row: ApplicationRow) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const row of rows) counts[of(row)] = (counts[of(row)] ?? 0) + 1;
  return counts;
}

function clustersOf(rows: readonly ApplicationRow[]) {
  const [all, broken] = [countBy(rows, ({ cluster }) => cluster), countBy(rows.filter(isBroken), (row) => row.cluster)];
  return Object.entries(broken)
    .map(([cluster, count]) => ({ cluster, applications: all[cluster], broken: count }))
    .sort((a, b) => b.broken - a.broken || (a.cluster < b.cluster ? -1 : 1));
}

function causesOf(broken: readonly ApplicationRow[]) {
  const groups = Object.entries(countBy(broken, maskOf)).flatMap(([cause, applications]) => {
    if (applications === 1) return [];
    const rows = broken.filter((row) => maskOf(row) === cause);
    const clusters = new Set(rows.map(({ cluster }) => cluster));
    const first = rows[0] as ApplicationRow;
    return [{ cause, applications, clusters: clusters.size, on: [...clusters].slice(0, 3), first }];
  });
  return groups.sort(
    (a, b) => b.clusters - a.clusters || b.applications - a.applications || byUrgency(a.first, b.first),
  );
}

function worstOf(broken: readonly ApplicationRow[], shown: readonly string[]) {
  const worst: (ReturnType<typeof addressOf> & { cause?: number })[] = [];
  for (const row of broken) {
    const cause = shown.indexOf(maskOf(row)) + 1;
    if (cause === 0) worst.push(addressOf(row));
    else if (worst.filter((each) => each.cause === cause).length < 2) worst.push({ ...addressOf(row), cause });
  }
  return worst.slice(0, 10);
}

function changesOf(row: ApplicationRow, sinceMs: number): [ChangeKind, number][] {
  const msOf = (time: string | undefined): number => (time && Date.parse(time)) || 0;
  const isWithin = (ms: number): boolean => ms >= sinceMs && ms <= noonMs + 5 * minute;
  const [health, ended, created] = [msOf(row.healthSince), msOf(row.operation?.finishedAt), msOf(row.createdAt)];
  const error = row.conditions.find(isComparisonError);
  const began: Partial<Record<ReturnType<typeof rankOf>, number>> = {
    operation_failed: ended,
    comparison_error: error ? msOf(error.since) : row.health === 'Unknown' ? health : 0,
    degraded: health,
    missing: health,
    stuck_deleting: msOf(row.deletingSince) + 10 * minute,
    stuck_progressing: (row.health === 'Progressing' ? health : created) + 10 * minute,
  };
  const isByItself = row.health === 'Healthy' && !isWithin(ended) && !isWithin(created);
  const all: [ChangeKind, number][] = [
    ['broke', began[rankOf(row)] ?? 0],
    ['deleting', msOf(row.deletingSince)],
    ['recovered', isByItself ? health : 0],
    ['created', created],
    ['deployed', row.operation?.phase === 'Succeeded' ? ended : 0],
  ];
  return all.filter(([, ms]) => isWithin(ms));
}

function changedIn(rows: readonly ApplicationRow[], gone: readonly ApplicationRow[], sinceMs: number) {
  const all = [
    ...rows.map((row) => ({ row, found: changesOf(row, sinceMs) })),
    ...gone.map((row) => ({ row, found: [['removed', noonMs]] as [ChangeKind, number][] })),
  ].filter(({ found }) => found.length > 0);
  const kinds = all.flatMap(({ found }) => found.map(([kind]) => kind));
  const first = all.map(({ row, found }) => ({
    row,
    what: found[0]?.[0] as ChangeKind,
    atMs: found[0]?.[1] as number,
  }));
  first.sort(
    (a, b) => changeKinds.indexOf(a.what) - changeKinds.indexOf(b.what) || b.atMs - a.atMs || byName(a.row, b.row),
  );
  return {
    ...Object.fromEntries(changeKinds.map((kind) => [kind, kinds.filter((each) => each === kind).length])),
    latest: first.slice(0, 5).map(({ row, what, atMs }) => ({ what, at: atMs, ...addressOf(row) })),
  };
}

const clusterNames = ['eu', 'us', 'ap'];
const projects = ['default', 'shop', 'Ops'];

describe('the status of a fleet', () => {
  let now: jest.SpiedFunction<typeof Date.now>;
  beforeEach(() => void (now = jest.spyOn(Date, 'now').mockReturnValue(noonMs)));
  afterEach(() => void now.mockRestore());

  it('is what asking every row that the caller may see would give, whoever asks and whatever changes', async () => {
    const change = fc.record({ row: anyRow, isRemoval: fc.boolean() });
    const scope = fc
      .record({ clusters: fc.subarray(clusterNames, { minLength: 1 }), seen: fc.subarray(projects) })
      .map(({ clusters, seen }): Scope => ({
        cluster: ({ name }) => clusters.includes(name),
        project: (project) => seen.includes(project),
        key: `${clusters.join()} ${seen.join()}`,
      }));
    const query = fc.record({ minutes: fc.constantFrom(5, 15, 1440), project: fc.constantFrom(undefined, '*o*') });
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { maxLength: 60, size: 'max' }),
        scope,
        query,
        async (changes, whose, asked) => {
          const fleet = new IndexFleet();
          for (const name of clusterNames) fleet.addCluster(name);
          const removals = new Removals(fleet.index);
          const expected = new Map<string, ApplicationRow>();
          const gone: ApplicationRow[] = [];
          for (const { row, isRemoval } of changes) {
            const key = `${row.cluster}/${rowKey(row)}`;
            const known = expected.get(key);
            if (isRemoval && known) gone.push(known);
            if (isRemoval) fleet.remove(row);
            else fleet.put(row);
            if (isRemoval) expected.delete(key);
            else expected.set(key, row);
          }
          const isSeen = (row: ApplicationRow): boolean =>
            whose.cluster({ name: row.cluster, labels: {} }) &&
            whose.project(row.project) &&
            (asked.project === undefined || row.project.toLowerCase().includes('o'));

          const status = await fleet.status(asked, whose, removals);
          const rows = [...expected.values()].filter(isSeen);
          const broken = rows.filter(isBroken).sort(byUrgency);
          const causes = causesOf(broken);
          expect(status).toMatchObject({
            applications: rows.length,
            broken: broken.length,
            byCluster: clustersOf(rows).slice(0, 5),
          });
          expect(status.health).toEqual(countBy(rows, ({ health }) => health));
          expect(status.sync).toEqual(countBy(rows, ({ sync }) => sync));
          const shown = causes.slice(0, 5);
          expect(
            status.causes.map(({ example: { text: _, ...example }, ...group }) => ({ ...group, example })),
          ).toEqual(shown.map(({ first, ...group }) => ({ ...group, example: addressOf(first) })));
          const worst = status.worst.map(({ cluster, namespace, name: application, cause }) => ({
            ...{ cluster, namespace, application },
            ...(cause ? { cause } : {}),
          }));
          const causeNames = shown.map(({ cause }) => cause);
          expect(worst).toEqual(worstOf(broken, causeNames));
          const { latest, ...counts } = status.changed;
          const told = Object.fromEntries(changeKinds.map((kind) => [kind, counts[kind]]));
          const changed = changedIn(rows, gone.filter(isSeen), noonMs - asked.minutes * minute);
          expect({ ...told, latest: latest.map(({ at, ...each }) => ({ ...each, at: Date.parse(at) })) }).toEqual(
            changed,
          );
        },
      ),
      { numRuns: 200 },
    );
  });
});
