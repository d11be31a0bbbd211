import type { ChangeLog, RowsFollower, StoredChange } from '../../cache/change-log.js';
import type { ClusterKey, Store } from '../../cache/store.js';
import type { FeedFollower } from './feed-follower.js';

/** Brings the history of the fleet to the followers of this process, one per cluster that another one watches. */
export class ChangeFollowers implements RowsFollower {
  private readonly followers = new Map<string, FeedFollower>();
  private subscription?: ReturnType<ChangeLog['follow']>;

  constructor(
    private readonly changes: ChangeLog,
    private readonly store: Store,
  ) {}

  /** The history is read from the first one on: a process that watches no fleet does not read it. */
  add(follower: FeedFollower): void {
    this.subscription ??= this.changes.follow(this);
    this.followers.set(nameOf(follower.key), follower);
  }

  remove(follower: FeedFollower): void {
    if (this.followers.get(nameOf(follower.key)) === follower) this.followers.delete(nameOf(follower.key));
  }

  /** Tells those who listen to the history that rows of a cluster changed in ways that no change named. */
  gap(cluster: string, reason: string): void {
    this.subscription?.gap(cluster, reason);
  }

  async apply(changes: readonly StoredChange[]): Promise<void> {
    const byFollower = new Map<FeedFollower, StoredChange[]>();
    for (const change of changes) {
      const follower = this.followers.get(nameOf(change));
      if (!follower) continue;
      const own = byFollower.get(follower);
      if (own) own.push(change);
      else byFollower.set(follower, [change]);
    }
    await Promise.all([...byFollower].map(([follower, own]) => follower.apply(own)));
  }

  async catchUp(): Promise<void> {
    const followers = [...this.followers.values()];
    const looks = await this.store.look(followers.map(({ key }) => key)).catch(() => undefined);
    // A store that is away again is looked at later by each of them.
    await Promise.all(followers.map((follower, i) => follower.catchUp(looks?.[i] ?? {})));
  }
}

const nameOf = ({ cluster, origin }: ClusterKey): string => `${cluster}@${origin}`;
