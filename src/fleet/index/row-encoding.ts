import type { ApplicationRow } from '../../cache/row.js';
import { Atoms } from './atoms.js';
import type { IdLists } from './id-lists.js';
import { listParts, singleFields, type ListPart, type RowColumns, type SingleField } from './row-columns.js';

/** The texts of all rows by what they are. */
export class RowAtoms {
  /** Health, sync and phase. */
  readonly word = new Atoms();
  readonly project = new Atoms();
  readonly namespace = new Atoms();
  readonly name = new Atoms();
  /** Address and name of the destination, and the namespace there. */
  readonly server = new Atoms();
  readonly destination = new Atoms();
  readonly destinationNamespace = new Atoms();
  readonly repository = new Atoms();
  readonly path = new Atoms();
  readonly chart = new Atoms();
  readonly targetRevision = new Atoms();
  readonly revision = new Atoms();
  readonly image = new Atoms();
  readonly labelKey = new Atoms();
  readonly labelValue = new Atoms();
  readonly message = new Atoms();

  readonly ofField: Readonly<Record<SingleField, Atoms>> = {
    health: this.word,
    sync: this.word,
    phase: this.word,
    project: this.project,
    namespace: this.namespace,
    name: this.name,
    server: this.server,
    destination: this.destination,
    destinationNamespace: this.destinationNamespace,
  };

  /** The numbers of a part take turns: a label is a key and a value, a source its four texts. */
  readonly ofPart: Readonly<Record<ListPart, readonly Atoms[]>> = {
    labels: [this.labelKey, this.labelValue],
    images: [this.image],
    revisions: [this.revision],
    sources: [this.repository, this.path, this.chart, this.targetRevision],
    messages: [this.message],
  };

  get all(): Atoms[] {
    return [...new Set([...Object.values(this.ofField), ...Object.values(this.ofPart).flat()])];
  }
}

/** Numbers of one place after another: a label's and a source's. */
export const labelWidth = 2;
export const sourceWidth = 4;

/** More than a row may hold; what a store gave is not counted anywhere else. Whole labels and sources fit. */
const partLengthMax = 1_000;

/**
 * Writes the texts of rows into the columns as numbers. A row is given the texts that are held already instead of its
 * own, equal ones: most of what rows say is said by many.
 */
export class RowEncoder {
  private readonly list: number[] = [];
  /** Where each part of the list ends. */
  private readonly ends: number[] = [];
  private readonly before: number[] = [];
  /** The one that is worked on. */
  private slot = 0;

  constructor(
    private readonly atoms: RowAtoms,
    private readonly columns: RowColumns,
    private readonly lists: IdLists,
  ) {}

  /** Fills a free slot. */
  fill(slot: number, row: ApplicationRow): void {
    this.slot = slot;
    this.fillSingle(slot, row);
    this.fillList(slot, row);
  }

  /** Fills a slot that holds another row. What both hold is not let go in between. */
  refill(slot: number, row: ApplicationRow): void {
    const { single, bounds } = this.columns;
    const before = this.before;
    before.length = 0;
    for (const field of singleFields) before.push(single[field][slot] as number);
    for (const bound of bounds) before.push(bound[slot] as number);
    const ids = before.length;
    const begin = before[singleFields.length] as number;
    const end = before[ids - 1] as number;
    for (let i = begin; i < end; i++) before.push(this.lists.ids[i] as number);
    this.lists.release(begin, end - begin);
    this.fill(slot, row);

    let at = 0;
    for (const field of singleFields) this.atoms.ofField[field].release(before[at++] as number, slot);
    for (const part of listParts) {
      const from = before[at++] as number;
      this.releasePart(part, before, ids + from - begin, ids + (before[at] as number) - begin);
    }
  }

  /** Lets go what a slot holds. */
  empty(slot: number): void {
    this.slot = slot;
    const { single, bounds } = this.columns;
    for (const field of singleFields) this.atoms.ofField[field].release(single[field][slot] as number, slot);
    const at = bounds.map((bound) => bound[slot] as number);
    for (const [i, part] of listParts.entries()) {
      this.releasePart(part, this.lists.ids, at[i] as number, at[i + 1] as number);
    }
    const begin = at[0] as number;
    this.lists.release(begin, (at.at(-1) as number) - begin);
  }

