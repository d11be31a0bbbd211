import { afterEach, describe, expect, it } from '@jest/globals';
import { EventFleet, inProjects, type Reading } from '../../../test/support/event-fleet.js';
import { eventually } from '../../../test/support/eventually.js';

const minute = 60_000;
let nowMs = Date.parse('2026-11-24T12:00:00Z');
let fleet: EventFleet;
afterEach(() => fleet.events.onModuleDestroy());

function aFleet(): EventFleet {
  fleet = new EventFleet({ now: () => nowMs });
  return fleet;
}

const ago = (ms: number): string => new Date(nowMs - ms).toISOString();
const synced = (ms: number) => ({ operation: { phase: 'Succeeded', startedAt: ago(ms), finishedAt: ago(ms) } });

/** What is told next, in short. */
async function next(reading: Reading): Promise<string> {
  const told = await eventually(() => reading.takeOne() ?? false);
  if (told === false) throw new Error('nothing was told');
  return told.type === 'application' ? `${told.data.change} ${told.data.application.name}` : told.type;
}

/** Two looks at a time later on have come to nothing more: told by a reader that is looked for after it. */
async function nothingMore(reading: Reading): Promise<void> {
  const other = await fleet.open({ problem: ['stuck_progressing'] });
  nowMs += 6_000;
  fleet.put({ name: 'other', health: 'Progressing', healthSince: ago(10 * minute - 1_000) });
  nowMs += 6_000;
  await eventually(() => other.takeOne() ?? false);
  expect(reading.take().filter(({ data }) => data.application?.name !== 'other')).toEqual([]);
}

describe('a filter that depends on the time', () => {
  it('an application that no longer matches because time has passed is told as left, once', async () => {
    aFleet().put({ name: 'cart', ...synced(50 * minute) });
    const reading = await fleet.open({ lastSyncAfter: '1h' });
    nowMs += 11 * minute;
    expect(await next(reading)).toBe('left cart');
    await nothingMore(reading);
    fleet.put({ name: 'cart', ...synced(0) });
    expect(await next(reading)).toBe('changed cart');
  });

  it('one that begins to match because time has passed is told, as lists show it', async () => {
    aFleet().put({ name: 'cart', health: 'Progressing', healthSince: ago(9 * minute) });
    fleet.put({ name: 'old', ...synced(29 * minute) });
    const stuck = await fleet.open({ problem: ['stuck_progressing'] });
    const old = await fleet.open({ lastSyncBefore: '30m' });
    nowMs += 2 * minute;
    const told = await eventually(() => stuck.takeOne() ?? false);
    expect(told).toMatchObject({ type: 'application', data: { change: 'changed', application: { name: 'cart' } } });
    expect(await next(old)).toBe('changed old');
  });

  it('one that changes between two looks is judged as the reader knows it: what has left is told as left', async () => {
    aFleet().put({ name: 'cart', ...synced(59 * minute), health: 'Healthy' });
    const reading = await fleet.open({ lastSyncAfter: '1h', health: ['Healthy'] });
    nowMs += 2 * minute;
    fleet.put({ name: 'cart', ...synced(61 * minute), health: 'Degraded' });
    expect(await next(reading)).toBe('left cart');
  });

  it('a reader that comes back is told what left while it was away', async () => {
    // The log goes by the true time.
    nowMs = Date.now();
    aFleet().put({ name: 'web', ...synced(0) });
    fleet.put({ name: 'cart', ...synced(50 * minute) });
    const first = await fleet.open({ lastSyncAfter: '1h' });
    fleet.put({ name: 'web', ...synced(0), health: 'Degraded' });
    const { id } = first.takeOne()!;
    first.close();
    const [ms] = id!.split('-');
    nowMs = Number(ms) + 11 * minute;
    const again = await fleet.open({ lastSyncAfter: '1h' }, { after: id! });
    expect(again.resumed).toBe(true);
    const told: unknown[] = [];
    await eventually(() => {
      told.push(...again.take().map(({ data }) => `${data.change} ${data.application?.name}`));
      return told.includes('left cart');
    });
  });

  it('what the caller may not see is not told by time either', async () => {
    aFleet().put({ name: 'cart', project: 'hidden', ...synced(50 * minute) });
    fleet.put({ name: 'web', project: 'shown', ...synced(50 * minute) });
    const reading = await fleet.open({ lastSyncAfter: '1h' }, { scope: inProjects('shown') });
    nowMs += 11 * minute;
    expect(await next(reading)).toBe('left web');
    expect(reading.take()).toEqual([]);
  });

  it('more that becomes late at once than a stream can hold is one reset, and what comes later is told again', async () => {
    const late = { health: 'Progressing', healthSince: ago(10 * minute - 1_000) };
    aFleet();
    for (const name of ['a', 'b', 'c', 'd']) fleet.put({ name, ...late });
    fleet.put({ name: 'e', health: 'Progressing', healthSince: ago(9 * minute) });
    const reading = await fleet.open({ problem: ['stuck_progressing'] }, { max: 3 });
    nowMs += 6_000;
    expect(await next(reading)).toBe('reset');
    nowMs += minute;
    expect(await next(reading)).toBe('changed e');
    expect(reading.take()).toEqual([]);
  });

  it('a point in time stays what it is', async () => {
    aFleet().put({ name: 'cart', ...synced(50 * minute) });
    const reading = await fleet.open({ lastSyncAfter: ago(60 * minute) });
    nowMs += 60 * minute;
    await nothingMore(reading);
  });
});
