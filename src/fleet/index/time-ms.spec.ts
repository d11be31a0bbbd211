import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { timeMs } from './time-ms.js';

describe('reading a time', () => {
  it('comes to what Date.parse reads, whatever is written', () => {
    const digits = (max: number) => fc.integer({ min: 0, max }).map((number) => String(number).padStart(2, '0'));
    const odd = fc.tuple(
      fc.integer({ min: 0, max: 9_999 }),
      digits(13),
      digits(32),
      digits(25),
      digits(61),
      digits(61),
    );
    const form = odd.map(
      ([year, month, day, ...time]) => `${String(year).padStart(4, '0')}-${month}-${day}T${time.join(':')}Z`,
    );
    const time = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31') });
    const broken = fc
      .tuple(form, fc.nat(19), fc.constantFrom('x', ' ', '', '-', '/', 'Z', '+'))
      .map(([text, at, character]) => text.slice(0, at) + character + text.slice(at + 1));
    const any = fc.oneof(
      form,
      broken,
      time.map((date) => date.toISOString()),
      time.map((date) => date.toISOString().replace(/\.\d+Z/, 'Z')),
      fc.string({ minLength: 20, maxLength: 20 }),
    );
    fc.assert(
      fc.property(any, (text) => {
        expect(timeMs(text)).toBe(Date.parse(text));
      }),
      { numRuns: 5_000 },
    );
  });
});