  private releasePart(part: ListPart, ids: ArrayLike<number>, begin: number, end: number): void {
    const of = this.atoms.ofPart[part];
    for (let at = begin; at < end; at++) (of[(at - begin) % of.length] as Atoms).release(ids[at] as number, this.slot);
  }

  private fillSingle(slot: number, row: ApplicationRow): void {
    const { atoms } = this;
    const { single } = this.columns;
    const { operation, destination } = row;
    row.health = atoms.word.text((single.health[slot] = atoms.word.retain(row.health, slot)));
    row.sync = atoms.word.text((single.sync[slot] = atoms.word.retain(row.sync, slot)));
    single.phase[slot] = atoms.word.retain(operation?.phase, slot);
    row.project = atoms.project.text((single.project[slot] = atoms.project.retain(row.project, slot)));
    row.namespace = atoms.namespace.text((single.namespace[slot] = atoms.namespace.retain(row.namespace, slot)));
    row.name = atoms.name.text((single.name[slot] = atoms.name.retain(row.name, slot)));
    const server = (single.server[slot] = atoms.server.retain(destination.server, slot));
    if (server !== 0) destination.server = atoms.server.text(server);
    single.destination[slot] = atoms.destination.retain(destination.name, slot);
    const namespace = (single.destinationNamespace[slot] = atoms.destinationNamespace.retain(
      destination.namespace,
      slot,
    ));
    if (namespace !== 0) destination.namespace = atoms.destinationNamespace.text(namespace);
  }

  private fillList(slot: number, row: ApplicationRow): void {
    const { list, ends, atoms, lists } = this;
    list.length = 0;
    this.addLabels(row.labels);
    ends[0] = this.cut('labels', 0);
    this.addAll(atoms.image, row.images);
    ends[1] = this.cut('images', ends[0]);
    this.addAll(atoms.revision, row.revisions);
    ends[2] = this.cut('revisions', ends[1]);
    for (const source of row.sources) this.addSource(source);
    if (row.drySource) this.addSource(row.drySource);
    ends[3] = this.cut('sources', ends[2]);
    this.addMessages(row);
    ends[4] = this.cut('messages', ends[3]);

    const { bounds } = this.columns;
    const offset = lists.allocate(list.length);
    (bounds[0] as Uint32Array)[slot] = offset;
    for (let i = 0; i < ends.length; i++) (bounds[i + 1] as Uint32Array)[slot] = offset + (ends[i] as number);
    const { ids } = lists;
    for (let i = 0; i < list.length; i++) ids[offset + i] = list[i] as number;
  }

  private addLabels(labels: ApplicationRow['labels']): void {
    const { labelKey, labelValue } = this.atoms;
    for (const key in labels)
      this.list.push(labelKey.retain(key, this.slot), labelValue.retain(labels[key], this.slot));
  }

  private addSource(source: ApplicationRow['sources'][number]): void {
    const { atoms } = this;
    source.repository = this.add(atoms.repository, source.repository);
    if (source.path) source.path = this.add(atoms.path, source.path);
    else this.list.push(0);
    if (source.chart) source.chart = this.add(atoms.chart, source.chart);
    else this.list.push(0);
    if (source.targetRevision) source.targetRevision = this.add(atoms.targetRevision, source.targetRevision);
    else this.list.push(0);
  }

  private addMessages(row: ApplicationRow): void {
    const { message } = this.atoms;
    if (row.healthMessage) row.healthMessage = this.add(message, row.healthMessage);
    if (row.operation?.message) row.operation.message = this.add(message, row.operation.message);
    for (const condition of row.conditions) {
      condition.type = this.add(message, condition.type);
      condition.message = this.add(message, condition.message);
    }
  }

  private addAll(atoms: Atoms, texts: string[]): void {
    for (let i = 0; i < texts.length; i++) texts[i] = this.add(atoms, texts[i] as string);
  }

  private add(atoms: Atoms, text: string): string {
    const id = atoms.retain(text, this.slot);
    this.list.push(id);
    return atoms.text(id);
  }

  /** End of the part that begins at `begin`, of which too much is let go. */
  private cut(part: ListPart, begin: number): number {
    const { list } = this;
    const length = list.length - begin;
    if (length <= partLengthMax) return list.length;
    const of = this.atoms.ofPart[part];
    for (let i = partLengthMax; i < length; i++) {
      (of[i % of.length] as Atoms).release(list[begin + i] as number, this.slot);
    }
    list.length = begin + partLengthMax;
    return list.length;
  }
}
