import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readAnswer } from '../../test/support/answer-reader.js';
import { answerText } from './answer-text.js';

const textOf = (output: Record<string, unknown>): string => answerText({ output, json: JSON.stringify(output) });

describe('the text of an answer', () => {
  it('says all that the JSON says, whatever stands in it', () => {
    const name = fc.stringMatching(/^[a-z][a-zA-Z]{0,7}$/);
    const texts = fc.oneof(
      fc.string(),
      fc.string({ unit: 'grapheme' }),
      fc.stringMatching(/^[-"[{|\\\n\r\t 0-9.eE+truefalsn\u0085\u2028:,]{0,6}$/),
      fc.constantFrom(
        'Healthy',
        '3.5',
        '1e5',
        '00',
        '-',
        'null',
        'True',
        '',
        ' x',
        'a|b',
        'two\nlines',
        '{"a":1}',
        'a: b',
      ),
    );
    const scalars = fc.oneof(texts, fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean());
    const values = fc.oneof(
      scalars,
      fc.array(scalars, { maxLength: 3 }),
      fc.dictionary(name, scalars, { maxKeys: 3, noNullPrototype: true }),
    );
    const row = fc.dictionary(fc.constantFrom('cluster', 'name', 'reason', 'stale', 'at'), values, {
      noNullPrototype: true,
    });
    const answers = fc.dictionary(name, fc.oneof(values, fc.array(row, { maxLength: 4 })), { noNullPrototype: true });
    fc.assert(
      fc.property(answers, (answer) => {
        // What JSON keeps is what there is to say: it knows no -0.
        expect(readAnswer(textOf(answer))).toEqual(JSON.parse(JSON.stringify(answer)));
      }),
      { numRuns: 500 },
    );
  });

  it('names the fields of a list once, and what all of its rows have in common once', () => {
    const row = { cluster: 'eu', name: 'cart', health: 'Degraded', revision: '3.5', reason: 'Caused by a | "b"' };
    const output = {
      applications: [row, { cluster: 'eu', name: 'shop', health: 'Healthy', revision: '3.5.2' }],
      total: 2,
      totals: { health: { Degraded: 1, Healthy: 1 } },
      asOf: '2026-11-24T16:03:58.811Z',
      unavailable: [],
    };
    expect(textOf(output).split('\n')).toEqual([
      'applications (2 rows, each with {"cluster":"eu"}):',
      'name|health|revision|reason',
      'cart|Degraded|"3.5"|"Caused by a \\u007c \\"b\\""',
      'shop|Healthy|3.5.2|',
      '',
      'total: 2',
      'totals: {"health":{"Degraded":1,"Healthy":1}}',
      'asOf: 2026-11-24T16:03:58.811Z',
      'unavailable: []',
      '',
    ]);
  });

  it('text from a cluster cannot pass for a row of its own', () => {
    const reason = 'boom\nevil|Healthy|\u2028x';
    const lines = textOf({ applications: [{ name: 'cart', reason }] }).split(/[\n\r\u0085\u2028\u2029]/);
    expect(lines).toEqual(['applications (1 row):', 'name|reason', expect.stringMatching(/^cart\|"boom/), '', '']);
  });

  it('is the JSON where there is no list of rows', () => {
    const output = { job: { jobId: 'sync-1' }, unavailable: [] };
    expect(textOf(output)).toBe(JSON.stringify(output));
  });
});
