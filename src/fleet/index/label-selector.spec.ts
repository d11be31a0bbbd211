import { describe, expect, it } from '@jest/globals';
import { labelsMatch, parseLabelSelector } from './label-selector.js';

describe('label selector', () => {
  const labels = { env: 'prod', tier: 'web', 'app.kubernetes.io/name': 'cart', empty: '', wave: '10' };

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
    ['wave>9', true],
    ['wave > 10', false],
    ['wave<11', true],
    ['env>1', false],
    ['missing<1', false],
    ['tier in(web)', true],
    ['empty in ()', true],
    ['empty notin (a,)', false],
  ])('%s matches as Kubernetes would: %s', (text, expected) => {
    expect(labelsMatch(labels, parseLabelSelector(text))).toBe(expected);
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
    'a>b',
    'a>-1',
    'a><1',
    'wave>99999999999999999999',
    'a'.repeat(1001),
  ])('%j is refused with invalid_input', (text) => {
    expect(() => parseLabelSelector(text)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });

  it('never reads inherited properties as labels', () => {
    expect(labelsMatch({}, parseLabelSelector('constructor'))).toBe(false);
    expect(labelsMatch({}, parseLabelSelector('!toString'))).toBe(true);
  });
});
