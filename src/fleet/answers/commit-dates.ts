import { LRUCache } from 'lru-cache';
import type { ApplicationRef } from '../../argocd/argocd-api.js';
import type { Cluster } from '../cluster.js';
import { timeOf } from '../index/upstream-values.js';
import { repositoryKey } from './lag.js';

const datesMax = 5_000;
/** Argo CDs that are asked for one commit before it is given up. */
const askersMax = 2;
/** A commit from the future is no date to order others by; clocks may be a little apart. */
const skewMaxMs = 86_400_000;

/** An application whose Argo CD can be asked for a commit of its source. */
export interface Asker {
  cluster: Cluster;
  ref: ApplicationRef;
  /** Where it has several sources: place of the one that is meant, from 0. */
  sourceIndex?: number;
}

/** A commit whose date is wanted. */
export interface WantedCommit {
  repository: string;
  revision: string;
  askers: readonly Asker[];
}

/**
 * Dates of commits, which never change: each is asked for once, of an Argo CD that has it deployed, and kept. What could
 * not be had is asked for again.
 */
export class CommitDates {
  private readonly known = new LRUCache<string, number>({ max: datesMax });

  /** Milliseconds since the epoch; undefined when it is not known. */
  get(repository: string, revision: string): number | undefined {
    return this.known.get(keyOf(repository, revision));
  }

  /** Asks for those that are not known, all at once. Never throws; ends when the signal fires. */
  async learn(wanted: readonly WantedCommit[], signal: AbortSignal): Promise<void> {
    const missing = wanted.filter(({ repository, revision }) => this.get(repository, revision) === undefined);
    await Promise.all(missing.map((commit) => this.ask(commit, signal)));
  }

  private async ask({ repository, revision, askers }: WantedCommit, signal: AbortSignal): Promise<void> {
    for (const { cluster, ref, sourceIndex } of askers.slice(0, askersMax)) {
      if (signal.aborted) return;
      try {
        const { date } = await cluster.api.revisionMetadata(ref, revision, { sourceIndex, signal });
        const ms = Date.parse(timeOf(date) ?? '');
        if (ms > 0 && ms < Date.now() + skewMaxMs) {
          this.known.set(keyOf(repository, revision), ms);
          return;
        }
      } catch {
        // Another one may know; if not, the answer says that the date is not known.
      }
    }
  }
}

const keyOf = (repository: string, revision: string): string => `${repositoryKey(repository)} ${revision}`;
