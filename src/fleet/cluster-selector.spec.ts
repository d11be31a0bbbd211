import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { selectorPattern } from '../config/names.js';
import { AppError } from '../errors/app-error.js';
import { parseClusterSelector, type SelectableCluster } from './cluster-selector.js';

const fleet: SelectableCluster[] = [
  { name: 'eu-prod', labels: { env: 'prod', region: 'eu' } },
  { name: 'eu-dev', labels: { env: 'dev', region: 'eu' } },
  { name: 'us-prod', labels: { env: 'prod', region: 'us' } },
  { name: 'us-stage', labels: { env: 'stage', region: 'us' } },
  { name: 'lab', labels: {} },
];

const select = (text: string) => {
  const { matches } = parseClusterSelector(text);
  return fleet.filter(matches).map(({ name }) => name);
};

describe('a cluster selector', () => {
  it.each([
    ['eu-prod', ['eu-prod']],
    ['eu-prod,lab', ['eu-prod', 'lab']],
    ['eu-*', ['eu-prod', 'eu-dev']],
    ['??-prod', ['eu-prod', 'us-prod']],
    ['*', ['eu-prod', 'eu-dev', 'us-prod', 'us-stage', 'lab']],
    ['env=prod', ['eu-prod', 'us-prod']],
    ['env=prod,env=stage', ['eu-prod', 'us-prod', 'us-stage']],
    ['env=prod,region=eu', ['eu-prod']],
    ['env=prod,env=dev,region=eu', ['eu-prod', 'eu-dev']],
    ['lab,env=prod,region=us', ['us-prod', 'lab']],
    ['!eu-dev', ['eu-prod', 'us-prod', 'us-stage', 'lab']],
    ['!eu-*,!lab', ['us-prod', 'us-stage']],
    ['eu-*,!eu-dev', ['eu-prod']],
    ['env=prod,!region=us', ['eu-prod']],
    ['env!=prod', ['eu-dev', 'us-stage', 'lab']],
    ['*,env!=prod,!lab', ['eu-dev', 'us-stage']],
    ['eu-prod,!eu-prod', []],
    ['env=Prod', []],
    ['env=', []],
    ['unknown', []],
    ['constructor=x', []],
    [' eu-prod , lab ', ['eu-prod', 'lab']],
  ])('%s means %j', (text, names) => {
    expect(select(text)).toEqual(names);
  });

  it('an empty label value means exactly that, not a missing label', () => {
    const { matches } = parseClusterSelector('tier=');
    expect(matches({ name: 'a', labels: { tier: '' } })).toBe(true);
    expect(matches({ name: 'a', labels: {} })).toBe(false);
  });

  it('tells the exact names it mentions, excluded ones too', () => {
    expect(parseClusterSelector('eu-prod,eu-*,!eu-pord,env=prod,eu-prod').names).toEqual(['eu-prod', 'eu-pord']);
  });

  it.each([
    ['', /empty term/],
    ['a,', /empty term/],
    ['a,,b', /empty term/],
    ['!', /cannot be read: "!"/],
    ['!!a', /cannot be read/],
    ['a b', /cannot be read/],
    ['=prod', /cannot be read/],
    ['!env!=prod', /cannot be read/],
    ['env==prod', /cannot be read/],
    ['env=pr*d', /only names take \* and \?/],
    ['{a,b}', /cannot be read/],
    ['[ab]', /cannot be read/],
    ['+(a)', /cannot be read/],
    ['\u001b[31m', /cannot be read: "\?\[31m"/],
    ['x'.repeat(1001), /longer than 1000/],
    [Array(101).fill('a').join(), /more than 100 terms/],
    ['*a'.repeat(11), /too long or has more than 10 stars/],
  ])('%j is refused with a reason', (text, reason) => {
    expect(() => parseClusterSelector(text)).toThrow(reason);
    try {
      parseClusterSelector(text);
    } catch (error) {
      expect((error as AppError).code).toBe('invalid_input');
    }
  });

  const term = fc.oneof(
    fc.constantFrom(
      'eu-prod',
      'eu-*',
      '*',
      'env=prod',
      'env=stage',
      'region=eu',
      '!eu-dev',
      '!us-*',
      'env!=dev',
      '!region=us',
      'lab',
    ),
    fc.stringMatching(/^[a-z!=*?., -]{0,12}$/),
  );
  const selector = fc.array(term, { minLength: 1, maxLength: 6 }).map((terms) => terms.join(','));

  it('reads every text or refuses it with invalid_input', () => {
    fc.assert(
      fc.property(fc.oneof(selector, fc.string({ maxLength: 60 })), (text) => {
        try {
          parseClusterSelector(text);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
          expect((error as AppError).code).toBe('invalid_input');
        }
      }),
    );
  });

  it('is read exactly if the pattern of the configuration schema allows it', () => {
    const isRead = (text: string) => {
      try {
        parseClusterSelector(text);
        return true;
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(fc.oneof(selector, fc.stringMatching(/^[a-zA-Z0-9!=*?.,_/ -]{0,20}$/)), (text) => {
        fc.pre(text.split('*').length <= 11);
        expect(isRead(text)).toBe(selectorPattern.test(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('an exclusion only ever takes clusters away, and nothing excluded is selected', () => {
    const readable = selector.filter((text) => selectorPattern.test(text) && text.split('*').length <= 11);
    fc.assert(
      fc.property(readable, fc.constantFrom('eu-prod', 'us-*', 'env=prod'), (text, exclusion) => {
        const before = select(text);
        const after = select(`${text},!${exclusion}`);
        expect(before).toEqual(expect.arrayContaining(after));
        for (const name of select(exclusion)) expect(after).not.toContain(name);
      }),
    );
  });

  it('a label term never selects more than the selector without it, once there is another label key', () => {
    fc.assert(
      fc.property(fc.constantFrom('prod', 'dev', 'stage'), fc.constantFrom('eu', 'us'), (env, region) => {
        expect(select(`env=${env}`)).toEqual(expect.arrayContaining(select(`env=${env},region=${region}`)));
      }),
    );
  });

  it('has the same key in another order and spacing', () => {
    expect(parseClusterSelector('b, a,b').key).toBe(parseClusterSelector('a,b').key);
    expect(parseClusterSelector('a').key).not.toBe(parseClusterSelector('!a').key);
  });
});
