import fc from 'fast-check';
import { describe, expect, it } from '@jest/globals';
import { upstreamText } from './upstream-text.js';

describe('upstream text', () => {
  it('is one line without escapes, controls, bidirectional marks or tokens', () => {
    const text =
      'a\u001b[31mred\u001b[0m\r\n\tb\u202ec\u2066d\u0000e \u001b]8;;http://x\u0007link eyJhbGciOi.eyJzdWIi.c2ln';
    expect(upstreamText(text)).toBe('ared b c d e link <redacted>');
    expect(upstreamText('the s3cret-value is s3cret-value', ['s3cret-value'])).toBe('the <redacted> is <redacted>');
  });

  it('holds no credentials of an address', () => {
    expect(upstreamText('cannot clone https://bot:s3cret@git.example.com/a: 403')).toBe(
      'cannot clone https://[redacted]@git.example.com/a: 403',
    );
  });

  it('is undefined where there is none', () => {
    for (const value of [undefined, null, 5, {}, '', ' \n\u0000']) expect(upstreamText(value)).toBeUndefined();
  });

  it('never exceeds 500 characters, never splits one, and never holds a control character', () => {
    expect(Array.from(upstreamText('😀'.repeat(600)) ?? '')).toHaveLength(500);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2_000 }), (text) => {
        const shown = upstreamText(text) ?? '';
        expect(Array.from(shown).length).toBeLessThanOrEqual(500);

        expect(shown).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      }),
    );
  });
});
