import { changesKey, fleetKeys, type FleetKeys } from './keys.js';
import type { RedisConnection } from './redis-connection.js';
import { defineScripts, runScript } from './redis-scripts.js';
import { rowKey } from './row.js';
import { formatRow, parseRow, refsOf } from './store-format.js';
import { historyMax } from './store-scripts.js';
import {
  writeRowsMax,
  type ClusterKey,
  type Lease,
  type LoadedRows,
  type Store,
  type StoredFeed,
  type StoredRow,
  type StoreWrite,
  type WriteResult,
} from './store.js';

/** Fields that one HSCAN or HMGET is asked for: about 0.1 MB of JSON, read in a few milliseconds, so that others get their turn. */
const fieldsPerCommand = 100;

/** The store that all replicas have in common. Keys: `keys.ts`; what is done in one step: `store-scripts.ts`. */
export class RedisStore implements Store {
  readonly kind = 'redis';

  constructor(
    private readonly connection: RedisConnection,
    private readonly prefix: string,
  ) {
    defineScripts(connection.client);
  }

  async acquire(keys: readonly ClusterKey[], holder: string, ttlMs: number): Promise<(Lease | undefined)[]> {
    const fences = (await this.run('acquireLeases', this.leasesAndFeeds(keys), [holder, ttlMs])) as string[];
    return keys.map((key, i) => (fences[i] ? { key, fence: Number(fences[i]), holder } : undefined));
  }

  async renew(renewals: readonly { lease: Lease; state: string }[], ttlMs: number): Promise<boolean[]> {
    const keys = renewals.map(({ lease }) => this.keys(lease.key));
    const held = (await this.run(
      'renewLeases',
      keys.flatMap(({ lease, feed, rows }) => [lease, feed, rows]),
      [ttlMs, ...renewals.flatMap(({ lease, state }) => [valueOf(lease), state])],
    )) as number[];
    return held.map((one) => one === 1);
  }

  async release(leases: readonly Lease[]): Promise<void> {
    await this.run(
      'releaseLeases',
      leases.map(({ key }) => this.keys(key).lease),
      leases.map(valueOf),
    );
  }

  async look(keys: readonly ClusterKey[]): Promise<StoredFeed[]> {
    const found = (await this.run('lookAtFeeds', this.leasesAndFeeds(keys), [])) as string[];
    return keys.map((_, i) => {
      const [lease = '', version = '', state = '', age = ''] = found.slice(4 * i, 4 * i + 4);
      return feedOf(version, state, { leader: leaderOf(lease), ageMs: age === '' ? undefined : Number(age) });
    });
  }

  async write(lease: Lease, write: StoreWrite): Promise<WriteResult | 'not_leader'> {
    const { upsert, remove, version, state = '', isSilent } = write;
    if (upsert.length + remove.length > writeRowsMax) throw new RangeError('too much for one write');
    const { cluster, origin } = lease.key;
    const keys = this.keys(lease.key);
    const result = (await this.run(
      'writeRows',
      [keys.lease, keys.feed, keys.rows, changesKey(this.prefix)],
      [
        ...[valueOf(lease), version, state, cluster, origin, isSilent ? '' : JSON.stringify(refsOf(write))],
        ...[historyMax, upsert.length],
        ...upsert.flatMap((one) => [rowKey(one.row), formatRow(one)]),
        ...remove.map(({ key }) => key),
      ],
    )) as [string, number] | null;
    if (result === null) return 'not_leader';
    const [before, kept] = result;
    return { kept, ...(before ? { before } : {}) };
  }

  async load(key: ClusterKey): Promise<LoadedRows> {
    const { rows: rowsKey } = this.keys(key);
    // Before the rows: rows that are newer than the version says are no lie, older ones would be.
    const [feed] = await this.look([key]);
    // HSCAN may give a field twice, and a field that changes meanwhile in either state: the last one read counts.
    const rows = new Map<string, StoredRow>();
    const unreadable = new Set<string>();
    let cursor = '0';
    do {
      const [next, fields] = await this.connection.use((client) =>
        client.hscan(rowsKey, cursor, 'COUNT', fieldsPerCommand),
      );
      for (let i = 0; i + 1 < fields.length; i += 2) {
        const [field, text] = [fields[i]!, fields[i + 1]!];
        const row = parseRow(key.cluster, field, text);
        if (row) {
          rows.set(field, row);
          unreadable.delete(field);
        } else unreadable.add(field);
      }
      cursor = next;
    } while (cursor !== '0');
    return { rows: [...rows.values()], unreadable: unreadable.size, ...feed };
  }

  async rowsOf(key: ClusterKey, rows: readonly string[]): Promise<(StoredRow | 'gone' | 'unreadable')[]> {
    const found: (StoredRow | 'gone' | 'unreadable')[] = [];
    for (let start = 0; start < rows.length; start += fieldsPerCommand) {
      const fields = rows.slice(start, start + fieldsPerCommand);
      const texts = await this.connection.use((client) => client.hmget(this.keys(key).rows, ...fields));
      for (const [i, text] of texts.entries()) {
        found.push(text === null ? 'gone' : (parseRow(key.cluster, fields[i]!, text) ?? 'unreadable'));
      }
    }
    return found;
  }

  rowKeys(key: ClusterKey): Promise<string[]> {
    return this.connection.use((client) => client.hkeys(this.keys(key).rows));
  }

  async drop(lease: Lease): Promise<void> {
    const { lease: leaseKey, feed, rows } = this.keys(lease.key);
    await this.run('dropCluster', [leaseKey, feed, rows], [valueOf(lease)]);
  }

  health(): Promise<{ ok: boolean; reason?: string }> {
    return this.connection.health();
  }

  async close(): Promise<void> {
    this.connection.close();
  }

  private keys(key: ClusterKey): FleetKeys {
    return fleetKeys(this.prefix, key);
  }

  private leasesAndFeeds(keys: readonly ClusterKey[]): string[] {
    return keys.flatMap((key) => {
      const { lease, feed } = this.keys(key);
      return [lease, feed];
    });
  }

  private async run(...call: Parameters<typeof runScript> extends [unknown, ...infer Rest] ? Rest : never) {
    return call[1].length === 0 ? [] : this.connection.use((client) => runScript(client, ...call));
  }
}

const valueOf = ({ fence, holder }: Lease): string => `${fence}:${holder}`;

function leaderOf(value: string): StoredFeed['leader'] {
  const [, fence, holder] = /^(\d+):(.+)$/.exec(value) ?? [];
  return fence && holder ? { fence: Number(fence), holder } : undefined;
}

const feedOf = (version: string, state: string, rest: Pick<StoredFeed, 'leader' | 'ageMs'>): StoredFeed => ({
  ...(version ? { version } : {}),
  ...(state ? { state } : {}),
  ...(rest.leader ? { leader: rest.leader } : {}),
  ...(rest.ageMs === undefined ? {} : { ageMs: rest.ageMs }),
});
