import { AppError } from '../errors/app-error.js';
import type { Cluster } from './cluster.js';
import { parseClusterSelector } from './cluster-selector.js';
import { plainText } from './index/plain-text.js';
import type { Scope } from './scope.js';
import { didYouMean, suggest } from '../errors/suggest.js';

/** The clusters that a scope can see. */
export class VisibleClusters {
  constructor(
    private readonly every: () => Cluster[],
    private readonly scope: Scope,
  ) {}

  all(): Cluster[] {
    return this.every().filter((cluster) => this.scope.cluster(cluster));
  }

  /** Throws `unknown_cluster`, with `details.suggestions` where some come close. */
  named(name: string): Cluster {
    const found = this.all().find((cluster) => cluster.name === name);
    if (!found) throw this.unknown(name);
    return found;
  }

  /**
   * The clusters that a selector means; absent means all. Throws `invalid_input` for a selector that cannot be read and
   * `unknown_cluster` when it names a cluster that is not there or matches none.
   */
  select(selector: string | undefined): Cluster[] {
    if (selector === undefined) return this.all();
    const parsed = parseClusterSelector(selector);
    const all = this.all();
    for (const name of parsed.names) {
      if (!all.some((cluster) => cluster.name === name)) throw this.unknown(name);
    }
    const selected = all.filter((cluster) => parsed.matches(cluster));
    if (selected.length === 0) {
      throw new AppError(
        'unknown_cluster',
        `No cluster matches "${plainText(selector, 100)}". list_clusters shows names and labels.`,
      );
    }
    return selected;
  }

  private unknown(name: string): AppError {
    const suggestions = suggest(
      name,
      this.all().map((cluster) => cluster.name),
    );
    return new AppError(
      'unknown_cluster',
      `There is no cluster "${plainText(name, 63)}".${didYouMean(suggestions)}`,
      suggestions.length > 0 ? { suggestions } : {},
    );
  }
}
