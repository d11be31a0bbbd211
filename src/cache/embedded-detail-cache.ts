import { LRUCache } from 'lru-cache';
import type { DetailCache, DetailRef, StoredDetail } from './detail-cache.js';
import { detailField, formatDetail, parseDetail } from './detail-format.js';

/** Characters of JSON over all clusters. */
const charactersMax = 32 * 1024 * 1024;

/** The detail cache of a process without Redis. */
export class EmbeddedDetailCache implements DetailCache {
  private readonly details = new LRUCache<string, string>({
    maxSize: charactersMax,
    sizeCalculation: (text, key) => text.length + key.length,
  });

  constructor(private readonly now: () => number = Date.now) {}

  async get(ref: DetailRef): Promise<StoredDetail | undefined> {
    const text = this.details.get(keyOf(ref));
    return text === undefined ? undefined : parseDetail(ref, text, this.now());
  }

  async put(ref: DetailRef, stored: StoredDetail): Promise<void> {
    const text = formatDetail(ref, stored);
    if (text !== undefined) this.details.set(keyOf(ref), text);
  }

  async drop(cluster: string): Promise<void> {
    for (const key of [...this.details.keys()]) if (key.startsWith(`${cluster}/`)) this.details.delete(key);
  }

  async close(): Promise<void> {
    this.details.clear();
  }
}

/** Names of clusters hold no slash. */
const keyOf = (ref: DetailRef): string => `${ref.cluster}/${detailField(ref)}`;
