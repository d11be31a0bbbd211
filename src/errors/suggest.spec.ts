import { describe, expect, it } from '@jest/globals';
import { didYouMean, suggest } from './suggest.js';

describe('suggestions', () => {
  it('come close in spelling or contain the name, closest first, three at most', () => {
    expect(suggest('payment-api', ['payments-api', 'cart', 'payment'])).toEqual(['payment', 'payments-api']);
    expect(suggest('eu-prdo', ['eu-prod', 'us-prod', 'eu-dev'])).toEqual(['eu-prod']);
    expect(suggest('car', ['cart', 'card', 'cars', 'care'])).toHaveLength(3);
    expect(suggest('zzz', ['cart'])).toEqual([]);
    expect(suggest('ulr', ['url', 'port'])).toEqual(['url']);
  });

  it('read as a sentence', () => {
    expect(didYouMean([])).toBe('');
    expect(didYouMean(['a'])).toBe(' Did you mean a?');
    expect(didYouMean(['a', 'b', 'c'])).toBe(' Did you mean a, b or c?');
  });
});
