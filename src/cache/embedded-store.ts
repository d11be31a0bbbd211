import { EmbeddedChangeLog } from './embedded-change-log.js';
import { refsOf } from './store-format.js';
import { rowKey } from './row.js';
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

interface Remembered {
  rows: Map<string, StoredRow>;
  lease?: { fence: number; holder: string; endsAtMs: number };
  fence: number;
  version?: string;
  state?: string;
  atMs?: number;
}

/** The store of a process without Redis: it forgets everything when the process ends. */
export class EmbeddedStore implements Store {
  readonly kind = 'embedded';
  private readonly clusters = new Map<string, Remembered>();

  /**
   * @param history where it notes what was written
   * @param now milliseconds of a clock that is never set
   */
  constructor(
    private readonly history: EmbeddedChangeLog = new EmbeddedChangeLog(),
    private readonly now: () => number = () => performance.now(),
  ) {}

  async acquire(keys: readonly ClusterKey[], holder: string, ttlMs: number): Promise<(Lease | undefined)[]> {
    return keys.map((key) => {
      const remembered = this.of(key) ?? { rows: new Map(), fence: 0 };
      if (this.leader(remembered)) return undefined;
      const fence = Math.max(Date.now(), remembered.fence + 1);
      Object.assign(remembered, { fence, lease: { fence, holder, endsAtMs: this.now() + ttlMs } });
      this.clusters.set(nameOf(key), remembered);
      return { key, fence, holder };
    });
  }

  async renew(renewals: readonly { lease: Lease; state: string }[], ttlMs: number): Promise<boolean[]> {
    return renewals.map(({ lease, state }) => {
      const remembered = this.held(lease);
      if (!remembered?.lease) return false;
      remembered.lease.endsAtMs = this.now() + ttlMs;
      Object.assign(remembered, { state, atMs: this.now() });
      return true;
    });
  }

  async release(leases: readonly Lease[]): Promise<void> {
    for (const lease of leases) {
      const remembered = this.held(lease);
      if (remembered) remembered.lease = undefined;
    }
  }

  async look(keys: readonly ClusterKey[]): Promise<StoredFeed[]> {
    return keys.map((key) => this.feed(this.of(key)));
  }

  async write(lease: Lease, write: StoreWrite): Promise<WriteResult | 'not_leader'> {
    const { upsert, remove, version, state, isSilent } = write;
    if (upsert.length + remove.length > writeRowsMax) throw new RangeError('too much for one write');
    const remembered = this.held(lease);
    if (!remembered) return 'not_leader';
    const { rows, version: before } = remembered;
    for (const { key } of remove) rows.delete(key);
    // Rows are values, nobody changes one after it was made: sharing them with the index costs no memory.
    for (const { row, unconfirmed } of upsert) rows.set(rowKey(row), unconfirmed ? { row, unconfirmed } : { row });
    remembered.version = version;
    if (state !== undefined) Object.assign(remembered, { state, atMs: this.now() });
    if (!isSilent) {
      const said = state === undefined ? {} : { state: JSON.parse(state) as unknown };
      this.history.add({ kind: 'rows', cluster: lease.key.cluster, changes: refsOf(write), ...said });
    }
    return { kept: rows.size, ...(before === undefined ? {} : { before }) };
  }

  async load(key: ClusterKey): Promise<LoadedRows> {
    const remembered = this.of(key);
    return { rows: [...(remembered?.rows.values() ?? [])], unreadable: 0, ...this.feed(remembered) };
  }

  async rowsOf(key: ClusterKey, rows: readonly string[]): Promise<(StoredRow | 'gone')[]> {
    const remembered = this.of(key);
    return rows.map((row) => remembered?.rows.get(row) ?? 'gone');
  }

  async rowKeys(key: ClusterKey): Promise<string[]> {
    return [...(this.of(key)?.rows.keys() ?? [])];
  }

  async drop(lease: Lease): Promise<void> {
    if (this.held(lease)) this.clusters.delete(nameOf(lease.key));
  }

  async health(): Promise<{ ok: boolean }> {
    return { ok: true };
  }

  async close(): Promise<void> {
    this.clusters.clear();
  }

  private of(key: ClusterKey): Remembered | undefined {
    return this.clusters.get(nameOf(key));
  }

  private leader({ lease }: Remembered): Remembered['lease'] {
    return lease && lease.endsAtMs > this.now() ? lease : undefined;
  }

  private held({ key, fence, holder }: Lease): Remembered | undefined {
    const remembered = this.of(key);
    const leader = remembered && this.leader(remembered);
    return leader?.fence === fence && leader.holder === holder ? remembered : undefined;
  }

  private feed(remembered: Remembered | undefined): StoredFeed {
    if (!remembered) return {};
    const { version, state, atMs } = remembered;
    const leader = this.leader(remembered);
    return {
      ...(leader ? { leader: { fence: leader.fence, holder: leader.holder } } : {}),
      ...(version === undefined ? {} : { version }),
      ...(state === undefined ? {} : { state }),
      ...(atMs === undefined ? {} : { ageMs: Math.round(this.now() - atMs) }),
    };
  }
}

const nameOf = ({ cluster, origin }: ClusterKey): string => `${cluster}@${origin}`;
