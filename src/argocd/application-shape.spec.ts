import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { allRecordings } from '../../test/support/recordings.js';
import { application, watchFrame } from './schemas.js';
import { isApplication, isFrame } from './application-shape.js';

/** Every value inside a value, with the way to it. */
function* inside(value: unknown, path: (string | number)[] = []): Generator<(string | number)[]> {
  yield path;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, part] of Object.entries(value)) yield* inside(part, [...path, key]);
}

function changed(value: unknown, path: (string | number)[], to: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return to;
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  (copy as Record<string, unknown>)[key] = changed((value as Record<string, unknown>)[key], rest, to);
  return copy;
}

/** What the insides of a schema say. Source: https://zod.dev/packages/core */
interface Definition {
  type: string;
  shape?: Record<string, { _zod: { def: Definition } }>;
  innerType?: { _zod: { def: Definition } };
  element?: { _zod: { def: Definition } };
}

/** A value that holds everything which the schema knows. */
function sampleOf({ type, shape, innerType, element }: Definition): unknown {
  if (innerType) return sampleOf(innerType._zod.def);
  if (element) return [sampleOf(element._zod.def)];
  if (shape) return Object.fromEntries(Object.entries(shape).map(([key, part]) => [key, sampleOf(part._zod.def)]));
  const simple = { string: 'text', number: 5, boolean: true, record: { a: 'text' } };
  expect(Object.keys(simple)).toContain(type);
  return simple[type as keyof typeof simple];
}

describe('the quick test of an application', () => {
  const frame = sampleOf(watchFrame._zod.def as unknown as Definition);
  const names = [...new Set([...inside(frame)].flat().map(String))];
  const agree = (value: unknown): void => {
    const expected = watchFrame.safeParse(value).success;
    if (isFrame(value) !== expected) expect([value, !expected]).toEqual([value, expected]);
  };

  it('says what the schema says of every value of the recordings', () => {
    let frames = 0;
    for (const { response } of allRecordings()) {
      const { body } = response;
      if (typeof body !== 'object' || body === null) continue;
      frames++;
      agree({ result: { type: 'ADDED', application: body } });
      expect(isApplication(body)).toBe(application.safeParse(body).success);
    }
    expect(frames).toBeGreaterThan(200);
  });

  it('says what the schema says when any one part is of another kind', () => {
    expect(isFrame(frame)).toBe(true);
    const others = [
      undefined,
      null,
      'text',
      '',
      0,
      1.5,
      Infinity,
      NaN,
      true,
      [],
      ['text'],
      [5],
      [null],
      {},
      { a: 5 },
      [{}],
    ];
    for (const path of inside(frame)) for (const other of others) agree(changed(frame, path, other));
  });

  it('says what the schema says of anything', () => {
    const keys = fc.constantFrom(...names);
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 8, withCrossShrink: true },
        fc.constantFrom(null, 'text', 5, true),
        fc.array(tie('value'), { maxLength: 2 }),
        fc.dictionary(keys, tie('value'), { maxKeys: 6 }),
      ),
    }));
    fc.assert(
      fc.property(value, value, (one, other) => {
        agree(one);
        agree({ result: { type: 'ADDED', application: one } });
        agree({ result: { type: 'ADDED', application: { metadata: one, status: other } } });
      }),
      { numRuns: 1_000 },
    );
  });

  it('names that mean something to JavaScript prove nothing', () => {
    for (const text of ['{"__proto__":{"result":5}}', '{"result":{"__proto__":{"type":"ADDED","application":{}}}}']) {
      agree(JSON.parse(text));
    }
    // The schema passes this name over; here it is a label as any other, and must be a text.
    const labelled = JSON.parse('{"metadata":{"labels":{"__proto__":5}}}') as unknown;
    expect(isApplication(labelled)).toBe(false);
  });
});
