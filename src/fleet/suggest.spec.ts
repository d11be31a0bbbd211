import { describe, expect, it } from '@jest/globals';
import { didYouMean, suggest } from './suggest.js';
import { plainText } from './plain-text.js';

describe('suggestions', () => {
  it('come close in spelling or contain the name, closest first, three at most', () => {
    expect(suggest('payment-api', ['payments-api', 'cart', 'payment'])).toEqual(['payment', 'payments-api']);
    expect(suggest('eu-prdo', ['eu-prod', 'us-prod', 'eu-dev'])).toEqual(['eu-prod']);
    expect(suggest('car', ['cart', 'card', 'cars', 'care'])).toHaveLength(3);
    expect(suggest('zzz', ['cart'])).toEqual([]);
  });

  it('read as a sentence', () => {
    expect(didYouMean([])).toBe('');
    expect(didYouMean(['a'])).toBe(' Did you mean a?');
    expect(didYouMean(['a', 'b', 'c'])).toBe(' Did you mean a, b or c?');
  });
});

describe('plain text', () => {
  it('has no line breaks, escapes, overrides or zero-width marks left', () => {
    expect(plainText('a\r\nb\u001b[1;31mc\u202ed\u200be\u0000f', 100)).toBe('a bc d e f');
  });

  it('is cut with an ellipsis and never longer than asked', () => {
    expect(plainText('abcdef', 4)).toBe('abc…');
    expect(plainText('x'.repeat(1_000_000), 10)).toHaveLength(10);
  });
});
