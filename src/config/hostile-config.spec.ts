import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configEnv as env, configErrorOf, readConfig } from '../../test/support/config-fixture.js';
import { ConfigError } from './config-error.js';
import { loadConfig } from './load-config.js';

const folder = mkdtempSync(join(tmpdir(), 'fleet-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const put = (name: string, text: string | Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

describe('hostile text', () => {
  it.each([
    [
      'aliases that multiply',
      `a: &a [x,x,x,x,x,x,x,x,x,x]\n${[...'bcdefghij'].map((name, i) => `${name}: &${name} [${Array(10).fill(`*${'abcdefghij'[i]}`).join()}]`).join('\n')}`,
      /uses aliases that lead nowhere or multiply/,
    ],
    ['many aliases', `a: &a x\nb: [${Array(20_000).fill('*a').join()}]`, /more than 2000 aliases/],
    ['depth', `clusters: ${'['.repeat(100_000)}`, /nested too deeply|closing quote, bracket/],
    ['balanced depth', `clusters: ${'['.repeat(3_000)}${']'.repeat(3_000)}`, /nested (too deeply|deeper)/],
    ['many values', `clusters: [${Array(101_000).fill('x').join()}]`, /more than 100000 values/],
    ['many keys', `clusters: {${Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join()}}`, /must be a list/],
  ])('bounds %s', (_name, text, expected) => {
    expect(configErrorOf(text).message).toMatch(expected);
  });

  it('bounds the file, and says what kind of thing it is instead', () => {
    const message = (file: string) => {
      try {
        loadConfig({ file, env });
        return 'accepted';
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
        return (error as ConfigError).message;
      }
    };
    expect(message(put('large.yaml', `#${' '.repeat(4 * 1024 * 1024)}`))).toMatch(/larger than 4 MiB/);
    expect(message(put('binary.yaml', Buffer.from([0xff, 0xfe, 0x00])))).toMatch(/not UTF-8/);
    expect(message(join(folder, 'missing.yaml'))).toMatch(/missing\.yaml: does not exist/);
    expect(message(folder)).toMatch(/is a folder/);
  });

  it('is a ConfigError, whatever the text', () => {
    const yaml = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.json(),
      fc.json().map((json) => `clusters: ${json}`),
      fc.json().map((json) => `server: ${json}\nredis: ${json}\ndefaults: ${json}\nclusters: [${json}]`),
      fc
        .array(
          fc.constantFrom(
            'clusters:',
            ' ',
            '\n',
            '- ',
            'name: a',
            '{',
            '}',
            '[',
            ']',
            '&a ',
            '*a',
            '"',
            "'",
            '|',
            '!',
            '<<: ',
            ': ',
            ',',
            '\t',
            '#',
            '%',
            '---',
          ),
        )
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(yaml, (text) => {
        try {
          readConfig(text);
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
          for (const { message } of (error as ConfigError).problems) expect(message).not.toBe('');
        }
      }),
      { numRuns: 300 },
    );
  });
});
