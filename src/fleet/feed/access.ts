import type { Reduction } from './feed.js';
import { manyVanished, readsLess } from './shortcomings.js';

/**
 * What the account of this server could see of one cluster before, held against what it sees now. Argo CD filters lists
 * by rights and ends nothing when they are withdrawn, so losing them looks like applications that are gone. Outlives
 * connections, and processes: whoever watches next goes on from what was said last.
 */
export class Access {
  private hasReadEverything: boolean;
  private readsEverything?: boolean;
  private areManyMissing: boolean;

  /** @param before how it showed to whoever watched the cluster before that the account sees less, if it did */
  constructor(before?: Reduction) {
    this.hasReadEverything = before === 'reads_less';
    this.readsEverything = this.hasReadEverything ? false : undefined;
    this.areManyMissing = before === 'many_vanished';
  }

  /** Argo CD said whether the account may read the applications of every project. Returns whether that is news. */
  told(readsEverything: boolean): boolean {
    const isNews = this.readsEverything !== undefined && this.readsEverything !== readsEverything;
    this.readsEverything = readsEverything;
    this.hasReadEverything ||= readsEverything;
    return isNews;
  }

  /** A list was held against the rows. */
  listed(areManyMissing: boolean): void {
    this.areManyMissing = areManyMissing;
  }

  /** Why the account counts as one with fewer rights than before; undefined while it does not. */
  get reduced(): typeof manyVanished | typeof readsLess | undefined {
    // First what also holds when what vanished is seen again.
    if (this.hasReadEverything && this.readsEverything === false) return readsLess;
    return this.areManyMissing ? manyVanished : undefined;
  }
}
