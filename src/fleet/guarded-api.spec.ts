import { describe, expect, it } from '@jest/globals';
import type { ArgoCdApi } from '../argocd/argocd-api.js';
import { AppError } from '../errors/app-error.js';
import { GuardedApi } from './guarded-api.js';
import { OneAtATime } from './one-at-a-time.js';

/** An upstream whose `version` does what the test says, and counts how often and how many at once it was asked. */
function upstream(version: () => Promise<{ Version: string }>) {
  const seen = { calls: 0, now: 0, most: 0 };
  const api = {
    version: async () => {
      seen.calls++;
      seen.most = Math.max(seen.most, ++seen.now);
      try {
        return await version();
      } finally {
        seen.now--;
      }
    },
  } as unknown as ArgoCdApi;
  return { api, seen };
}

const fail = (code: 'cluster_unreachable' | 'not_found' | 'cluster_refused') => async () => {
  throw new AppError(code, 'it failed');
};

describe('guarded api', () => {
  it('a cluster that fails five times in a row is left alone, and says so at once', async () => {
    const states: string[] = [];
    const { api, seen } = upstream(fail('cluster_unreachable'));
    const guarded = new GuardedApi(api, { concurrentRequests: 4 }, undefined, (state) => states.push(state));
    for (let i = 0; i < 5; i++) await expect(guarded.version()).rejects.toMatchObject({ message: 'it failed' });
    await expect(guarded.version()).rejects.toMatchObject({
      code: 'cluster_unreachable',
      details: { reason: 'breaker_open' },
    });
    expect(seen.calls).toBe(5);
    expect(states).toEqual(['open']);
  });

  it.each(['not_found', 'cluster_refused'] as const)('%s is an answer and opens nothing', async (code) => {
    const { api, seen } = upstream(fail(code));
    const guarded = new GuardedApi(api, { concurrentRequests: 4 });
    for (let i = 0; i < 10; i++) await expect(guarded.version()).rejects.toMatchObject({ code });
    expect(seen.calls).toBe(10);
  });

  it('an error that Argo CD itself told opens nothing: it is there', async () => {
    const { api, seen } = upstream(async () => {
      throw new AppError('cluster_unreachable', 'it failed', { upstreamStatus: 500, upstreamCode: 2 });
    });
    const guarded = new GuardedApi(api, { concurrentRequests: 4 });
    for (let i = 0; i < 10; i++) await expect(guarded.version()).rejects.toMatchObject({ message: 'it failed' });
    expect(seen.calls).toBe(10);
  });

  it('never has more requests under way than the limit', async () => {
    const { api, seen } = upstream(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return { Version: 'v3.6.0' };
    });
    const guarded = new GuardedApi(api, { concurrentRequests: 3 });
    await Promise.all(Array.from({ length: 50 }, () => guarded.version()));
    expect(seen).toMatchObject({ calls: 50, most: 3 });
  });

  it('refuses more than it can queue instead of growing without end', async () => {
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const { api } = upstream(async () => {
      await held;
      return { Version: 'v3.6.0' };
    });
    const guarded = new GuardedApi(api, { concurrentRequests: 1 });
    const calls = Array.from({ length: 300 }, () => guarded.version().catch((error: AppError) => error.code));
    release();
    const outcomes = await Promise.all(calls);
    expect(outcomes.filter((outcome) => outcome === 'cluster_timeout')).toHaveLength(99);
  });

  it('a client and the one that replaces it read one list of their cluster at a time', async () => {
    const seen = { now: 0, most: 0, calls: 0 };
    const api = {
      listEach: async () => {
        seen.calls++;
        seen.most = Math.max(seen.most, ++seen.now);
        await new Promise((resolve) => setImmediate(resolve));
        seen.now--;
        return { count: 0, unreadable: 0 };
      },
    } as unknown as ArgoCdApi;
    const lists = new OneAtATime();
    const client = () => new GuardedApi(api, { concurrentRequests: 4 }, undefined, undefined, lists);
    const both = [client(), client()];
    await Promise.all([...both, ...both].map((each) => each.listEach({}, () => undefined)));
    expect(seen).toEqual({ now: 0, most: 1, calls: 4 });
  });

  it('every request is observed with what it came to', async () => {
    const observed: string[] = [];
    const { api } = upstream(fail('not_found'));
    const guarded = new GuardedApi(api, { concurrentRequests: 1 }, (endpoint, outcome) =>
      observed.push(`${endpoint} ${outcome}`),
    );
    await guarded.version().catch(() => undefined);
    expect(observed).toEqual(['version not_found']);
  });
});
