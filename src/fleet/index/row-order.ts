import { z } from 'zod';
import type { RowTable } from './row-table.js';

/** Orders of a list. Within equals: by name, cluster and namespace. */
export const rowSorts = ['urgency', 'name', 'changed', 'lastSync', 'oldestSync'] as const;
/**
 * - `urgency`: most urgent first, within a rank the newest change first
 * - `name`: by name
 * - `changed`: newest change first
 * - `lastSync`: newest end of an operation first; `oldestSync`: oldest first. Those without one come last in both
 */
export type RowSort = (typeof rowSorts)[number];

/**
 * Place of a row in an order, which any replica can find: the key by which it is sorted, then what makes it the only one.
 * Made from the row's content alone.
 */
export interface Place {
  key: number;
  name: string;
  cluster: string;
  namespace: string;
}

export const placeSchema = z.object({ key: z.number(), name: z.string(), cluster: z.string(), namespace: z.string() });

/** Greater than any time that a row can hold, and small enough that eleven of them are an exact number. */
const timeEnd = 2 ** 48;

/** Milliseconds since the epoch as an order can hold them; 0 for what is no time. */
export const timeInBounds = (ms: number): number => (ms > 0 && ms < timeEnd ? Math.floor(ms) : 0);

const nameKeyCharacters = 7;

/** The first characters of a name as a number, in the same order as the names that are Kubernetes'. */
export function nameKeyOf(name: string): number {
  let key = 0;
  for (let i = 0; i < nameKeyCharacters; i++) key = key * 128 + Math.min(127, name.charCodeAt(i) || 0);
  return key;
}

/**
 * Writes the numbers by which slots are sorted, the smallest first. Ranks are judged at `atMs`. A loop for each order,
 * because it is run for every row that matches.
 */
export function writeKeys(table: RowTable, slots: Uint32Array, keys: Float64Array, sort: RowSort, atMs: number): void {
  const { changedAt, lastSync, nameKey } = table.columns;
  const count = slots.length;
  switch (sort) {
    case 'urgency':
      for (let i = 0; i < count; i++) {
        const slot = slots[i] as number;
        keys[i] = (table.rankOf(slot, atMs) + 1) * timeEnd - (changedAt[slot] as number);
      }
      return;
    case 'name':
      for (let i = 0; i < count; i++) keys[i] = nameKey[slots[i] as number] as number;
      return;
    case 'changed':
      for (let i = 0; i < count; i++) keys[i] = timeEnd - (changedAt[slots[i] as number] as number);
      return;
    case 'lastSync':
      for (let i = 0; i < count; i++) keys[i] = timeEnd - (lastSync[slots[i] as number] as number);
      return;
    case 'oldestSync':
      for (let i = 0; i < count; i++) keys[i] = (lastSync[slots[i] as number] as number) || timeEnd;
  }
}

/** The order among rows whose keys are equal. */
export function compareEqualKeys({ atoms, columns, clusters }: RowTable, a: number, b: number): number {
  const { name, namespace } = columns.single;
  const byName = compare(atoms.name.text(name[a] as number), atoms.name.text(name[b] as number));
  if (byName !== 0) return byName;
  const { cluster } = columns;
  const byCluster = compare(clusters[cluster[a] as number] as string, clusters[cluster[b] as number] as string);
  if (byCluster !== 0) return byCluster;
  return compare(atoms.namespace.text(namespace[a] as number), atoms.namespace.text(namespace[b] as number));
}

const compare = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

export function placeOf({ atoms, columns, clusters }: RowTable, slot: number, key: number): Place {
  return {
    key,
    name: atoms.name.text(columns.single.name[slot] as number),
    cluster: clusters[columns.cluster[slot] as number] as string,
    namespace: atoms.namespace.text(columns.single.namespace[slot] as number),
  };
}

/** Whether a row stands behind a place. */
export function isBehind(table: RowTable, slot: number, key: number, place: Place): boolean {
  if (key !== place.key) return key > place.key;
  const own = placeOf(table, slot, key);
  const order =
    compare(own.name, place.name) || compare(own.cluster, place.cluster) || compare(own.namespace, place.namespace);
  return order > 0;
}
