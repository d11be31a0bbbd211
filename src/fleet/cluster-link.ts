import { isDeepStrictEqual } from 'node:util';
import type { ArgoCdApi } from '../argocd/argocd-api.js';
import type { ClusterConfig } from '../config/config.js';
import { readMaterial } from '../config/material.js';
import type { TokenLife } from '../config/token-expiry.js';
import { Instance, type InstanceOptions } from './instance.js';
import { OneAtATime } from './one-at-a-time.js';

/** A client that stays open until `release`, whatever is configured meanwhile. */
export interface HeldCluster {
  api: ArgoCdApi;
  config: ClusterConfig;
  release(): void;
}

/** What another configuration of one cluster changes. */
export interface LinkChange {
  /** Names of the fields, or empty. `token` and `tls` also when only the content of a file is another one. */
  fields: string[];
  commit(): void;
  abandon(): Promise<void>;
}

/** Changes of these need another client; the rest is only looked at. */
const clientFields = ['token', 'tls', 'headers', 'limits'] as const;
const plainFields = ['labels', 'readOnly'] as const;

/** The way to one cluster: how it is configured now, and the client made from that. Both may be replaced; its URL not. */
export class ClusterLink {
  /** Called when a request that somebody made came to nothing. */
  onFailure: () => void = () => {};
  /** Called after the client was replaced. */
  onReplaced: () => void = () => {};
  private current: ClusterConfig;
  private instance: Instance;
  private readonly options: InstanceOptions;
  /** Replaced ones that somebody still needs. */
  private readonly leaving = new Map<Instance, Promise<void>>();

  /** Contacts nobody. Throws `cluster_refused` when a file of TLS cannot be read. */
  constructor(config: ClusterConfig, options: Omit<InstanceOptions, 'onFailure'>) {
    this.options = { ...options, lists: new OneAtATime(), onFailure: () => this.onFailure() };
    this.current = config;
    this.instance = new Instance(config, readMaterial(config), this.options);
  }

  /** To be called once, when calls may come. */
  begin(): void {
    this.instance.begin();
  }

  get config(): ClusterConfig {
    return this.current;
  }

  /** The client of now. Ask again at each use. */
  get api(): ArgoCdApi {
    return this.instance.api;
  }

  /** Of the token in use. */
  tokenLife(): Promise<TokenLife | undefined> {
    return this.instance.tokenLife();
  }

  /** For work that must end with the client it began with. */
  hold(): HeldCluster {
    const { instance, config } = this;
    return { api: instance.api, config, release: instance.hold() };
  }

  /** Makes ready for a configuration of the same URL. Throws `cluster_refused` when a file of TLS cannot be read. */
  prepare(next: ClusterConfig): LinkChange {
    const material = readMaterial(next);
    const { prints } = this.instance.material;
    const isOther = (field: keyof ClusterConfig): boolean => !isDeepStrictEqual(next[field], this.current[field]);
    const forClient = clientFields.filter(
      (field) => isOther(field) || (field in prints && prints[field as 'tls'] !== material.prints[field as 'tls']),
    );
    const replacement = forClient.length > 0 ? new Instance(next, material, this.options) : undefined;
    return {
      fields: [...forClient, ...plainFields.filter(isOther)],
      commit: () => {
        this.current = next;
        if (replacement) this.replace(replacement);
      },
      abandon: async () => replacement?.close(),
    };
  }

  /** Resolves when nobody needs any client of it; all are closed then. To be called once it is no longer used. */
  async retire(): Promise<void> {
    this.leave(this.instance);
    await Promise.all(this.leaving.values());
  }

  /** Nest calls it when the cluster is closed. */
  onModuleDestroy(): Promise<void> {
    return this.close();
  }

  /** Closes every client at once. */
  async close(): Promise<void> {
    await Promise.all([this.instance, ...this.leaving.keys()].map((instance) => instance.close()));
  }

  private replace(replacement: Instance): void {
    const before = this.instance;
    this.instance = replacement;
    replacement.begin();
    this.leave(before);
    this.onReplaced();
  }

  private leave(instance: Instance): void {
    const left = instance.retire().finally(() => this.leaving.delete(instance));
    this.leaving.set(instance, left);
  }
}
