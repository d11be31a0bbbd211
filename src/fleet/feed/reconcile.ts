import pLimit from 'p-limit';
import { rowKey, type ApplicationRow } from '../../cache/row.js';
import { AppError } from '../../errors/app-error.js';
import { rowOf } from '../index/application-row.js';
import type { Arrivals } from './arrivals.js';
import { Recheck } from './recheck.js';
import { concurrency, noteName, prune, readsMax, type ListContext, type Names, type Pruned } from './prune.js';

/** The least a list can be asked for; every version gives these. */
const nameFields = ['items.metadata.name', 'items.metadata.namespace'] as const;
/** A snapshot that brings nothing new for so long has ended: its end is not told. */
const snapshotQuietMs = 2_000;
/** More applications than this are not asked for one by one when they come back into sight. */
const doubtedMax = 20;

export interface Reconciled extends Pruned {
  /** Applications that Argo CD listed. */
  listed: number;
  /** Listed applications that could not be asked for. */
  unread: number;
  /** Applications whose content this program cannot read. */
  unreadable: number;
  /** Listed applications that were in doubt and would be too many to ask for: a new stream brings them all. */
  needsSnapshot: boolean;
}

/**
 * Holds one list against the rows that a stream brings. A list never overrules a later event: what was written after it
 * was asked for is left alone.
 *
 * @param stream what the stream brings, if one is open
 * @param alike given for a list that looks for changes too; see `Recheck`
 *
 * Throws what `ArgoCdApi.list` throws, and an outage that shows in one of the requests after it.
 */
export async function reconcile(
  context: ListContext,
  stream: Arrivals | undefined,
  alike?: Map<string, string>,
): Promise<Reconciled> {
  const { api, rows, signal } = context;
  const mark = rows.mark();
  const listed = new Map<string, { name: string; namespace: string }>();
  const recheck = alike && new Recheck(context, alike);
  const list = await api.listEach({ fields: recheck?.fields ?? nameFields, signal }, (item) => {
    noteName(listed, item);
    recheck?.take(item);
  });
  if (stream) await snapshotSettled(context, stream, listed);
  const lost = (await recheck?.lost(list.resourceVersion)) ?? [];
  const missing = stream ? await readMissing(context, listed, lost) : nothingMissing;
  for (const before of lost) recheck?.read(before);
  const pruned = await prune(context, mark, listed);
  return {
    ...missing,
    ...pruned,
    listed: listed.size,
    unreadable: list.unreadable + missing.unreadable + pruned.unreadable,
  };
}

/** Waits until the stream has brought every listed application, or brings no more of them. */
function snapshotSettled({ rows, epoch, signal }: ListContext, stream: Arrivals, listed: Names): Promise<void> {
  const awaited = [...listed.keys()].filter((key) => rows.entry(key)?.epoch !== epoch);
  return stream.settled(awaited, snapshotQuietMs, signal);
}

type Missing = Pick<Reconciled, 'unread' | 'unreadable' | 'needsSnapshot'>;
const nothingMissing: Missing = { unread: 0, unreadable: 0, needsSnapshot: false };

/** Reads what the stream did not bring, whose changes it lost, and what was in doubt and is listed again: no event tells that rights are back. */
async function readMissing(
  { cluster, api, rows, epoch, signal }: ListContext,
  listed: Names,
  lost: readonly ApplicationRow[],
): Promise<Missing> {
  const limit = pLimit(concurrency);
  const doubted = [...listed].filter(([key]) => {
    const entry = rows.entry(key);
    return entry?.epoch === epoch && entry.unconfirmed;
  });
  if (doubted.length > doubtedMax) return { ...nothingMissing, needsSnapshot: true };
  const missing = [...listed].filter(([key]) => rows.entry(key)?.epoch !== epoch).concat(doubted);
  missing.push(...lost.map((row): (typeof missing)[number] => [rowKey(row), row]));
  const read = await Promise.all(
    missing.slice(0, readsMax).map(([, { name, namespace }]) =>
      limit(async (): Promise<'read' | 'unread' | 'unreadable'> => {
        try {
          const row = rowOf(cluster, await api.get({ name, namespace }, { signal }));
          if (row) rows.upsert(row, epoch);
          return row ? 'read' : 'unreadable';
        } catch (error) {
          const { code, details } = AppError.from(error);
          if (details['reason'] === 'garbage') return 'unreadable';
          // Gone between the list and now: nothing is missing.
          return code === 'not_found' ? 'read' : 'unread';
        }
      }),
    ),
  );
  signal.throwIfAborted();
  return {
    ...nothingMissing,
    unread: read.filter((outcome) => outcome === 'unread').length + Math.max(0, missing.length - readsMax),
    unreadable: read.filter((outcome) => outcome === 'unreadable').length,
  };
}
