import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseGlob } from './glob.js';

describe('glob', () => {
  it.each([
    ['pay*', 'payments-api', true],
    ['pay*', 'prepay', false],
    ['*-api', 'payments-api', true],
    ['cart', 'cart', true],
    ['cart', 'carts', false],
    ['car?', 'cart', true],
    ['*', 'anything/at.all', true],
    ['CART*', 'cart-api', true],
    ['a.c', 'abc', false],
    ['{a,b}', 'a', false],
    ['[ab]', 'a', false],
    ['!a', 'b', false],
    ['+(a)', 'a', false],
    ['**', 'x/y', true],
    ['.*', '.hidden', true],
    ['*', '.hidden', true],
    ['\\|*', 'a', false],
    ['a|b*', 'a', false],
    ['a*b*c', 'axxbyybzzc', true],
    ['a*b*c', 'axxbyybzz', false],
    ['a?c*', 'abc', true],
    ['?', '', false],
    ['*?', 'x', true],
  ])('%s on %s is %s', (pattern, text, expected) => {
    expect(parseGlob('name', pattern)(text)).toBe(expected);
  });

  it('refuses a pattern that could be slow', () => {
    expect(() => parseGlob('name', '*a'.repeat(11))).toThrow(/too long/);
  });

  it('a text without stars and question marks matches exactly itself', () => {
    const text = fc.string({ maxLength: 40 }).filter((s) => !/[*?]/.test(s));
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(parseGlob('name', a)(a)).toBe(true);
        expect(parseGlob('name', a)(b)).toBe(a.toLowerCase() === b.toLowerCase());
      }),
    );
  });

  it('a prefix pattern matches exactly the texts that start so', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z.[({+|^$\\-]{1,10}$/),
        fc.stringMatching(/^[a-z.[({+|^$\\-]{0,20}$/),
        (prefix, text) => {
          expect(parseGlob('name', `${prefix}*`)(text)).toBe(text.startsWith(prefix));
        },
      ),
    );
  });
});
