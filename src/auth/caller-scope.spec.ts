import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { everything } from '../fleet/scope.js';
import { scopeOf } from './caller-scope.js';

describe('the scope of an API key', () => {
  it('is everything where the key says nothing', () => {
    expect(scopeOf({})).toBe(everything);
  });

  it('shows exactly the projects that a glob means', () => {
    const { project } = scopeOf({ projects: ['pay*', 'cor?'] });
    expect(['payments', 'core', 'default', 'prepay', 'cores', ''].filter(project)).toEqual(['payments', 'core']);
  });

  it('shows nothing for an empty list of projects', () => {
    expect(scopeOf({ projects: [] }).project('default')).toBe(false);
  });

  it('takes no pattern for more than stars and question marks', () => {
    const { project } = scopeOf({ projects: ['{a,b}', '[ab]', '!(a)', '+(a)', '.*', 'a|b', '(a+)+$'] });
    fc.assert(fc.property(fc.stringMatching(/^[a-z0-9-]{1,20}$/), (name) => expect(project(name)).toBe(false)));
  });

  it('has equal keys for equal scopes and different keys for different ones', () => {
    const key = (clusters?: string, projects?: string[]) => scopeOf({ clusters, projects }).key;
    expect(key('a,b', ['x', 'y'])).toBe(key('b, a', ['y', 'x', 'y']));
    const all = [key(), key('a'), key('!a'), key('a', ['x']), key(undefined, ['x']), key(undefined, []), key('x')];
    expect(new Set(all).size).toBe(all.length);
  });

  it('what an exclusion hides is never shown, whatever else the key says', () => {
    const name = fc.constantFrom('eu-prod', 'eu-dev', 'us-prod', 'lab');
    const more = fc.array(fc.constantFrom('*', 'eu-*', 'env=prod', 'eu-dev', 'lab'), { maxLength: 4 });
    fc.assert(
      fc.property(name, name, more, (hidden, other, terms) => {
        const { cluster } = scopeOf({ clusters: [...terms, `!${hidden}`].join(',') });
        expect(cluster({ name: hidden, labels: { env: 'prod' } })).toBe(false);
        if (terms.length === 0 && other !== hidden) expect(cluster({ name: other, labels: {} })).toBe(true);
      }),
    );
  });
});
