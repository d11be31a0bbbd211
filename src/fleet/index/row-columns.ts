/** A row's texts that are one each, in the order of their columns. */
export const singleFields = [
  'health',
  'sync',
  'phase',
  'project',
  'namespace',
  'name',
  'server',
  'destination',
  'destinationNamespace',
] as const;
export type SingleField = (typeof singleFields)[number];

/** The parts of a row's list, in their order. A label takes two numbers (key, value), a source four. */
export const listParts = ['labels', 'images', 'revisions', 'sources', 'messages'] as const;
export type ListPart = (typeof listParts)[number];

/**
 * What questions are put to, one array for each property and one place (slot) in each for every row. A slot whose cluster
 * is 0 is free.
 */
export class RowColumns {
  capacity = 0;
  cluster = new Uint16Array(0);
  /** Numbers of texts (`Atoms`). */
  single: Record<SingleField, Uint32Array> = record(singleFields, () => new Uint32Array(0));
  /** Where the parts of the row's list begin, and where the last one ends: each ends where the next one begins. */
  readonly bounds: Uint32Array[] = [...listParts, 'end'].map(() => new Uint32Array(0));
  /** Milliseconds since the epoch; 0: never. */
  changedAt = new Float64Array(0);
  lastSync = new Float64Array(0);
  healthSince = new Float64Array(0);
  createdAt = new Float64Array(0);
  /** Begin of the name as a number: most comparisons of names end here. */
  nameKey = new Float64Array(0);
  /** Rank as long as nothing is late, and from when on it is (infinite: never). */
  rank = new Uint8Array(0);
  deletingDue = new Float64Array(0);
  progressingDue = new Float64Array(0);
  /** 1: Argo CD syncs by itself. */
  autoSync = new Uint8Array(0);

  grow(): void {
    this.capacity = Math.max(256, this.capacity * 2);
    const { capacity } = this;
    this.cluster = copied(new Uint16Array(capacity), this.cluster);
    for (const field of singleFields) this.single[field] = copied(new Uint32Array(capacity), this.single[field]);
    for (const [i, bound] of this.bounds.entries()) this.bounds[i] = copied(new Uint32Array(capacity), bound);
    this.changedAt = copied(new Float64Array(capacity), this.changedAt);
    this.lastSync = copied(new Float64Array(capacity), this.lastSync);
    this.healthSince = copied(new Float64Array(capacity), this.healthSince);
    this.createdAt = copied(new Float64Array(capacity), this.createdAt);
    this.nameKey = copied(new Float64Array(capacity), this.nameKey);
    this.rank = copied(new Uint8Array(capacity), this.rank);
    this.deletingDue = copied(new Float64Array(capacity), this.deletingDue);
    this.progressingDue = copied(new Float64Array(capacity), this.progressingDue);
    this.autoSync = copied(new Uint8Array(capacity), this.autoSync);
  }
}

/** By slot: where a part of its list begins, and where it ends. */
export function partBounds({ bounds }: RowColumns, part: ListPart): { begins: Uint32Array; ends: Uint32Array } {
  const at = listParts.indexOf(part);
  return { begins: bounds[at] as Uint32Array, ends: bounds[at + 1] as Uint32Array };
}

function copied<T extends { set(from: T): void }>(to: T, from: T): T {
  to.set(from);
  return to;
}

function record<K extends string, V>(keys: readonly K[], make: () => V): Record<K, V> {
  return Object.fromEntries(keys.map((key) => [key, make()])) as Record<K, V>;
}
