import { describe, expect, it } from '@jest/globals';
import { plainText } from './plain-text.js';

describe('plain text', () => {
  it('has no line breaks, escapes, overrides or zero-width marks left', () => {
    expect(plainText('a\r\nb\u001b[1;31mc\u202ed\u200be\u0000f', 100)).toBe('a bc d e f');
  });

  it('is cut with an ellipsis and never longer than asked', () => {
    expect(plainText('abcdef', 4)).toBe('abc…');
    expect(plainText('x'.repeat(1_000_000), 10)).toHaveLength(10);
  });
});
