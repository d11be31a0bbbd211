import { setTimeout as pause } from 'node:timers/promises';
import { listFields } from '../../argocd/fields.js';
import type { Application } from '../../argocd/schemas.js';
import { rowKey, type ApplicationRow } from '../../cache/row.js';
import { rowOf } from '../index/application-row.js';
import { withListed } from '../index/listed-row.js';
import { isAfter } from './live-refresh.js';
import { readsMax, type ListContext } from './prune.js';

/** Events that tell what a list tells may be under way: they get so long. */
const underWayMs = 1_000;

/**
 * Finds the changes that a stream lost: listed applications that say something else than their rows, and of which no event
 * has told since. Lists give no resourceVersion, so what they do give is compared.
 */
export class Recheck {
  readonly fields = listFields;
  private readonly mark: number;
  private readonly others: ApplicationRow[] = [];

  /** @param alike versions of rows that a GET has shown to be right although the list reads otherwise */
  constructor(
    private readonly context: ListContext,
    private readonly alike: Map<string, string>,
  ) {
    this.mark = context.rows.mark();
  }

  take(item: Application): void {
    const listed = rowOf(this.context.cluster, item);
    if (listed && this.isOther(listed)) this.others.push(listed);
  }

  /**
   * Gives the rows that are to be read anew. What would be too many is taken from the list itself, but not what is newer
   * than the list.
   */
  async lost(listVersion: string | undefined): Promise<ApplicationRow[]> {
    const { rows, signal } = this.context;
    if (this.others.length === 0) return [];
    await pause(underWayMs, undefined, { signal });
    const lost = this.others.filter((listed) => this.isOther(listed));
    for (const listed of lost.splice(readsMax)) {
      const entry = rows.entry(rowKey(listed));
      if (!entry || isAfter(entry.row.resourceVersion, listVersion)) continue;
      rows.upsert(withListed(entry.row, listed), entry.epoch);
    }
    return lost.flatMap((listed) => rows.entry(rowKey(listed))?.row ?? []);
  }

  /** The row was read again, and was `before`: if it still is, the list says the same in other words. */
  read(before: ApplicationRow): void {
    const key = rowKey(before);
    const version = this.context.rows.entry(key)?.row.resourceVersion;
    if (version !== undefined && version === before.resourceVersion) this.alike.set(key, version);
  }

  private isOther(listed: ApplicationRow): boolean {
    const { rows, epoch } = this.context;
    const key = rowKey(listed);
    const entry = rows.entry(key);
    // What this stream has not brought is read anyway.
    if (!entry || entry.epoch !== epoch || entry.unconfirmed || entry.touched > this.mark) return false;
    const { row } = entry;
    if (row.resourceVersion !== undefined && this.alike.get(key) === row.resourceVersion) return false;
    return withListed(row, listed) !== row;
  }
}
