import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { upstreamText } from '../../argocd/upstream-text.js';
import { plainText } from './plain-text.js';

/** What plain text is, with no short way for texts that need nothing. */
function slowly(text: string, lengthMax: number): string {
  const characters = Array.from(upstreamText(text) ?? '');
  if (characters.length <= lengthMax) return characters.join('');
  return `${characters
    .slice(0, lengthMax - 1)
    .join('')
    .trimEnd()}…`;
}

describe('plain text', () => {
  it('has no line breaks, escapes, overrides or zero-width marks left', () => {
    expect(plainText('a\r\nb\u001b[1;31mc\u202ed\u200be\u0000f', 100)).toBe('a bc d e f');
  });

  it('is cut with an ellipsis and never longer than asked', () => {
    expect(plainText('abcdef', 4)).toBe('abc…');
    expect(plainText('x'.repeat(1_000_000), 10)).toHaveLength(10);
  });

  it('is the same whether the short way is taken or not', () => {
    const part = fc.oneof(
      fc.string(),
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom(
        ' ',
        '  ',
        '\n',
        'e',
        'eyJ',
        'eyJhbGciOi.eyJzdWIi.sig',
        '\u001b[1m',
        '\u202e',
        '…',
        'x'.repeat(20),
      ),
    );
    const text = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.integer({ min: 2, max: 60 }), (given, lengthMax) => {
        expect(plainText(given, lengthMax)).toBe(slowly(given, lengthMax));
      }),
      { numRuns: 5_000 },
    );
    for (const length of [498, 499, 500, 501, 502, 4_000, 5_000]) {
      for (const end of ['', ' ', 'e', 'eyJ', 'eyJhbGciOi.x.y']) {
        const given = 'a b'.repeat(length).slice(0, length) + end;
        for (const lengthMax of [300, 499, 500]) expect(plainText(given, lengthMax)).toBe(slowly(given, lengthMax));
      }
    }
  });
});
