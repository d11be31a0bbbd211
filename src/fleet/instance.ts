import { ArgoCdClient } from '../argocd/client.js';
import type { ClusterConfig } from '../config/config.js';
import type { Material } from '../config/material.js';
import { openSecret, type SecretHandle } from '../config/secrets.js';
import { lifeOf, type TokenLife } from '../config/token-expiry.js';
import type { Logger } from '../telemetry/logger.js';
import type { BreakerState } from '../telemetry/metrics.js';
import { GuardedApi, type ObserveRequest } from './guarded-api.js';
import type { OneAtATime } from './one-at-a-time.js';

export interface InstanceOptions {
  log: Logger;
  /** For metrics of upstream requests. */
  observe?: ObserveRequest;
  observeBreaker?: (state: BreakerState) => void;
  /** Called when a request that somebody made came to nothing. */
  onFailure?: () => void;
  /** Of the cluster: a client that is being replaced may still be reading a list. */
  lists?: OneAtATime;
}

/** Requests made for callers and jobs; the watcher's own tell it by themselves. */
const endpointsOfCalls = new Set(['get', 'sync', 'terminate']);
const outcomesOfDoubt = new Set(['cluster_refused', 'cluster_unreachable', 'cluster_timeout']);

/**
 * Credentials, connection pool, breaker and limits of one cluster, as they were configured when it was made. A change of
 * any of them makes another one; this one lives until nobody needs it.
 */
export class Instance {
  readonly api: GuardedApi;
  private readonly secret: SecretHandle;
  private readonly client: ArgoCdClient;
  private holders = 0;
  private isRetired = false;
  private tellReleased: () => void = () => {};

  /** Contacts nobody. */
  constructor(
    readonly config: ClusterConfig,
    readonly material: Material,
    private readonly options: InstanceOptions,
  ) {
    this.secret = openSecret(config.token, { log: options.log });
    this.client = new ArgoCdClient({
      baseUrl: config.url,
      credentials: this.secret,
      headers: config.headers,
      tls: material.tls,
      limits: config.limits,
    });
    const observe: ObserveRequest = (endpoint, outcome, seconds) => {
      options.observe?.(endpoint, outcome, seconds);
      if (this.isRetired) return;
      if (endpointsOfCalls.has(endpoint) && outcomesOfDoubt.has(outcome)) options.onFailure?.();
    };
    const observeBreaker = (state: BreakerState): void => {
      if (!this.isRetired) options.observeBreaker?.(state);
    };
    this.api = new GuardedApi(this.client, config.limits, observe, observeBreaker, options.lists);
  }

  /** It is the one that calls go to from now on. */
  begin(): void {
    this.options.observeBreaker?.('closed');
  }

  /** Undefined for a token that does not say, cannot be read now, or is renewed in time by its command. */
  async tokenLife(): Promise<TokenLife | undefined> {
    if ('command' in this.config.token) return undefined;
    return this.secret.get().then(lifeOf, () => undefined);
  }

  /** Keeps it open, also after it was replaced, until the result is called. */
  hold(): () => void {
    this.holders++;
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      if (--this.holders === 0) this.tellReleased();
    };
  }

  /** Nothing new begins on it: closes it when nobody holds it and no request is under way. */
  async retire(): Promise<void> {
    this.isRetired = true;
    while (this.holders > 0) await new Promise<void>((resolve) => (this.tellReleased = resolve));
    await this.api.idle();
    await this.close();
  }

  /** At once; whatever is under way fails. No socket and no process is left. */
  async close(): Promise<void> {
    this.isRetired = true;
    await this.client.close();
    this.secret.close();
  }
}
