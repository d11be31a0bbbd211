import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { decodeCursor, encodeCursor } from './cursor.js';

describe('cursor', () => {
  const position = z.object({ key: z.number(), name: z.string() });
  const place = { key: -5, name: 'cart' };

  it.each([
    '',
    'x',
    'AAAA',
    Buffer.from('[]').toString('base64url'),
    Buffer.from('["a",[1]]').toString('base64url'),
    Buffer.from('["a",{"key":1}]').toString('base64url'),
    'z'.repeat(3000),
  ])('%j is refused as no cursor of ours', (cursor) => {
    expect(() => decodeCursor('q', cursor, position)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });

  it('is refused for another question or another scope', () => {
    const cursor = encodeCursor(['scope a', { health: ['Degraded'] }], place);
    expect(decodeCursor(['scope a', { health: ['Degraded'] }], cursor, position)).toEqual(place);
    expect(() => decodeCursor(['scope b', { health: ['Degraded'] }], cursor, position)).toThrow(/another question/);
    expect(() => decodeCursor(['scope a', {}], cursor, position)).toThrow(/another question/);
  });
});
