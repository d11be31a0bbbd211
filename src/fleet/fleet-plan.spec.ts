import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../test/support/config-fixture.js';
import type { ClusterConfig } from '../config/config.js';
import { ConfigError } from '../config/config-error.js';
import { AppError } from '../errors/app-error.js';
import type { ClusterLink, LinkChange } from './cluster-link.js';
import { abandonPlan, planFleet, summaryOf } from './fleet-plan.js';
import type { OpenCluster } from './open-cluster.js';

/** Clusters as they stand in a configuration: `name`, or `name@host` for another address than `name.example`. */
const configured = (...clusters: string[]): ClusterConfig[] => {
  const entries = clusters.map((each) => {
    const [name, host = `${name}.example`] = each.split('@');
    return `{name: ${name}, url: "https://${host}", token: {env: TOKEN}}`;
  });
  return [...readConfig(`clusters: [${entries.join(', ')}]`).config.clusters];
};

describe('the plan for another configuration of the clusters', () => {
  const done: string[] = [];
  /** A fleet of these clusters, which writes down what is done to it. */
  function fleetOf(clusters: ClusterConfig[], { broken = [] as string[], fields = [] as string[] } = {}) {
    done.length = 0;
    const open = clusters.map((config): [string, OpenCluster] => {
      const { name } = config;
      const prepare = (): LinkChange => {
        if (broken.includes(name)) throw new AppError('cluster_refused', 'Its CA cannot be read.');
        return {
          fields,
          commit: () => void done.push(`${name} changed`),
          abandon: async () => void done.push(`${name} as before`),
        };
      };
      const cluster = { name, config } as OpenCluster['cluster'];
      return [name, { cluster, link: { prepare } as unknown as ClusterLink, stop: never, close: never }];
    });
    const newLink = (config: ClusterConfig): ClusterLink => {
      if (broken.includes(config.name)) throw new AppError('cluster_refused', 'Its key cannot be read.');
      done.push(`${config.name} made`);
      return { config, close: async () => void done.push(`${config.name} closed`) } as unknown as ClusterLink;
    };
    return { now: new Map(open), newLink };
  }
  const never = (): Promise<never> => Promise.reject(new Error('a plan ends nothing'));

  it('keeps what has the same address, begins anew what has another, and names what comes and what goes', async () => {
    const { now, newLink } = fleetOf(configured('a', 'b', 'c'), { fields: ['labels'] });
    const plan = await planFleet(now, configured('d', 'b@elsewhere.example', 'a'), newLink);
    expect(plan.order).toEqual(['d', 'b', 'a']);
    expect(plan.changed.map(({ name }) => name)).toEqual(['a']);
    expect(plan.opened.map(({ link, instead }) => [link.config.name, instead?.cluster.name])).toEqual([
      ['d', undefined],
      ['b', 'b'],
    ]);
    expect(plan.removed.map(({ cluster }) => cluster.name)).toEqual(['c']);
    expect(summaryOf(plan, [...now.keys()])).toEqual({
      ...{ added: ['d'], removed: ['c'], changed: ['b: url', 'a: labels'] },
    });
    // Nothing of the fleet is different yet.
    expect(done).toEqual(['d made', 'b made']);
    await abandonPlan(plan);
    expect(done.slice(2).sort()).toEqual(['a as before', 'b closed', 'd closed']);
  });

  it('names all that cannot be used, each with its place, and lets go of everything that was made ready', async () => {
    const { now, newLink } = fleetOf(configured('a', 'b'), { broken: ['b', 'd'] });
    const planned = planFleet(now, configured('a', 'b', 'c', 'd'), newLink);
    const error = await planned.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).lines).toEqual([
      expect.stringMatching(/clusters\[1\].*\(b\): Its CA cannot be read\./),
      expect.stringMatching(/clusters\[3\].*\(d\): Its key cannot be read\./),
    ]);
    expect(done).toEqual(['c made', 'a as before', 'c closed']);
  });

  it('says nothing where nothing is different, and of a new order that it is one', async () => {
    const { now, newLink } = fleetOf(configured('a', 'b'));
    const before = [...now.keys()];
    expect(summaryOf(await planFleet(now, configured('a', 'b'), newLink), before)).toBeUndefined();
    expect(summaryOf(await planFleet(now, configured('b', 'a'), newLink), before)).toEqual({ order: 'changed' });
  });

  it('names twenty of many and counts the rest', async () => {
    const { now, newLink } = fleetOf([]);
    const many = Array.from({ length: 23 }, (_, i) => `c${i}`);
    const { added } = summaryOf(await planFleet(now, configured(...many), newLink), []) as { added: string[] };
    expect(added).toEqual([...many.slice(0, 20), 'and 3 more']);
  });
});
