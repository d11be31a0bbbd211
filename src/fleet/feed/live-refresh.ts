import { listFields } from '../../argocd/fields.js';
import type { ArgoCdApi } from '../../argocd/argocd-api.js';
import { isSliceOver, nextSlice } from '../../argocd/time-slice.js';
import { rowKey, type ApplicationRow } from '../../cache/row.js';
import { AppError } from '../../errors/app-error.js';
import { rowOf } from '../index/application-row.js';
import type { ClusterRows } from '../index/cluster-rows.js';
import type { FleetIndex } from '../index/fleet-index.js';
import { withListed } from '../index/listed-row.js';
import type { Feed, FeedSnapshot } from './feed.js';
import { noteName, prune, type Pruned } from './prune.js';
import { missingRights, notReadYet, notUnderstood } from './shortcomings.js';

/** What only a list has brought, without uid, conditions and messages: whatever a stream says is newer. */
const listEpoch = 0;

export interface RefreshOptions {
  cluster: string;
  api: ArgoCdApi;
  rows: ClusterRows;
  feed: Feed;
  index: Pick<FleetIndex, 'onChange'>;
}

/** Asks a cluster for all its applications now, beside whatever else keeps its rows true. */
export class LiveRefresh {
  private running?: { done: Promise<void>; stop: AbortController; callers: number };

  constructor(private readonly options: RefreshOptions) {}

  /**
   * One list, merged into the rows: where it differs, it wins, except over what came after it was asked for. Callers
   * share the one that is under way; it ends with the last of them.
   *
   * Throws what `ArgoCdApi.list` throws, and `cluster_timeout` when the signal fires first.
   */
  async refresh(signal: AbortSignal): Promise<void> {
    const running = (this.running ??= this.begin());
    running.callers++;
    let leave = (): void => {};
    const left = new Promise<never>((_, reject) => {
      leave = () => reject(new AppError('cluster_timeout', 'The cluster did not answer in the time there was.'));
      if (signal.aborted) leave();
      else signal.addEventListener('abort', leave, { once: true });
    });
    try {
      await Promise.race([running.done, left]);
    } finally {
      signal.removeEventListener('abort', leave);
      running.callers--;
      if (running.callers === 0) {
        if (this.running === running) this.running = undefined;
        running.stop.abort(new Error('nobody waits for the list any more'));
      }
    }
  }

  private begin(): NonNullable<LiveRefresh['running']> {
    const stop = new AbortController();
    const done = this.ask(stop.signal);
    // Whoever waits hears of it; nobody may.
    done.catch(() => undefined);
    return { done, stop, callers: 0 };
  }

  private async ask(signal: AbortSignal): Promise<void> {
    const { cluster, api, rows, feed, index } = this.options;
    const removed = new Set<string>();
    const stopListening = index.onChange(({ cluster: of, type, row }) => {
      if (of === cluster && type === 'remove') removed.add(rowKey(row));
    });
    try {
      const mark = rows.mark();
      const names = new Map<string, { name: string; namespace: string }>();
      const listed: ApplicationRow[] = [];
      const { resourceVersion } = await api.listEach({ fields: listFields, signal }, (item) => {
        noteName(names, item);
        const row = rowOf(cluster, item);
        if (row) listed.push(row);
      });
      // Behind a load balancer a list may come from a server that has not heard yet what the stream has told.
      const listVersion = feed.isLive ? resourceVersion : undefined;
      for (const row of listed) {
        if (isSliceOver()) await nextSlice();
        this.merge(row, { mark, removed, listVersion });
      }
      const { unconfirmed, unasked, unreadable } = await prune(
        { cluster, api, rows, epoch: listEpoch, signal },
        mark,
        names,
      );
      feed.touch('list');
      // Until the next list of the watcher, which may know better; what is known to be missing already stays the reason.
      const missing = whatIsMissing({ unconfirmed, unasked, unreadable });
      if (missing && !feed.snapshot().incomplete) feed.markIncomplete(missing);
    } finally {
      stopListening();
    }
  }

  private merge(
    listed: ApplicationRow,
    since: { mark: number; removed: ReadonlySet<string>; listVersion?: string },
  ): void {
    const { rows } = this.options;
    const key = rowKey(listed);
    const entry = rows.entry(key);
    if (!entry) {
      if (!since.removed.has(key)) rows.upsert(listed, listEpoch);
    } else if (entry.touched <= since.mark && !isAfter(entry.row.resourceVersion, since.listVersion)) {
      rows.upsert(withListed(entry.row, listed), entry.epoch);
    }
  }
}

function whatIsMissing({
  unconfirmed,
  unasked,
  unreadable,
}: Omit<Pruned, 'areManyMissing'>): FeedSnapshot['incomplete'] {
  if (unconfirmed > 0) return missingRights;
  if (unasked > 0) return notReadYet;
  return unreadable > 0 ? notUnderstood : undefined;
}

/** Of resourceVersions, numeric strings; false where one is not known. */
export function isAfter(version: string | undefined, than: string | undefined): boolean {
  if (!version || !than) return false;
  return version.length === than.length ? version > than : version.length > than.length;
}
