import { describe, expect, it } from '@jest/globals';
import { Access } from './access.js';
import { manyVanished, readsLess } from './shortcomings.js';

describe('access', () => {
  it('an account that never could read every project has lost nothing when it still cannot', () => {
    const access = new Access();
    expect(access.told(false)).toBe(false);
    expect(access.reduced).toBeUndefined();
  });

  it('one that could and no longer can counts as reduced until it can again', () => {
    const access = new Access();
    access.told(true);
    expect(access.told(false)).toBe(true);
    expect(access.told(false)).toBe(false);
    expect(access.reduced?.message).toMatch(/may no longer read/);
    expect(access.told(true)).toBe(true);
    expect(access.reduced).toBeUndefined();
  });

  it('many missing applications say it too, until a list shows them again', () => {
    const access = new Access();
    access.listed(true);
    expect(access.reduced?.message).toMatch(/no longer listed/);
    access.listed(false);
    expect(access.reduced).toBeUndefined();
  });

  it('whoever watches next goes on from how it was, until that is so no longer', () => {
    const before = new Access();
    before.told(true);
    before.told(false);
    before.listed(true);
    const reader = new Access(before.reduced?.reduction);
    reader.listed(false);
    expect([reader.told(false), reader.reduced]).toEqual([false, readsLess]);
    expect([reader.told(true), reader.reduced]).toEqual([true, undefined]);
    const lister = new Access('many_vanished');
    // An account that never could read everything is no riddle.
    lister.told(false);
    expect(lister.reduced).toEqual(manyVanished);
    lister.listed(false);
    expect(lister.reduced).toBeUndefined();
  });
});
