import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { durationText, lagOf, repositoryKey, type DeployedSource } from './lag.js';

const repository = 'https://git.example.com/shop/deploy';
const sha = (digit: string): string => digit.repeat(40);
const git = (revision?: string, address = repository): DeployedSource => ({ repository: address, revision });
const chart = (revision?: string): DeployedSource => ({
  repository: 'https://charts.example.com',
  chart: 'nginx',
  revision,
});
const day = 86_400_000;
const dates: Record<string, number> = { [sha('a')]: 0 * day, [sha('b')]: 3 * day, [sha('c')]: 10 * day };
const dateOf = (revision: string): number | undefined => dates[revision];

describe('who lags', () => {
  it('nobody, where the same revision runs everywhere', () => {
    expect(lagOf([git(sha('a')), git(sha('a'))], dateOf)).toEqual({
      rule: 'equal',
      newest: { revision: sha('a'), on: [0, 1] },
    });
  });

  it('commits of one repository by their dates, the furthest behind first', () => {
    expect(lagOf([git(sha('b')), git(sha('c')), git(sha('a')), git(sha('c'))], dateOf)).toEqual({
      rule: 'commit_date',
      newest: { revision: sha('c'), date: '1970-01-11T00:00:00Z', on: [1, 3] },
      behind: [
        { revision: sha('a'), date: '1970-01-01T00:00:00Z', by: '10 d', on: [2] },
        { revision: sha('b'), date: '1970-01-04T00:00:00Z', by: '7 d', on: [0] },
      ],
    });
  });

  it('the same repository is the same however its address is written', () => {
    const addresses = [
      'https://git.example.com/shop/deploy.git',
      'git@git.example.com:shop/deploy.git',
      'ssh://git@git.example.com:22/shop/deploy',
      'https://user@GIT.example.com:443/shop/deploy/',
    ];
    expect(new Set(addresses.map(repositoryKey))).toEqual(new Set(['git.example.com/shop/deploy']));
    expect(lagOf([git(sha('a'), addresses[0]), git(sha('b'), addresses[1])], dateOf).rule).toBe('commit_date');
  });

  it.each<[string, DeployedSource[], string]>([
    ['different repositories', [git(sha('a')), git(sha('b'), 'https://other.example.com/x')], 'different repositories'],
    ['a chart and a commit', [git(sha('a')), chart('1.0.0')], 'different charts or repositories'],
    ['dates that are not known', [git(sha('a')), git(sha('d'))], 'dates of the commits are not known'],
    ['nothing known', [git(), git()], 'not known what is deployed'],
    ['versions that are none', [chart('1.0.0'), chart('latest')], 'not every revision is a semantic version'],
    ['builds of one version', [chart('1.0.0+a'), chart('1.0.0+b')], 'differ in their build alone'],
    [
      'OCI digests',
      [git('sha256:1', 'oci://registry.example.com/a'), git('sha256:2', 'oci://registry.example.com/a')],
      'digests of OCI artifacts',
    ],
  ])('%s only differ, and it says why', (_, sources, reason) => {
    const lag = lagOf(sources, dateOf);
    expect(lag.rule).toBe('differs');
    expect(lag.reason).toContain(reason);
    expect(lag.newest ?? lag.behind).toBeUndefined();
  });

  it('commits of the same date are in no order', () => {
    expect(lagOf([git(sha('a')), git(sha('b'))], () => 5)).toMatchObject({ rule: 'differs' });
  });

  it('versions of one chart by semver, not by letters', () => {
    expect(lagOf([chart('v1.9.0'), chart('1.10.0'), chart('1.10.0-rc.1'), chart('0.9.9')], dateOf)).toEqual({
      rule: 'chart_version',
      newest: { revision: '1.10.0', on: [1] },
      behind: [
        { revision: '0.9.9', by: 'a major version', on: [3] },
        { revision: 'v1.9.0', by: 'a minor version', on: [0] },
        { revision: '1.10.0-rc.1', by: expect.stringMatching(/^a \w+ version$/), on: [2] },
      ],
    });
  });

  it('those that nothing is known of are named, not guessed', () => {
    expect(lagOf([git(sha('a')), git(), git(sha('b')), git(sha('d'))], dateOf)).toMatchObject({
      rule: 'commit_date',
      reason: 'not all dates are known',
      newest: { revision: sha('b'), on: [2] },
      behind: [{ revision: sha('a'), on: [0] }],
      notRanked: [1, 3],
    });
    expect(lagOf([git(sha('a')), git()], dateOf)).toMatchObject({
      rule: 'equal',
      notRanked: [1],
      reason: expect.any(String),
    });
  });

  it('everybody is somewhere: newest, behind or not ranked, and nobody twice', () => {
    const revision = fc.option(fc.constantFrom(...['a', 'b', 'c', 'd', 'e'].map(sha)), { nil: undefined });
    fc.assert(
      fc.property(
        fc.array(
          revision.map((each) => git(each)),
          { minLength: 1, maxLength: 25 },
        ),
        (sources) => {
          const { rule, newest, behind = [], notRanked = [] } = lagOf(sources, dateOf);
          const places = [...(newest?.on ?? []), ...behind.flatMap(({ on }) => on), ...notRanked].sort((a, b) => a - b);
          if (rule === 'differs') expect(newest).toBeUndefined();
          else expect(places).toEqual(sources.map((_, i) => i));
        },
      ),
    );
  });
});

it.each([
  [0, '0 s'],
  [1_000, '1 s'],
  [65_000, '1 min 5 s'],
  [3_600_000, '1 h'],
  [3 * day + 4 * 3_600_000 + 5, '3 d 4 h'],
  [400 * day, '400 d'],
])('%d ms are %s', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});
