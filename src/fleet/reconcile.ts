import { setTimeout as pause } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { ArgoCdApi } from '../argocd/argocd-api.js';
import { rowKey } from '../cache/row.js';
import { AppError } from '../errors/app-error.js';
import { rowOf } from './application-row.js';
import type { ClusterRows } from './fleet-index.js';

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

/**
 * Holds one list against the rows. A list never overrules a later event: what was written after it was asked for is
 * left alone. A row that the list lacks goes only after a GET with its project answers that it is not there, because
 * Argo CD filters lists by rights, silently.
 *
 * Throws what `ArgoCdApi.list` throws. Source: notes on streams and lists in docs/architecture.md
 */
export async function reconcile(context: {
  cluster: string;
  api: ArgoCdApi;
  rows: ClusterRows;
  epoch: number;
  /** True when a stream is open whose snapshot brings the rows. */
  streaming: boolean;
  signal: AbortSignal;
}): Promise<Reconciled> {
  const { api, rows, signal } = context;
  const mark = rows.mark();
  const { items, unreadable: unreadableItems = 0 } = await api.list({ fields: nameFields, signal });
  const listed = new Map<string, { name: string; namespace: string }>();
  for (const { metadata } of items ?? []) {
    if (metadata?.name && metadata.namespace) {
      listed.set(rowKey({ name: metadata.name, namespace: metadata.namespace }), {
        name: metadata.name,
        namespace: metadata.namespace,
      });
    }
  }
  if (context.streaming) await snapshotSettled(context, listed);
  const missing = context.streaming ? await readMissing(context, listed) : { unread: 0, unreadable: 0 };
  const unconfirmed = await pruneVanished(
    context,
    rows.untouchedSince(mark).filter((key) => !listed.has(key)),
  );
  const unreadable = unreadableItems + missing.unreadable;
  return { listed: listed.size, unconfirmed, unread: missing.unread, unreadable };
}

type Context = Parameters<typeof reconcile>[0];

/** Waits until the stream has brought every listed application, or brings no more of them. */
async function snapshotSettled({ rows, epoch, signal }: Context, listed: Map<string, unknown>): Promise<void> {
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
  { cluster, api, rows, epoch, signal }: Context,
  listed: Map<string, { name: string; namespace: string }>,
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

async function pruneVanished({ cluster, api, rows, epoch, signal }: Context, vanished: string[]): Promise<number> {
  const limit = pLimit(concurrency);
  const kept = await Promise.all(
    vanished.map((key) =>
      limit(async () => {
        const entry = rows.entry(key);
        if (!entry) return false;
        const { name, namespace, project } = entry.row;
        try {
          const row = rowOf(cluster, await api.get({ name, namespace, project }, { signal }));
          if (row) rows.upsert(row, epoch);
          return false;
        } catch (error) {
          if (AppError.from(error).code === 'not_found' && rows.entry(key) === entry) {
            rows.remove(key);
            return false;
          }
          rows.markUnconfirmed(key);
          return true;
        }
      }),
    ),
  );
  signal.throwIfAborted();
  return kept.filter(Boolean).length;
}

/** Says in the feed that rows could not be confirmed. */
export const missingRights = {
  code: 'cluster_refused',
  message:
    'Known applications are no longer listed, and Argo CD does not say that they are gone: perhaps the account lost rights.',
} as const;
