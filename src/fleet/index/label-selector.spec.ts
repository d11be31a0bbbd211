import { describe, expect, it } from '@jest/globals';
import { parseLabelSelector } from './label-selector.js';

describe('label selector', () => {
  const labels = { env: 'prod', tier: 'web', 'app.kubernetes.io/name': 'cart', empty: '' };

  it.each([
    ['env=prod', true],
    ['env == prod', true],
    ['env=dev', false],
    ['env!=dev', true],
    ['missing!=dev', true],
    ['tier in (web, api)', true],
    ['tier in (api)', false],
    ['tier notin (api)', true],
    ['missing notin (api)', true],
    ['tier notin (web,api)', false],
    ['env', true],
    ['missing', false],
    ['!missing', true],
    ['!env', false],
    ['app.kubernetes.io/name=cart,env=prod', true],
    ['env=prod,tier in (api,web),!legacy', true],
    ['env=prod,tier=db', false],
    ['empty=', true],
    ['env=', false],
  ])('%s matches as Kubernetes would: %s', (text, expected) => {
    expect(parseLabelSelector(text)(labels)).toBe(expected);
  });

  it.each([
    '',
    'env===prod',
    'a=b=c',
    'tier in web',
    'tier in (web',
    'a,,b',
    '-bad=x',
    'env=-x',
    'x y',
    'a'.repeat(1001),
  ])('%j is refused with invalid_input', (text) => {
    expect(() => parseLabelSelector(text)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });

  it('never reads inherited properties as labels', () => {
    expect(parseLabelSelector('constructor')({})).toBe(false);
    expect(parseLabelSelector('!toString')({})).toBe(true);
  });
});
