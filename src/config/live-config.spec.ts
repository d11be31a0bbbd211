import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../test/support/config-fixture.js';
import { LiveConfig, type ConfigUser } from './live-config.js';

const config = (name: string) =>
  readConfig(`clusters: [{name: ${name}, url: "https://a", token: {env: TOKEN}}]`).config;

describe('the configuration while the program runs', () => {
  it('is taken over by all who use it, and tells what that changed', async () => {
    const live = new LiveConfig(config('old'));
    const seen: string[] = [];
    const user = (summary?: Record<string, unknown>): ConfigUser => ({
      prepare: (next) => ({ summary, commit: () => void seen.push(next.hash) }),
    });
    live.join(user({ added: ['new'] }));
    live.join(user());
    const next = config('new');
    expect(await live.change(next)).toEqual({ isChange: true, summary: { added: ['new'] } });
    expect(seen).toEqual([next.hash, next.hash]);
    expect(live.current).toBe(next);
    expect(Object.isFrozen(next.clusters)).toBe(true);
  });

  it('stays as it was for everybody when one of them cannot use the new one', async () => {
    const live = new LiveConfig(config('old'));
    const done: string[] = [];
    live.join({
      prepare: () => ({ commit: () => void done.push('commit'), abandon: () => void done.push('abandon') }),
    });
    live.join({
      prepare: () => {
        throw new Error('no such file');
      },
    });
    await expect(live.change(config('new'))).rejects.toThrow('no such file');
    expect(done).toEqual(['abandon']);
    expect(live.current.clusters[0]?.name).toBe('old');
  });

  it('is not told to who has left', async () => {
    const live = new LiveConfig(config('old'));
    const leave = live.join({ prepare: () => ({ summary: { a: 1 }, commit: () => undefined }) });
    leave();
    expect((await live.change(config('new'))).summary).toEqual({});
  });
});
