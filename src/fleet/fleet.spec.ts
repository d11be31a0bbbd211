import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readConfig } from '../../test/support/config-fixture.js';
import type { ClusterLink } from './cluster-link.js';
import type { Cluster } from './cluster.js';
import { Fleet } from './fleet.js';
import { FleetIndex } from './index/fleet-index.js';

const long = 10_000;

describe('a cluster for a job', () => {
  let fleet: Fleet;
  let signal: AbortSignal;
  let abort: () => void;
  beforeEach(async () => {
    fleet = new Fleet(new FleetIndex(), {
      link: (config) =>
        ({
          config,
          prepare: () => ({ fields: [], commit: () => {} }),
          retire: async () => {},
        }) as unknown as ClusterLink,
      open: async (link) => {
        const { name, labels } = link.config;
        const cluster = { name, labels, config: link.config, hold: () => ({ config: link.config }) };
        return { cluster: cluster as unknown as Cluster, link, stop: async () => true, close: async () => {} };
      },
      forget: async () => {},
      leftUnwritten: () => {},
    });
    const controller = new AbortController();
    ({ signal } = controller);
    abort = () => controller.abort();
    await configure('eu');
  });
  afterEach(() => abort());

  async function configure(...names: string[]): Promise<void> {
    const entries = names.map((name) => `{name: ${name}, url: "https://${name}.example", token: {env: TOKEN}}`);
    await (await fleet.prepare(readConfig(`clusters: [${entries.join(', ')}]`).config)).commit();
  }
  const hold = async (name: string, patienceMs = long) => (await fleet.hold(name, { signal, patienceMs }))?.config.name;
  /** What it has come to by now, without waiting. */
  async function now(held: Promise<string | undefined>): Promise<string | undefined> {
    const turn = new Promise<string>((resolve) => setImmediate(() => resolve('waits')));
    return Promise.race([held, turn]);
  }
  const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

  it('is there at once if it is configured', async () => {
    expect(await now(hold('eu'))).toBe('eu');
  });

  it('is waited for while it may still come, and is there with the configuration that brings it', async () => {
    const before = timers();
    const held = hold('us');
    expect(await now(held)).toBe('waits');
    await configure('eu', 'ap');
    expect(await now(held)).toBe('waits');
    await configure('eu', 'us');
    expect(await now(held)).toBe('us');
    expect([timers(), getEventListeners(signal, 'abort')]).toEqual([before, []]);
  });

  it('is not waited for when it has left, until it is back', async () => {
    await configure('eu', 'us');
    await configure('eu');
    expect(await now(hold('us'))).toBeUndefined();
    expect(fleet.departed.labelsOf('us')).toBeDefined();
    await configure('eu', 'us');
    expect(await now(hold('us'))).toBe('us');
    expect(fleet.departed.labelsOf('us')).toBeUndefined();
  });

  it('is not waited for longer than patience goes, nor by a job that is told to stop', async () => {
    const before = timers();
    expect(await hold('us', 20)).toBeUndefined();
    const held = hold('us');
    expect(await now(held)).toBe('waits');
    abort();
    expect(await now(held)).toBeUndefined();
    expect(await now(hold('us'))).toBeUndefined();
    expect([timers(), getEventListeners(signal, 'abort')]).toEqual([before, []]);
  });
});
