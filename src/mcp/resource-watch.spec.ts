import { afterEach, describe, expect, it } from '@jest/globals';
import { everything, type Scope } from '../fleet/scope.js';
import { EventFleet, inClusters, inProjects } from '../../test/support/event-fleet.js';
import { eventually } from '../../test/support/eventually.js';
import { ResourceWatch, type WatchTimes } from './resource-watch.js';

const cart = 'fleet://clusters/eu/applications/argocd/cart';
const shop = 'fleet://clusters/eu/applications/argocd/shop';

describe('a watch of resources', () => {
  let fleet: EventFleet;
  let watch: ResourceWatch;
  let isReady = true;
  let told: string[] = [];
  afterEach(() => {
    watch.close();
    fleet.events.onModuleDestroy();
  });

  function start(
    uris: string[],
    { scope = everything, times = {}, tools = () => true }: WatchSetup = {},
    list = true,
  ): void {
    fleet = new EventFleet();
    isReady = true;
    told = [];
    watch = new ResourceWatch({
      events: fleet.events,
      runner: { findTool: (_caller, name) => (tools(name) ? ({} as never) : undefined) },
      caller: { name: 'test', role: 'viewer', scope, tool: () => true },
      times: { gatherMs: 1, againMs: 100, statusAgainMs: 100, ...times },
      isReady: () => isReady,
      onUpdated: (uri) => void told.push(uri),
      onListChanged: () => void told.push('list'),
    });
    watch.follow(uris, list);
  }
  interface WatchSetup {
    scope?: Scope;
    times?: Partial<WatchTimes>;
    tools?: (name: string) => boolean;
  }

  it('tells of what it follows, and of nothing else', async () => {
    start([cart]);
    fleet.put({ name: 'shop' });
    fleet.put({ name: 'cart' });
    fleet.job('eu', 'default', { jobId: 'j', state: 'queued' });
    await eventually(() => told.length > 0);
    expect(told).toEqual([cart]);
  });

  it('tells of what only a detail shows, and not of a new version of the same', async () => {
    start([cart, shop]);
    for (const name of ['cart', 'shop']) fleet.put({ name });
    await eventually(() => told.length === 2);
    fleet.put({ name: 'shop' });
    fleet.put({ name: 'cart', labels: { team: 'web' } });
    await eventually(() => told.length === 3);
    expect(told[2]).toBe(cart);
  });

  it('a resource that changes many times in a second is told once at once, and once after it', async () => {
    start([cart], { times: { againMs: 300 } });
    fleet.put({ name: 'cart', health: 'Degraded' });
    await eventually(() => told.length === 1);
    const first = performance.now();
    for (let i = 0; i < 50; i++) {
      fleet.put({ name: 'cart', health: i % 2 ? 'Degraded' : 'Healthy' });
      await new Promise((resolve) => setImmediate(resolve));
    }
    await eventually(() => told.length === 2);
    expect(performance.now() - first).toBeGreaterThan(250);
    fleet.put({ name: 'shop' });
    await eventually(() => fleet.events.readers === 1 && told.length === 2);
  });

  it('the status has a rhythm of its own', async () => {
    start(['fleet://status', cart], { times: { againMs: 1, statusAgainMs: 60_000 } });
    for (let i = 0; i < 5; i++) {
      fleet.put({ name: 'cart', health: i % 2 ? 'Degraded' : 'Healthy' });
      await eventually(() => told.filter((uri) => uri === cart).length === i + 1);
    }
    expect(told.filter((uri) => uri === 'fleet://status')).toHaveLength(1);
  });

  it('a reader that has not taken what was sent is told later, of each resource once', async () => {
    start([cart, shop], { times: { againMs: 1 } });
    isReady = false;
    for (let i = 0; i < 20; i++) {
      for (const name of ['cart', 'shop']) fleet.put({ name, health: i % 2 ? 'Degraded' : 'Healthy' });
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(told).toEqual([]);
    isReady = true;
    await eventually(() => told.length === 2);
    expect(new Set(told)).toEqual(new Set([cart, shop]));
  });

  it('what lies outside of the scope is not heard of, not even by the status', async () => {
    start(['fleet://status', cart, 'fleet://clusters/us'], { scope: inClusters('us') });
    fleet.put({ name: 'cart' });
    fleet.add('us');
    await eventually(() => told.includes('list'));
    expect(told.sort()).toEqual(['fleet://clusters/us', 'fleet://status', 'list']);
    watch.close();
    start(['fleet://status', cart, shop], { scope: inProjects('shops') });
    fleet.put({ name: 'cart', project: 'carts' });
    fleet.put({ name: 'shop', project: 'shops' });
    await eventually(() => told.length === 2);
    expect(told).not.toContain(cart);
  });

  it('resources of a tool that the caller may not call are silent', async () => {
    start(['fleet://status', cart], { tools: (name) => name === 'get_application' });
    fleet.put({ name: 'cart' });
    fleet.add('us');
    await eventually(() => told.length > 0);
    expect(told).toEqual([cart]);
  });

  it('after a gap everything that is followed counts as changed', async () => {
    start([cart, 'fleet://status', 'fleet://jobs/sync-1']);
    fleet.gap();
    await eventually(() => told.length === 3);
    expect(told).not.toContain('list');
  });

  it('holds no place in the feed while nothing is followed', () => {
    start([], {}, false);
    expect(fleet.events.readers).toBe(0);
    watch.follow([cart], false);
    expect(fleet.events.readers).toBe(1);
    watch.follow([], false);
    expect(fleet.events.readers).toBe(0);
  });
});
