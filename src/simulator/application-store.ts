import type { ApplicationState } from './application.js';

/** One state of one application. Immutable: who holds it keeps what was true when it was taken. */
export interface RecordVersion {
  resourceVersion: number;
  generation: number;
  reconciledAt?: string;
  /** Absent while a seeded application is as it was born: then it is built when somebody looks. */
  state?: ApplicationState;
}

export interface ApplicationRecord {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Builds the state that it was born with; always gives the same. */
  readonly born?: () => ApplicationState;
  version: RecordVersion;
}

export interface StoreEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  record: ApplicationRecord;
  version: RecordVersion;
  state: () => ApplicationState;
}

/** The applications of one instance, with Kubernetes' numbering: one counter, only ever upwards (unless restored). */
export class ApplicationStore {
  private readonly records = new Map<string, ApplicationRecord>();
  private readonly listeners = new Set<(event: StoreEvent) => void>();
  private sorted: ApplicationRecord[] | undefined;

  /** @param counter the last resourceVersion given out. */
  constructor(private counter = 100) {}

  get size(): number {
    return this.records.size;
  }

  /** What a list carries as `metadata.resourceVersion`. */
  get resourceVersion(): number {
    return this.counter;
  }

  nextResourceVersion(): number {
    this.counter += 1;
    return this.counter;
  }

  /** A restore from a backup: the counter falls back, and with it every application's number. */
  rewind(by: number): void {
    this.counter = Math.max(1, this.counter - by);
    for (const record of this.records.values()) {
      record.version = { ...record.version, resourceVersion: Math.max(1, record.version.resourceVersion - by) };
    }
  }

  get(namespace: string, name: string): ApplicationRecord | undefined {
    return this.records.get(`${namespace}/${name}`);
  }

  /** Sorted by name, then namespace. */
  list(): readonly ApplicationRecord[] {
    this.sorted ??= [...this.records.values()].sort(
      (a, b) => compareText(a.name, b.name) || compareText(a.namespace, b.namespace),
    );
    return this.sorted;
  }

  /** A seeded application enters without an event: it has been there all the time. */
  seed(record: Omit<ApplicationRecord, 'version'>, reconciledAt: string): ApplicationRecord {
    const seeded: ApplicationRecord = {
      ...record,
      version: { resourceVersion: this.nextResourceVersion(), generation: 1, reconciledAt },
    };
    this.records.set(keyOf(seeded), seeded);
    this.sorted = undefined;
    return seeded;
  }

  create(namespace: string, name: string, uid: string, state: ApplicationState): ApplicationRecord {
    const record: ApplicationRecord = {
      namespace,
      name,
      uid,
      version: { resourceVersion: this.nextResourceVersion(), generation: 1, state },
    };
    this.records.set(keyOf(record), record);
    this.sorted = undefined;
    this.tell('ADDED', record);
    return record;
  }

  /**
   * Writes a new version and tells the streams. `change` gets a copy that it may alter.
   * @param options.isMetadataOnly labels, annotations and finalizers leave `generation` as it is.
   */
  update(
    record: ApplicationRecord,
    change: (draft: ApplicationState) => void,
    options: { reconciledAt?: string; isMetadataOnly?: boolean } = {},
  ): void {
    if (!this.has(record)) return;
    const draft = structuredClone(stateOf(record));
    change(draft);
    record.version = {
      resourceVersion: this.nextResourceVersion(),
      generation: record.version.generation + (options.isMetadataOnly ? 0 : 1),
      reconciledAt: options.reconciledAt ?? record.version.reconciledAt,
      state: draft,
    };
    this.tell('MODIFIED', record);
  }

  /** A reconciliation that changed nothing but its own time. */
  touch(record: ApplicationRecord, reconciledAt: string): void {
    if (!this.has(record)) return;
    record.version = {
      ...record.version,
      resourceVersion: this.nextResourceVersion(),
      generation: record.version.generation + 1,
      reconciledAt,
    };
    this.tell('MODIFIED', record);
  }

  remove(record: ApplicationRecord): void {
    if (!this.records.delete(keyOf(record))) return;
    this.sorted = undefined;
    record.version = { ...record.version, resourceVersion: this.nextResourceVersion() };
    this.tell('DELETED', record);
  }

  has(record: ApplicationRecord): boolean {
    return this.records.get(keyOf(record)) === record;
  }

  /** Calls back on every change until the returned function is called. */
  subscribe(listener: (event: StoreEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private tell(type: StoreEvent['type'], record: ApplicationRecord): void {
    const { version } = record;
    const event: StoreEvent = { type, record, version, state: () => stateOf(record, version) };
    for (const listener of [...this.listeners]) listener(event);
  }
}

/** The state that a version stands for. */
export function stateOf(record: ApplicationRecord, version: RecordVersion = record.version): ApplicationState {
  const state = version.state ?? record.born?.();
  if (state === undefined) throw new Error(`application ${record.name} has no state`);
  return state;
}

function keyOf(record: ApplicationRecord): string {
  return `${record.namespace}/${record.name}`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
