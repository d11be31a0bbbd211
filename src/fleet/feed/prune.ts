import pLimit from 'p-limit';
import type { ArgoCdApi } from '../../argocd/argocd-api.js';
import { rowKey } from '../../cache/row.js';
import type { Application } from '../../argocd/schemas.js';
import { AppError } from '../../errors/app-error.js';
import { rowOf } from '../index/application-row.js';
import type { ClusterRows } from '../index/cluster-rows.js';

/** Requests of one pass under way at once, so that calls of users find room. */
export const concurrency = 4;
/** Applications read one by one in one pass; the rest waits for the next. */
export const readsMax = 200;
/** So many of the vanished are asked for before the others: they show whether asking is worth it. */
const sampleMax = 20;
/** Rows that vanish in one list beyond both are more than what somebody deletes by the way. */
const vanishedMax = 10;
const vanishedShareMax = 0.2;

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

export interface Pruned {
  /** Rows that the list lacks and that could not be ruled out: they stay, unconfirmed. */
  unconfirmed: number;
  /** Further ones that nobody asked for yet, although nothing speaks against it; unconfirmed as well. */
  unasked: number;
  /** Rows that the list lacks and whose content this program cannot read; unconfirmed as well. */
  unreadable: number;
  /** So many cannot be ruled out that the account must have lost rights. */
  areManyMissing: boolean;
}

/** Adds what a listed item names, if it could exist. */
export function noteName(names: Map<string, { name: string; namespace: string }>, { metadata }: Application): void {
  if (!metadata?.name || !metadata.namespace) return;
  const ref = { name: metadata.name, namespace: metadata.namespace };
  names.set(rowKey(ref), ref);
}

/**
 * Removes the rows that a list lacks and that nothing has written since the mark, each only after a GET with its project
 * answers that it is not there: Argo CD filters lists by rights, silently. A few are asked for first. If Argo CD refuses
 * to say of any of them, the others are not asked for: they stay, unconfirmed, however many they are.
 *
 * Throws an outage: it says nothing about any row.
 */
export async function prune(context: ListContext, mark: number, listed: Names): Promise<Pruned> {
  const { rows, signal } = context;
  const vanished = rows.untouchedSince(mark).filter((key) => !listed.has(key));
  const isMass = vanished.length > vanishedMax && vanished.length > rows.size * vanishedShareMax;
  if (vanished.length > sampleMax) shuffle(vanished);
  const sample = vanished.splice(0, sampleMax);
  const asked = await askFor(context, sample);
  let unasked = 0;
  if (!asked.includes('refused')) {
    asked.push(...(await askFor(context, vanished.splice(0, readsMax - sample.length))));
    unasked = vanished.length;
  }
  const refused = asked.filter((outcome) => outcome === 'refused').length;
  const unconfirmed = refused + vanished.length - unasked;
  const unreadable = asked.filter((outcome) => outcome === 'unreadable').length;
  signal.throwIfAborted();
  for (const key of vanished) rows.markUnconfirmed(key);
  return { unconfirmed, unasked, unreadable, areManyMissing: isMass && unconfirmed > 0 };
}

/** What a GET of an application that is not listed came to: what it is now is known, cannot be read, or is not told. */
type Outcome = 'known' | 'unreadable' | 'refused';

async function askFor(context: ListContext, keys: readonly string[]): Promise<Outcome[]> {
  const limit = pLimit(concurrency);
  return Promise.all(keys.map((key) => limit(() => ask(context, key))));
}

async function ask({ cluster, api, rows, epoch, signal }: ListContext, key: string): Promise<Outcome> {
  const entry = rows.entry(key);
  if (!entry) return 'known';
  const { name, namespace, project } = entry.row;
  try {
    const row = rowOf(cluster, await api.get({ name, namespace, project }, { signal }));
    if (row) rows.upsert(row, Math.max(epoch, entry.epoch));
    else rows.markUnconfirmed(key);
    return row ? 'known' : 'unreadable';
  } catch (error) {
    const { code, details } = AppError.from(error);
    if (code === 'not_found') {
      // Unless an event has brought it back meanwhile.
      if (rows.entry(key) === entry) rows.remove(key);
      return 'known';
    }
    const isUnreadable = details['reason'] === 'garbage';
    if (code !== 'cluster_refused' && !isUnreadable) throw error;
    rows.markUnconfirmed(key);
    return isUnreadable ? 'unreadable' : 'refused';
  }
}

/** Those that are asked for first must not be the same ones each time. */
function shuffle(keys: string[]): void {
  for (let i = keys.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [keys[i], keys[j]] = [keys[j]!, keys[i]!];
  }
}
