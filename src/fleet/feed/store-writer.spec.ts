import { beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../../test/support/eventually.js';
import { aRow } from '../../../test/support/rows.js';
import type { ApplicationRow } from '../../cache/row.js';
import { EmbeddedStore } from '../../cache/embedded-store.js';
import type { Store } from '../../cache/store.js';
import { AppError } from '../../errors/app-error.js';
import { createLogger } from '../../telemetry/logger.js';
import { StoreWriter } from './store-writer.js';

const log = createLogger('silent');
const memo = () => ({ asOf: '2026-11-24T12:00:00.000Z' });

class FailingStore extends EmbeddedStore implements Store {
  failures = 1;
  override async apply(...args: Parameters<Store['apply']>): Promise<number> {
    if (this.failures-- > 0) throw new AppError('unavailable', 'the store is away');
    return super.apply(...args);
  }
}

describe('store writer', () => {
  let known: ApplicationRow[];
  beforeEach(() => {
    known = [aRow({ name: 'a' })];
  });

  it('writes the last state of every row, and removals', async () => {
    const store = new EmbeddedStore();
    const writer = new StoreWriter({
      cluster: 'eu',
      store,
      rows: { size: known.length, rows: () => known },
      memo,
      log,
    });
    writer.note({ type: 'upsert', row: aRow({ name: 'a', health: 'Degraded' }) });
    writer.note({ type: 'upsert', row: aRow({ name: 'a', health: 'Healthy' }) });
    writer.note({ type: 'upsert', row: aRow({ name: 'b' }) });
    writer.note({ type: 'remove', row: aRow({ name: 'b' }) });
    await eventually(async () => {
      const { rows, memo: written } = await store.load('eu');
      expect(rows.map(({ name, health }) => `${name} ${health}`)).toEqual(['a Healthy']);
      expect(written).toEqual(memo());
    });
    await writer.close();
  });

  it('a store that fails loses nothing: what it missed is written at the next chance', async () => {
    const store = new FailingStore();
    const writer = new StoreWriter({
      cluster: 'eu',
      store,
      rows: { size: known.length, rows: () => known },
      memo,
      log,
    });
    writer.note({ type: 'upsert', row: aRow({ name: 'a' }) });
    await eventually(() => store.failures === 0);
    await writer.close();
    expect((await store.load('eu')).rows).toHaveLength(1);
  });

  it('a store that lost its data gets all rows anew, not only what changes', async () => {
    const store = new EmbeddedStore();
    known = Array.from({ length: 2500 }, (_, i) => aRow({ name: `app-${i}` }));
    const writer = new StoreWriter({
      cluster: 'eu',
      store,
      rows: { size: known.length, rows: () => known },
      memo,
      log,
    });
    for (const row of known) writer.note({ type: 'upsert', row });
    await eventually(async () => expect((await store.load('eu')).rows).toHaveLength(2500));
    await store.drop('eu');
    writer.note({ type: 'upsert', row: known[0] as ApplicationRow });
    await eventually(async () => {
      const { rows, memo: written } = await store.load('eu');
      expect(rows).toHaveLength(2500);
      expect(written).toEqual(memo());
    });
    await writer.close();
  });
});
