import { manyVanished, readsLess } from './shortcomings.js';

/**
 * What the account of this server could see of one cluster before, held against what it sees now. Argo CD filters lists
 * by rights and ends nothing when they are withdrawn, so losing them looks like applications that are gone. Outlives
 * connections.
 */
export class Access {
  private hasReadEverything = false;
  private readsEverything?: boolean;
  private areManyMissing = false;

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
    if (this.areManyMissing) return manyVanished;
    return this.hasReadEverything && this.readsEverything === false ? readsLess : undefined;
  }
}
