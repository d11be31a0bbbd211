import { setTimeout as pause } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { ArgoCdApi } from '../../argocd/argocd-api.js';
import { rowKey } from '../../cache/row.js';
import type { Application } from '../../argocd/schemas.js';
import { AppError } from '../../errors/app-error.js';
import { rowOf } from '../index/application-row.js';
import type { ClusterRows } from '../index/cluster-rows.js';

/** The least a list can be asked for; every version gives these. */
const nameFields = ['items.metadata.name', 'items.metadata.namespace'] as const;
/** Requests of one reconciliation under way at once, so that calls of users find room. */
const concurrency = 4;
/** Applications read one by one in one pass; a stream that lost more than that is asked again. */
const readsMax = 200;
/** A snapshot that brings nothing new for so long has ended: its end is not told. */
const snapshotQuietMs = 2_000;

export interface Reconciled {
  /** Applications that Argo CD listed. */
  listed: number;
  /** Rows that are missing from the list and could not be ruled out: they stay, unconfirmed. */
  unconfirmed: number;
  /** Listed applications that could not be asked for. */
  unread: number;
  /** Applications whose content this program cannot read. */
  unreadable: number;
}

/** What the lists of one connection work with. */
export interface ListContext {
  cluster: string;
  api: ArgoCdApi;
  rows: ClusterRows;
  epoch: number;
  signal: AbortSignal;
}

/** What a list names, by row key. */
export type Names = ReadonlyMap<string, { name: string; namespace: string }>;

/**
 * Holds one list against the rows that a stream brings. A list never overrules a later event: what was written after it
 * was asked for is left alone.
 *
 * Throws what `ArgoCdApi.list` throws, and an outage that shows in one of the requests after it.
 */
export async function reconcile(context: ListContext, isStreaming: boolean): Promise<Reconciled> {
  const { api, rows, signal } = context;
  const mark = rows.mark();
  const listed = new Map<string, { name: string; namespace: string }>();
  const list = await api.listEach({ fields: nameFields, signal }, (item) => noteName(listed, item));
  if (isStreaming) await snapshotSettled(context, listed);
  const missing = isStreaming ? await readMissing(context, listed) : { unread: 0, unreadable: 0 };
  const unconfirmed = await prune(context, mark, listed);
  const unreadable = list.unreadable + missing.unreadable;
  return { listed: listed.size, unconfirmed, unread: missing.unread, unreadable };
}

/** Adds what a listed item names, if it could exist. */
export function noteName(names: Map<string, { name: string; namespace: string }>, { metadata }: Application): void {
  if (!metadata?.name || !metadata.namespace) return;
  const ref = { name: metadata.name, namespace: metadata.namespace };
  names.set(rowKey(ref), ref);
}

/** Waits until the stream has brought every listed application, or brings no more of them. */
async function snapshotSettled({ rows, epoch, signal }: ListContext, listed: Names): Promise<void> {
  const awaited = (): number => [...listed.keys()].filter((key) => rows.entry(key)?.epoch !== epoch).length;
  let left = awaited();
  let quietSince = Date.now();
  while (left > 0 && Date.now() - quietSince < snapshotQuietMs) {
    await pause(50, undefined, { signal });
    const now = awaited();
    if (now !== left) quietSince = Date.now();
    left = now;
  }
}

async function readMissing(
  { cluster, api, rows, epoch, signal }: ListContext,
  listed: Names,
): Promise<Pick<Reconciled, 'unread' | 'unreadable'>> {
  const limit = pLimit(concurrency);
  const missing = [...listed].filter(([key]) => rows.entry(key)?.epoch !== epoch);
  const read = await Promise.all(
    missing.slice(0, readsMax).map(([, ref]) =>
      limit(async (): Promise<'read' | 'unread' | 'unreadable'> => {
        try {
          const row = rowOf(cluster, await api.get(ref, { signal }));
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
    unread: read.filter((outcome) => outcome === 'unread').length + Math.max(0, missing.length - readsMax),
    unreadable: read.filter((outcome) => outcome === 'unreadable').length,
  };
}

/**
 * Removes the rows that a list lacks and that nothing has written since the mark, each only after a GET with its project
 * answers that it is not there: Argo CD filters lists by rights, silently. Returns how many it could not rule out; they
 * stay, unconfirmed. Throws an outage: it says nothing about any row.
 */
export async function prune(context: ListContext, mark: number, listed: Names): Promise<number> {
  const { cluster, api, rows, epoch, signal } = context;
  const limit = pLimit(concurrency);
  const vanished = rows.untouchedSince(mark).filter((key) => !listed.has(key));
  const kept = await Promise.all(
    vanished.map((key) =>
      limit(async () => {
        const entry = rows.entry(key);
        if (!entry) return false;
        const { name, namespace, project } = entry.row;
        try {
          const row = rowOf(cluster, await api.get({ name, namespace, project }, { signal }));
          if (row) rows.upsert(row, Math.max(epoch, entry.epoch));
          else rows.markUnconfirmed(key);
          return row === undefined;
        } catch (error) {
          const { code, details } = AppError.from(error);
          if (code === 'not_found') {
            // Unless an event has brought it back meanwhile.
            if (rows.entry(key) === entry) rows.remove(key);
            return false;
          }
          if (code !== 'cluster_refused' && details['reason'] !== 'garbage') throw error;
          rows.markUnconfirmed(key);
          return true;
        }
      }),
    ),
  );
  signal.throwIfAborted();
  return kept.filter(Boolean).length;
}

/** What the feed says of rows that are not everything there is, or not certain. */
export const missingRights = {
  code: 'cluster_refused',
  message:
    'Known applications are no longer listed, and Argo CD does not say that they are gone: perhaps the account lost rights.',
} as const;
export const notUnderstood = {
  code: 'cluster_unreachable',
  message: 'Some applications are in a form that this server cannot read; they are stale or left out.',
} as const;
export const notReadYet = {
  code: 'cluster_not_ready',
  message: 'Some listed applications could not be read yet; they are asked for again.',
} as const;
export const nothingShown = {
  code: 'cluster_refused',
  message: 'Argo CD shows no application to this account, which may not read those of every project.',
} as const;
