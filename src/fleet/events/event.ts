import type { ApplicationRow } from '../../cache/row.js';
import type { PublicRow } from '../answers/public-row.js';
import type { Cluster } from '../cluster.js';
import type { SelectableCluster } from '../cluster-selector.js';

/** What a caller can ask to be told of. */
export const eventTypes = ['application', 'cluster', 'job'] as const;
export type EventType = (typeof eventTypes)[number];

/** Something that happened in the fleet, before it is known who may hear of it. */
export type FleetEvent = ApplicationEvent | ClusterEvent | JobEvent | ResetEvent;

/** What an application was before: known, or known only by the projects that it may have been in. */
export type Before = { known: true; row?: ApplicationRow } | { known: false; projects: readonly string[] };

/** The cluster's rows or feed are to be shown anew, or the cluster has left the fleet. */
export interface ClusterEvent {
  kind: 'cluster';
  cluster: Cluster;
  isGone: boolean;
  /** Its labels, where they were others. */
  labelsBefore?: SelectableCluster['labels'];
}

export interface JobEvent {
  kind: 'job';
  /** Id of the change in the log; absent where it has no place of its own. */
  id?: string;
  /** It may have left the fleet. */
  cluster: SelectableCluster;
  project: string;
  job: Readonly<Record<string, unknown>>;
}

/** Something may be missing before this point. With `cluster`, of that one alone. */
export interface ResetEvent {
  kind: 'reset';
  id?: string;
  cluster?: Cluster;
  reason: string;
}

/** Makes a row what lists show of it. */
export type ShowRow = (row: ApplicationRow, cluster: Cluster) => PublicRow;

/** One application as it became. What callers are shown of it is made once, whoever and how many they are. */
export class ApplicationEvent {
  readonly kind = 'application';
  private json?: string;
  private isSeen?: boolean;
  private isOther?: boolean;

  constructor(
    readonly cluster: Cluster,
    /** `namespace/name` */
    readonly key: string,
    /** Absent: it is gone. */
    readonly row: ApplicationRow | undefined,
    readonly before: Before,
    private readonly show: ShowRow,
    /** Id of the change in the log; absent while the store is away. */
    readonly id?: string,
  ) {}

  /** The row as lists show it, as JSON. Only for an event with a row. */
  get shown(): string {
    return (this.json ??= this.row ? JSON.stringify(this.show(this.row, this.cluster)) : '');
  }

  /** False when a list shows the same as before. True when it cannot be known. */
  get isShownDifferent(): boolean {
    return (this.isSeen ??= this.compare());
  }

  /** False when all that is known of it is as before, whatever its version. True when it cannot be known. */
  get isDifferent(): boolean {
    return (this.isOther ??= this.isShownDifferent || this.isRowDifferent());
  }

  private isRowDifferent(): boolean {
    const { row, before } = this;
    if (!before.known || !before.row || !row) return true;
    const { resourceVersion } = row;
    return JSON.stringify(row) !== JSON.stringify({ ...before.row, resourceVersion });
  }

  private compare(): boolean {
    const { row, before } = this;
    if (!before.known || !before.row || !row) return true;
    return JSON.stringify(this.show(before.row, this.cluster)) !== this.shown;
  }
}
