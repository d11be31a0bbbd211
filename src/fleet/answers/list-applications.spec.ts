import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { IndexFleet } from '../../../test/support/index-fleet.js';
import { aRow } from '../../../test/support/rows.js';
import { AppError } from '../../errors/app-error.js';
import type { Scope } from '../scope.js';
import type { ListApplicationsQuery } from './list-applications.js';

const noonMs = Date.parse('2026-11-24T12:00:00Z');
const refused = (message: RegExp) =>
  expect.objectContaining({ code: 'invalid_input', message: expect.stringMatching(message) });

describe('pages of a list', () => {
  let fleet: IndexFleet;
  let now: jest.SpiedFunction<typeof Date.now>;
  const at = (ms: number): void => void now.mockReturnValue(ms);
  beforeEach(() => {
    fleet = new IndexFleet();
    fleet.addCluster('eu');
    fleet.addCluster('us');
    now = jest.spyOn(Date, 'now').mockReturnValue(noonMs);
  });
  afterEach(() => void now.mockRestore());

  /** All names, page by page; `between` is done after each page. */
  async function namesOf(query: Partial<ListApplicationsQuery>, between: (page: number) => void): Promise<string[]> {
    const names: string[] = [];
    let cursor: string | undefined;
    for (let page = 0; page === 0 || cursor; page++) {
      const answer = await fleet.list({ ...query, cursor });
      names.push(...(answer.applications ?? []).map(({ name }) => name));
      cursor = answer.nextCursor;
      between(page);
    }
    return names;
  }

  it('an application that becomes late between two pages appears once, where it was', async () => {
    const soonLate = { health: 'Progressing', healthSince: '2026-11-24T11:50:30Z' };
    const rows = ['a', 'b', 'c', 'd'].map((name) => aRow({ name, ...(name === 'c' ? soonLate : {}) }));
    fleet.put(...rows, aRow({ name: 'drift', sync: 'OutOfSync' }), aRow({ name: 'bad', health: 'Degraded' }));
    const names = await namesOf({ limit: 1 }, (page) => at(noonMs + (page + 1) * 60_000));
    expect(names).toEqual(['bad', 'drift', 'c', 'a', 'b', 'd']);
    expect((await fleet.list()).applications?.map(({ name }) => name).slice(0, 3)).toEqual(['bad', 'c', 'drift']);
  });

  it('times relative to now stay those of the first page', async () => {
    const ended = (name: string, finishedAt: string) => aRow({ name, operation: { phase: 'Succeeded', finishedAt } });
    fleet.put(
      ended('a', '2026-11-24T10:00:01Z'),
      ended('b', '2026-11-24T10:00:02Z'),
      ended('c', '2026-11-24T09:00:00Z'),
    );
    const query = { lastSyncAfter: '2h', sort: 'lastSync', limit: 1 } as const;
    expect(await namesOf(query, () => at(noonMs + 3_600_000))).toEqual(['b', 'a']);
    expect((await fleet.list(query)).total).toBe(0);
  });

  it('the same question has the same answer, cursor included, as long as nothing changes', async () => {
    fleet.put(aRow({ name: 'a' }), aRow({ name: 'b', health: 'Progressing', healthSince: '2026-11-24T11:55:00Z' }));
    const first = await fleet.list({ limit: 1 });
    at(noonMs + 240_000);
    expect(await fleet.list({ limit: 1 })).toEqual(first);
    at(noonMs + 360_000);
    expect((await fleet.list({ limit: 1 })).nextCursor).not.toBe(first.nextCursor);
  });

  it('a cursor is refused for another filter, sort or scope', async () => {
    fleet.put(aRow({ name: 'a' }), aRow({ name: 'b' }));
    const { nextCursor: cursor } = await fleet.list({ limit: 1, sort: 'name' });
    const someone: Scope = { cluster: () => true, project: () => true, key: 'someone else' };
    expect((await fleet.list({ cursor, sort: 'name', limit: 5, fresh: true })).applications).toHaveLength(1);
    await expect(fleet.list({ cursor })).rejects.toEqual(refused(/another question/));
    await expect(fleet.list({ cursor, sort: 'name', text: 'a' })).rejects.toEqual(refused(/another question/));
    await expect(fleet.list({ cursor, sort: 'name' }, someone)).rejects.toEqual(refused(/another question/));
    await expect(fleet.list({ cursor, groupBy: 'project' })).rejects.toEqual(refused(/groups have no pages/));
  });

  it('a changed address, or the removal, of the cluster where a page ended drops its cursors', async () => {
    fleet.put(aRow({ name: 'a' }), aRow({ name: 'b' }), aRow({ name: 'c', cluster: 'us' }));
    const { nextCursor: cursor } = await fleet.list({ limit: 1, sort: 'name' });
    fleet.dropCluster('us');
    fleet.addCluster('us', { url: 'https://elsewhere.example.com' });
    expect((await fleet.list({ cursor, sort: 'name' })).applications?.map(({ name }) => name)).toEqual(['b']);
    fleet.dropCluster('eu');
    await expect(fleet.list({ cursor, sort: 'name' })).rejects.toEqual(refused(/"eu".*no longer configured/));
    fleet.addCluster('eu', { url: 'https://elsewhere.example.com' });
    await expect(fleet.list({ cursor, sort: 'name' })).rejects.toEqual(refused(/"eu".*another address/));
    expect(Buffer.from(cursor ?? '', 'base64url').toString()).not.toContain('example.com');
  });
});

