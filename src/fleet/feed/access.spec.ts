import { describe, expect, it } from '@jest/globals';
import { Access } from './access.js';

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
});
