import { isSliceOver, nextSlice } from '../argocd/time-slice.js';
import type { ClusterConfig } from '../config/config.js';
import { ConfigError, type ConfigProblem } from '../config/config-error.js';
import { AppError } from '../errors/app-error.js';
import type { ClusterLink, LinkChange } from './cluster-link.js';
import type { OpenCluster } from './open-cluster.js';

/** What has to be done so that the fleet is as it is configured. */
export interface FleetPlan {
  /** Names, in the order of the configuration. */
  order: string[];
  changed: { name: string; change: LinkChange }[];
  /** With the one that has another URL and makes room for it. */
  opened: { link: ClusterLink; instead?: OpenCluster }[];
  removed: OpenCluster[];
}

/**
 * Makes ready what another configuration of the clusters needs; nothing of the fleet is different yet. Throws
 * `ConfigError` with all that cannot be used, and has let go of everything then.
 */
export async function planFleet(
  now: ReadonlyMap<string, OpenCluster>,
  clusters: readonly ClusterConfig[],
  newLink: (config: ClusterConfig) => ClusterLink,
): Promise<FleetPlan> {
  const order = clusters.map(({ name }) => name);
  const kept = new Set(order);
  const removed = [...now.values()].filter(({ cluster }) => !kept.has(cluster.name));
  const plan: FleetPlan = { order, changed: [], opened: [], removed };
  const problems: ConfigProblem[] = [];
  for (const [index, config] of clusters.entries()) {
    if (isSliceOver()) await nextSlice();
    const existing = now.get(config.name);
    try {
      if (existing?.cluster.config.url === config.url) {
        plan.changed.push({ name: config.name, change: existing.link.prepare(config) });
      } else plan.opened.push({ link: newLink(config), instead: existing });
    } catch (error) {
      problems.push({ path: `clusters[${index}]`, message: `(${config.name}): ${AppError.from(error).message}` });
    }
  }
  if (problems.length === 0) return plan;
  await abandonPlan(plan);
  throw new ConfigError('The configuration', problems);
}

export async function abandonPlan({ changed, opened }: FleetPlan): Promise<void> {
  await Promise.all([...changed.map(({ change }) => change.abandon()), ...opened.map(({ link }) => link.close())]);
}

const namesMax = 20;

/** What a plan changes, for the log; undefined when it is nothing. */
export function summaryOf({ changed, opened, removed, order }: FleetPlan, before: readonly string[]) {
  const others = changed.filter(({ change }) => change.fields.length > 0);
  const parts = {
    added: opened.flatMap(({ link, instead }) => (instead ? [] : [link.config.name])),
    removed: removed.map(({ cluster }) => cluster.name),
    changed: [
      ...opened.flatMap(({ link, instead }) => (instead ? [`${link.config.name}: url`] : [])),
      ...others.map(({ name, change }) => `${name}: ${change.fields.join(', ')}`),
    ],
  };
  const told = Object.entries(parts).filter(([, names]) => names.length > 0);
  const isMoved = told.length === 0 && order.join() !== before.join();
  if (told.length === 0 && !isMoved) return undefined;
  return Object.fromEntries(isMoved ? [['order', 'changed']] : told.map(([what, names]) => [what, cut(names)]));
}

const cut = (names: string[]): string[] =>
  names.length <= namesMax ? names : [...names.slice(0, namesMax), `and ${names.length - namesMax} more`];
