import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../../test/support/eventually.js';
import { aRow } from '../../../test/support/rows.js';
import type { LoggedChange } from '../../cache/change-log.js';
import { EmbeddedChangeLog } from '../../cache/embedded-change-log.js';
import { EmbeddedStore } from '../../cache/embedded-store.js';
import type { Lease, Store } from '../../cache/store.js';
import { AppError } from '../../errors/app-error.js';
import { createLogger } from '../../telemetry/logger.js';
import { ClusterRows } from '../index/cluster-rows.js';
import { StoreWriter } from './store-writer.js';

const log = createLogger('silent');
const key = { cluster: 'eu', origin: 'x' };

class FailingStore extends EmbeddedStore {
  writes = 0;
  /** What becomes of the next writes. */
  failures: ('not done' | 'done')[] = [];
  override async write(...args: Parameters<Store['write']>): ReturnType<Store['write']> {
    this.writes++;
    const failure = this.failures.shift();
    if (failure !== 'not done') {
      const result = await super.write(...args);
      if (!failure) return result;
    }
    throw new AppError('unavailable', 'no answer came', { maybeDone: true });
  }
}

describe('store writer', () => {
  const history = new EmbeddedChangeLog();
  let heard: LoggedChange[];
  let store: FailingStore;
  let rows: ClusterRows;
  let writer: StoreWriter;
  let lease: Lease;
  let lost: Lease[];
  beforeEach(async () => {
    heard = [];
    lost = [];
    store = new FailingStore(history);
    rows = new ClusterRows((change) => writer.note(change));
    writer = new StoreWriter({
      ...{ key, store, rows, log, onLost: (gone) => lost.push(gone) },
      published: () => JSON.stringify({ complete: writer.isComplete }),
    });
    writer.startFrom(undefined);
    lease = await take();
    history.tail((change) => heard.push(change));
  });
  afterEach(async () => {
    await writer.close();
    await history.close();
  });

  const take = async (): Promise<Lease> => (await store.acquire([key], 'one', 60_000))[0]!;
  const lead = (): void => writer.lead(lease, () => true);
  const stored = async () => (await store.load(key)).rows.map(({ row }) => `${row.name} ${row.health}`).sort();
  const known = () => [...rows.rows()].map((row) => `${row.name} ${row.health}`).sort();
  const isComplete = async (): Promise<boolean> => (await store.look([key]))[0]?.state === '{"complete":true}';
  const inStep = () =>
    eventually(async () => {
      expect(await stored()).toEqual(known());
      expect(await isComplete()).toBe(true);
    });

  it('writes nothing before it leads; then the last state of every row, and removals, in few writes', async () => {
    for (const health of ['Degraded', 'Missing', 'Healthy']) rows.upsert(aRow({ name: 'a', health }), 1);
    rows.upsert(aRow({ name: 'b' }), 1);
    rows.remove('argocd/b');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(store.writes).toBe(0);
    lead();
    await inStep();
    expect(await stored()).toEqual(['a Healthy']);
    expect(store.writes).toBeLessThanOrEqual(3);
  });

  it('a row that says what it said before is not written again', async () => {
    lead();
    rows.upsert(aRow({ name: 'a' }), 1);
    await inStep();
    const before = store.writes;
    for (let i = 0; i < 50; i++) rows.upsert(aRow({ name: 'a' }), 2);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(store.writes).toBe(before);
  });

  it('tells the project that a row left, also when it moved twice between two writes', async () => {
    lead();
    rows.upsert(aRow({ name: 'a', project: 'one', resourceVersion: '1' }), 1);
    await inStep();
    heard.length = 0;
    rows.upsert(aRow({ name: 'a', project: 'two', resourceVersion: '2' }), 1);
    rows.upsert(aRow({ name: 'a', project: 'three', resourceVersion: '3' }), 1);
    await eventually(() => heard.length > 0);
    expect(heard).toMatchObject([{ changes: [{ key: 'argocd/a', project: 'three', previousProject: 'one' }] }]);
  });

  it('a row that is not certain any more is stored as such', async () => {
    lead();
    rows.upsert(aRow({ name: 'a' }), 1);
    await inStep();
    rows.markUnconfirmed('argocd/a');
    await eventually(async () => expect((await store.load(key)).rows).toMatchObject([{ unconfirmed: true }]));
    rows.upsert(aRow({ name: 'a' }), 1);
    await eventually(async () => expect((await store.load(key)).rows).toEqual([{ row: aRow({ name: 'a' }) }]));
  });

  it.each(['not done', 'done'] as const)(
    'a write that failed and was %s is made good, without all anew',
    async (what) => {
      lead();
      await inStep();
      store.failures = [what, what];
      rows.upsert(aRow({ name: 'a' }), 1);
      await eventually(() => store.failures.length === 0);
      rows.upsert(aRow({ name: 'b' }), 1);
      await inStep();
      expect(store.writes).toBeLessThan(8);
    },
  );

  it('stops at once when its lease is gone, and goes on with the next one from where it was', async () => {
    lead();
    rows.upsert(aRow({ name: 'a' }), 1);
    await inStep();
    await store.release([lease]);
    rows.upsert(aRow({ name: 'b' }), 1);
    await eventually(() => lost.length === 1);
    rows.upsert(aRow({ name: 'c' }), 1);
    expect(await stored()).toEqual(['a Healthy']);
    const before = store.writes;
    lease = await take();
    lead();
    await inStep();
    expect(store.writes - before).toBeLessThanOrEqual(3);
  });

  it('never writes after the time of its lease, even if nobody told it', async () => {
    let isHeld = true;
    writer.lead(lease, () => isHeld);
    await inStep();
    isHeld = false;
    rows.upsert(aRow({ name: 'a' }), 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await stored()).toEqual([]);
    isHeld = true;
    writer.wake();
    await inStep();
  });

  it('a store that lost its data, or was written by somebody else, gets all rows anew and says when it has them', async () => {
    lead();
    for (let i = 0; i < 1_500; i++) rows.upsert(aRow({ name: `app-${i}` }), 1);
    await inStep();
    await store.drop(lease);
    lease = await take();
    await store.write(lease, { upsert: [{ row: aRow({ name: 'strange' }) }], remove: [], version: '1-7' });
    heard.length = 0;
    lead();
    rows.upsert(aRow({ name: 'app-0', health: 'Degraded', resourceVersion: '11' }), 1);
    await eventually(async () => expect(await isComplete()).toBe(true));
    await inStep();
    const told = heard.flatMap((change) => (change.kind === 'rows' ? change.changes : []));
    expect(told.map((ref) => ref.key)).toEqual(['argocd/app-0']);
    expect(heard.at(-1)).toMatchObject({ state: { complete: true } });
  });

  it('nobody is told that the store holds everything before it does', async () => {
    const complete: string[][] = [];
    history.tail((change) => {
      const said = change.kind === 'rows' ? (change.state as { complete: boolean } | undefined) : undefined;
      if (said?.complete) void stored().then((names) => complete.push(names));
    });
    for (let i = 0; i < 1_000; i++) rows.upsert(aRow({ name: `app-${i}` }), 1);
    writer.startFromNothing();
    lead();
    await inStep();
    await eventually(() => complete.length > 0);
    for (const names of complete) expect(names).toHaveLength(1_000);
  });
});
