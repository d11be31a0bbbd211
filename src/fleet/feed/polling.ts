import pLimit from 'p-limit';
import { listFields } from '../../argocd/fields.js';
import { rowKey, type ApplicationRow } from '../../cache/row.js';
import { AppError } from '../../errors/app-error.js';
import { rowOf } from '../index/application-row.js';
import { withListed } from '../index/listed-row.js';
import { rankNumber, urgencyOf } from '../index/urgency.js';
import type { Access } from './access.js';
import type { WatcherOptions } from './connection.js';
import type { FeedSnapshot } from './feed.js';
import { concurrency, noteName, prune, type Pruned } from './prune.js';
import { mayReadEverything } from './pulse.js';
import { missingRights, notReadYet, notUnderstood } from './shortcomings.js';
import { showState } from './show-state.js';

/** Applications with a problem that are read one by one after one list. */
const readsMax = 50;
/** After so many lists one is read again although its list entry has not changed: its message may have. */
const passesUntilStale = 10;
const firstProblemFree = rankNumber['out_of_sync'];

/** Keeps rows true where streams do not get through: by lists, and by a look at what has a problem. */
export class Polling {
  private epoch = 0;
  private pass = 0;
  /** In which pass an application was last read, by row key. */
  private readonly readIn = new Map<string, number>();

  constructor(
    private readonly options: WatcherOptions,
    private readonly access: Access,
  ) {}

  /** A stream was tried in vain: from now on what lists bring overrules what it brought. */
  begin(): void {
    this.epoch = this.options.rows.nextEpoch();
  }

  /** One list and what follows from it. Throws what the requests throw; the feed is told of success only. */
  async read(signal: AbortSignal): Promise<void> {
    const { cluster, api, rows, feed } = this.options;
    this.pass++;
    const mark = rows.mark();
    const listed = new Map<string, { name: string; namespace: string }>();
    const list = await api.listEach({ fields: listFields, signal }, (item) => {
      noteName(listed, item);
      const row = rowOf(cluster, item);
      if (row) this.take(row);
    });
    const pruned = await prune({ cluster, api, rows, epoch: this.epoch, signal }, mark, listed);
    this.access.listed(pruned.areManyMissing);
    this.access.told(await mayReadEverything(api, signal));
    await this.readProblems(signal);
    feed.touch('list');
    const why = 'streams do not get through to this cluster; lists are read instead';
    showState(feed, this.access, 'polling', whatIsMissing(pruned, list.unreadable + pruned.unreadable), why);
  }

  /** Conditions and messages, which lists do not give, stay as long as nothing else has changed. */
  private take(listed: ApplicationRow): void {
    const { rows } = this.options;
    const known = rows.entry(rowKey(listed))?.row;
    const isSame = known !== undefined && known.createdAt === listed.createdAt;
    rows.upsert(isSame ? withListed(known, listed) : listed, this.epoch);
  }

  private async readProblems(signal: AbortSignal): Promise<void> {
    const { cluster, api, rows } = this.options;
    const limit = pLimit(concurrency);
    await Promise.all(
      this.due().map((row) =>
        limit(async () => {
          const { name, namespace, project } = row;
          try {
            const read = rowOf(cluster, await api.get({ name, namespace, project }, { signal }));
            if (read) rows.upsert(read, this.epoch);
          } catch (error) {
            // Gone, or not for us: the next list shows it.
            const { code, details } = AppError.from(error);
            if (code !== 'not_found' && code !== 'cluster_refused' && details['reason'] !== 'garbage') throw error;
          }
          this.readIn.set(rowKey(row), this.pass);
        }),
      ),
    );
    signal.throwIfAborted();
  }

  /** Those that were never read first, then those that have changed, then those whose last reading is old. */
  private due(): ApplicationRow[] {
    const due: { row: ApplicationRow; readIn: number }[] = [];
    const nowMs = Date.now();
    for (const row of this.options.rows.rows()) {
      if (rankNumber[urgencyOf(row, nowMs)] >= firstProblemFree) continue;
      // A row that differs from what was read, by us or a stream, has lost its version.
      const readIn = this.readIn.get(rowKey(row)) ?? (row.resourceVersion === undefined ? -Infinity : 0);
      if (row.resourceVersion === undefined || this.pass - readIn >= passesUntilStale) due.push({ row, readIn });
    }
    due.sort((a, b) => (a.readIn === b.readIn ? 0 : a.readIn - b.readIn));
    return due.slice(0, readsMax).map(({ row }) => row);
  }
}

function whatIsMissing({ unasked, unconfirmed }: Pruned, unreadable: number): FeedSnapshot['incomplete'] {
  if (unasked > 0) return notReadYet;
  if (unconfirmed > 0) return missingRights;
  return unreadable > 0 ? notUnderstood : undefined;
}
