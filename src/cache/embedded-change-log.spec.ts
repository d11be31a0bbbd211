import { describe, expect, it } from '@jest/globals';
import { aRow } from '../../test/support/rows.js';
import { compareChangeIds, type LoggedChange } from './change-log.js';
import { EmbeddedChangeLog } from './embedded-change-log.js';
import { EmbeddedStore } from './embedded-store.js';
import type { StoreWrite } from './store.js';

const note = (jobId: string) => ({ cluster: 'eu', project: 'default', job: { jobId } });

describe('embedded change log', () => {
  it('tells every change from now on, with ids that grow even when the clock is set back', () => {
    let now = 1_000;
    const log = new EmbeddedChangeLog(() => now);
    log.noteJob(note('before'));
    const heard: LoggedChange[] = [];
    const stop = log.tail((change) => heard.push(change));
    for (now of [1_000, 1_000, 500, 2_000]) log.noteJob(note(`at ${now}`));
    stop();
    log.noteJob(note('after'));
    expect(heard.map(({ id }) => id)).toEqual(['1000-1', '1000-2', '1000-3', '2000-0']);
    expect([...heard].sort((a, b) => compareChangeIds(a.id, b.id))).toEqual(heard);
  });

  it('gives what came after an id, and nothing at all for an id that it does not know', async () => {
    const log = new EmbeddedChangeLog();
    const heard: LoggedChange[] = [];
    log.tail((change) => heard.push(change));
    for (const jobId of ['a', 'b', 'c']) log.noteJob(note(jobId));
    expect(await log.since(heard[0]!.id)).toEqual(heard.slice(1));
    expect(await log.since(heard[2]!.id)).toEqual([]);
    for (const id of ['', '1-0', 'x', '99999999999999-0', `${heard[0]!.id} `, '1-2-3']) {
      expect(await log.since(id)).toBeUndefined();
    }
  });

  it('is bounded: what it forgot is unknown, what it kept is whole', async () => {
    const log = new EmbeddedChangeLog(() => 1, 10);
    for (let i = 0; i < 100; i++) log.noteJob(note(String(i)));
    expect(await log.since('1-5')).toBeUndefined();
    expect(await log.since('1-95')).toHaveLength(4);
  });

  it('names what the embedded store writes, with the project that a row left', async () => {
    const log = new EmbeddedChangeLog();
    const heard: LoggedChange[] = [];
    log.tail((change) => heard.push(change));
    const store = new EmbeddedStore(log);
    const [lease] = await store.acquire([{ cluster: 'eu', origin: 'x' }], 'one', 1_000);
    const write = (change: Partial<StoreWrite>) =>
      store.write(lease!, { upsert: [], remove: [], version: '1-1', ...change });
    await write({ upsert: [{ row: aRow({ name: 'a', project: 'one' }) }, { row: aRow({ name: 'b' }) }] });
    await write({
      upsert: [{ row: aRow({ name: 'a', project: 'two' }), previousProject: 'one' }],
      remove: [{ key: 'argocd/b', project: 'default' }],
    });
    await write({ upsert: [{ row: aRow({ name: 'silent' }) }], isSilent: true });
    await write({ state: '{"feed":1}' });
    expect(heard.map((change) => change.kind === 'rows' && change.changes)).toEqual([
      [
        { key: 'argocd/a', project: 'one' },
        { key: 'argocd/b', project: 'default' },
      ],
      [
        { key: 'argocd/b', project: 'default', removed: true },
        { key: 'argocd/a', project: 'two', previousProject: 'one' },
      ],
      [],
    ]);
    expect(heard.at(-1)).toMatchObject({ kind: 'rows', cluster: 'eu', state: { feed: 1 } });
  });
});
