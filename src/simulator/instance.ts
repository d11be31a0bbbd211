import { Accounts } from './accounts.js';
import type { ApplicationRecord } from './application-store.js';
import { ApplicationStore } from './application-store.js';
import { Clock } from './clock.js';
import { EventLog } from './event-log.js';
import { OperationLog } from './operation-log.js';
import { Projects } from './projects.js';
import { Repositories } from './repositories.js';
import { seededRandom } from './seeded.js';
import type { SimulatorVersion, VersionProfile } from './version.js';
import { profileOf } from './version.js';

export interface InstanceOptions {
  name: string;
  version: SimulatorVersion;
  seed: number;
  speed: number;
  reconcileMs: number;
  keepAliveMs: number;
}

/** Everything that one Argo CD instance knows and remembers. The parts that act on it are handed this. */
export class Instance {
  readonly profile: VersionProfile;
  readonly clock: Clock;
  readonly store: ApplicationStore;
  readonly projects = new Projects();
  readonly repositories: Repositories;
  readonly accounts: Accounts;
  readonly events = new EventLog();
  readonly operations = new OperationLog();
  readonly random: () => number;
  /** Namespaces of Applications that are enabled besides Argo CD's own. */
  readonly extraNamespaces = new Set<string>();
  /** Destination namespaces that a sync has created. */
  readonly createdNamespaces = new Set<string>();
  isRepoServerDown = false;
  private isDown = false;
  private readonly parked: (() => void)[] = [];

  constructor(readonly options: InstanceOptions) {
    this.profile = profileOf(options.version);
    this.clock = new Clock(options.speed);
    this.store = new ApplicationStore(400 + (options.seed % 97));
    this.repositories = new Repositories(this.clock.stamp());
    this.accounts = new Accounts(this.clock);
    this.random = seededRandom(options.seed + 7);
  }

  get isControllerDown(): boolean {
    return this.isDown;
  }

  /** Stops the application controller, or starts it; what it had begun goes on from where it was. */
  set isControllerDown(isDown: boolean) {
    this.isDown = isDown;
    if (!isDown) for (const work of this.parked.splice(0)) work();
  }

  /** Work of the controller after `ms`, held back while it is down. */
  later(ms: number, work: () => void): () => void {
    let isCancelled = false;
    const cancelTimer = this.clock.after(ms, () => {
      const guarded = (): void => {
        if (!isCancelled) work();
      };
      if (this.isDown) this.parked.push(guarded);
      else guarded();
    });
    return () => {
      isCancelled = true;
      cancelTimer();
    };
  }

  log(
    record: ApplicationRecord,
    reason: string,
    message: string,
    by: { user?: string; isWarning?: boolean } = {},
  ): void {
    this.events.add(record, {
      reason,
      message,
      type: by.isWarning ? 'Warning' : 'Normal',
      component: by.user === undefined ? 'argocd-application-controller' : 'argocd-server',
      ...(by.user === undefined ? {} : { user: by.user }),
      stamp: this.clock.stamp(),
      resourceVersion: this.store.resourceVersion,
    });
  }
}
