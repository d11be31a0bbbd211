import { runInThisContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { aRow } from '../../../test/support/rows.js';
import { EmbeddedChangeLog } from '../../cache/embedded-change-log.js';
import { EmbeddedStore } from '../../cache/embedded-store.js';
import { AppError } from '../../errors/app-error.js';
import { createLogger } from '../../telemetry/logger.js';
import { ClusterRows } from '../index/cluster-rows.js';
import { StoreWriter } from './store-writer.js';

const key = { cluster: 'eu', origin: 'x' };

/** Timers that keep the process alive. */
const timers = (): number =>
  (runInThisContext('process') as NodeJS.Process).getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

async function leading(store: EmbeddedStore) {
  const rows = new ClusterRows((change) => writer.note(change));
  const log = createLogger('silent');
  const writer = new StoreWriter({ key, store, rows, log, published: () => '{}', onLost: () => undefined });
  writer.startFrom(undefined);
  const [lease] = await store.acquire([key], 'one', 60_000);
  const before = timers();
  writer.lead(lease!, () => true);
  rows.upsert(aRow({ name: 'a' }), 1);
  return { writer, before };
}

describe('closing the writer of the store', () => {
  it('keeps the process alive until the last write is done, so that the program ends with its own code', async () => {
    const store = new EmbeddedStore(new EmbeddedChangeLog());
    const { writer, before } = await leading(store);
    const closing = writer.close();
    expect(timers()).toBeGreaterThan(before);
    await closing;
    expect((await store.load(key)).rows).toHaveLength(1);
  });

  it('tries a store that does not answer no longer than it must', async () => {
    let writes = 0;
    class Away extends EmbeddedStore {
      override async write(): Promise<never> {
        writes++;
        throw new AppError('unavailable', 'Redis cannot be reached at the moment.');
      }
    }
    const { writer } = await leading(new Away(new EmbeddedChangeLog()));
    await writer.close();
    expect(writes).toBeLessThanOrEqual(2);
  });
});
