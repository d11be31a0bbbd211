import type { ApplicationRow } from '../../cache/row.js';
import { applicationFilter, dependsOnTime, type ApplicationQuery } from '../answers/application-filter.js';
import { parseClusterSelector, type ClusterSelector, type SelectableCluster } from '../cluster-selector.js';
import { parseGlob } from '../index/glob.js';
import { matches, type RowFilter } from '../index/row-filter.js';
import type { RowQuestion } from '../index/row-query.js';
import type { Scope } from '../scope.js';
import { bindingOf } from './event-id.js';
import type { EventType, JobEvent } from './event.js';

/** What one reader wants to hear of: the filters of a list, and which kinds of events. */
export interface EventsQuery extends ApplicationQuery {
  cluster?: string;
  types: readonly EventType[];
}

/**
 * Who listens, and for what. Everything is judged here: what is outside the caller's scope does not exist for it.
 *
 * A cluster is selected by `cluster`; an application by all filters; a job by those that say which application it is
 * about (`project`, `namespace`, `name`).
 */
export class Audience {
  private readonly selector?: ClusterSelector;
  private readonly question: ApplicationQuery;
  private filter: RowFilter;
  private asOfMs: number;
  private readonly isFiltered: boolean;
  private readonly jobProject?: (project: string) => boolean;
  private readonly jobName?: (name: string) => boolean;

  /** @throws `invalid_input` for a selector, glob or label selector that cannot be read */
  constructor(
    readonly scope: Scope,
    readonly query: EventsQuery,
    nowMs = Date.now(),
  ) {
    const { cluster, types: _, ...question } = query;
    this.selector = cluster === undefined ? undefined : parseClusterSelector(cluster);
    this.question = question;
    this.asOfMs = nowMs;
    this.filter = applicationFilter(question, nowMs);
    this.isFiltered = Object.values(question).some((value) => value !== undefined);
    this.jobProject = query.project === undefined ? undefined : parseGlob('project', query.project);
    this.jobName = query.name === undefined ? undefined : parseGlob('name', query.name);
  }

  /** What it wants to hear of changes by time alone. */
  get dependsOnTime(): boolean {
    return dependsOnTime(this.query) || this.query.problem !== undefined;
  }

  /** When it is, for its filter. It stands still until it is told that it is later. */
  get atMs(): number {
    return this.asOfMs;
  }

  judgeAsOf(ms: number): void {
    this.asOfMs = ms;
    this.filter = applicationFilter(this.question, ms);
  }

  /**
   * What to ask the index for the rows of these clusters that may begin or cease to match until a time, by that alone:
   * those whose sync falls between two borders, and those that become late. All else that the filter asks is true of them.
   */
  crossersUntil(ms: number, clusters: readonly number[]): RowQuestion[] {
    const seesProject = (project: string): boolean => this.scope.project(project);
    const then = applicationFilter(this.question, ms);
    const rest = { ...then, lastSyncAfterMs: undefined, lastSyncBeforeMs: undefined, ranks: undefined };
    const between: RowFilter[] = (['lastSyncAfterMs', 'lastSyncBeforeMs'] as const).flatMap((border) => {
      const [from, to] = [this.filter[border], then[border]];
      return from !== undefined && to !== undefined && from < to
        ? [{ lastSyncAfterMs: from, lastSyncBeforeMs: to }]
        : [];
    });
    const late: RowFilter[] = then.ranks ? [{ becomesLate: { fromMs: this.asOfMs, toMs: ms } }] : [];
    return [...between, ...late].map((part) => ({ clusters, seesProject, filter: { ...rest, ...part }, atMs: ms }));
  }

  hears(type: EventType): boolean {
    return this.query.types.includes(type);
  }

  selects(cluster: SelectableCluster): boolean {
    return this.scope.cluster(cluster) && (this.selector?.matches(cluster) ?? true);
  }

  sees(project: string): boolean {
    return this.scope.project(project);
  }

  /** Of a cluster that it selects: true if a list with these filters would show the row. */
  wants(row: ApplicationRow): boolean {
    return this.scope.project(row.project) && (!this.isFiltered || matches(row, this.filter, this.asOfMs));
  }

  /** As `wants`, of a row that `crossersUntil` found: only what depends on the time is judged. */
  wantsNow(row: ApplicationRow): boolean {
    const { lastSyncAfterMs, lastSyncBeforeMs, ranks } = this.filter;
    return matches(row, { lastSyncAfterMs, lastSyncBeforeMs, ranks }, this.asOfMs);
  }

  wantsJob({ cluster, project, job }: JobEvent): boolean {
    const { namespace } = this.query;
    return (
      this.selects(cluster) &&
      this.sees(project) &&
      (this.jobProject?.(project) ?? true) &&
      (this.jobName?.(String(job['application'])) ?? true) &&
      (namespace === undefined || job['namespace'] === namespace)
    );
  }

  /** See `bindingOf`: another one means that an id given out before is of no use. */
  binding(clusters: readonly SelectableCluster[]): string {
    const names = clusters.filter((cluster) => this.selects(cluster)).map(({ name }) => name);
    return bindingOf([this.scope.key, this.query, names.sort()]);
  }
}