describe('groups of a list', () => {
  it('answer how many there are of what, with the rest counted', async () => {
    const fleet = new IndexFleet();
    fleet.addCluster('eu');
    const hash = '0a1b2c3d4e5f60718293a4b5c6d7e8f901234567';
    fleet.put(
      aRow({ name: 'a', revisions: [hash], labels: { team: 'web' } }),
      aRow({ name: 'b', revisions: [hash], health: 'Degraded' }),
      aRow({ name: 'c', revisions: ['1.2.3'] }),
      aRow({ name: 'd' }),
    );
    expect(await fleet.list({ groupBy: 'revision', limit: 2 })).toMatchObject({
      groups: [
        { key: '0a1b2c3d4e5f', count: 2, health: { Healthy: 1, Degraded: 1 } },
        { key: '(none)', count: 1, health: { Healthy: 1 } },
      ],
      groupsOmitted: 1,
      total: 4,
    });
    const byTeam = await fleet.list({ groupBy: { label: 'team' } });
    expect(byTeam.groups?.map(({ key, count }) => [key, count])).toEqual([
      ['(none)', 3],
      ['web', 1],
    ]);
    expect(byTeam).not.toHaveProperty('applications');
    expect(byTeam).not.toHaveProperty('groupsOmitted');
  });
});

describe('a list asked live', () => {
  let fleet: IndexFleet;
  beforeEach(() => {
    fleet = new IndexFleet();
    for (let i = 0; i < 50; i++) {
      fleet.addCluster(`c${i}`);
      fleet.put(aRow({ cluster: `c${i}`, name: 'cart' }));
    }
  });

  const hang = (signal: AbortSignal): Promise<void> =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new AppError('cluster_timeout', 'It did not answer.')));
    });

  it('waits for a hung cluster until the deadline and no longer, with the answers of all others', async () => {
    fleet.refresh = async (cluster, signal) => {
      if (cluster.name === 'c7') return hang(signal);
      fleet.put(aRow({ cluster: cluster.name, name: 'cart', health: 'Degraded', resourceVersion: '11' }));
    };
    const startedAt = performance.now();
    const { applications = [], unavailable } = await fleet.list({ fresh: true, limit: 200 });
    const tookMs = performance.now() - startedAt;
    expect(tookMs).toBeGreaterThan(190);
    expect(tookMs).toBeLessThan(600);
    expect(applications.filter(({ health, stale }) => health === 'Degraded' && !stale)).toHaveLength(49);
    expect(applications.filter(({ stale }) => stale)).toMatchObject([{ cluster: 'c7', health: 'Healthy' }]);
    expect(unavailable).toEqual([
      expect.objectContaining({ cluster: 'c7', code: 'cluster_timeout', message: 'It did not answer.', staleRows: 1 }),
    ]);
  });

  it('a cluster that answers is not stale, however its stream fares', async () => {
    fleet.clusters.get('c1')?.feed.move('stale', 'the stream fell silent');
    expect((await fleet.list({ cluster: 'c1' })).applications).toMatchObject([{ stale: true }]);
    const { applications, unavailable } = await fleet.list({ cluster: 'c1', fresh: true });
    expect(applications).toEqual([expect.not.objectContaining({ stale: true })]);
    expect(unavailable).toEqual([]);
  });

  it('asks nobody when the question cannot be read', async () => {
    const asked: string[] = [];
    fleet.refresh = async ({ name }) => void asked.push(name);
    await expect(fleet.list({ fresh: true, lastSyncAfter: 'soon' })).rejects.toThrow();
    await expect(fleet.list({ fresh: true, cursor: 'AAAA' })).rejects.toThrow();
    expect(asked).toEqual([]);
    await fleet.list({ fresh: true, cluster: 'c1,c2' });
    expect(asked).toEqual(['c1', 'c2']);
  });
});
