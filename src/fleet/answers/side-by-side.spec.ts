import { describe, expect, it } from '@jest/globals';
import { aRow } from '../../../test/support/rows.js';
import type { ApplicationRow } from '../../cache/row.js';
import { factsOf } from './instance-facts.js';
import { sideBySide, type Instance } from './side-by-side.js';

const limits = { images: 5, parameters: 10, text: 200 };
const helm = (values: Record<string, string>) => ({
  facts: factsOf({
    spec: {
      source: { repoURL: 'r', helm: { parameters: Object.entries(values).map(([name, value]) => ({ name, value })) } },
    },
  }),
});
const instance = (change: Partial<ApplicationRow>, rest: Partial<Instance> = {}): Instance => ({
  row: aRow(change),
  ...rest,
});

describe('instances side by side', () => {
  it('tells what is equal once, and per instance only what differs', () => {
    const source = { repository: 'https://git.example.com/a', targetRevision: 'main' };
    const side = sideBySide(
      [
        instance({ cluster: 'eu', sources: [source], images: ['a:1', 'proxy:2'] }),
        instance({ cluster: 'us', sources: [source], images: ['a:2', 'proxy:2'], health: 'Degraded' }),
      ],
      limits,
    );
    expect(side.equal).toMatchObject({ name: 'cart', sync: 'Synced', targetRevision: 'main', images: ['proxy:2'] });
    expect(side.equal).not.toHaveProperty('health');
    expect(side.differs).toEqual(['health', 'images']);
    expect(side.own).toEqual([
      { columns: { health: 'Healthy' }, images: ['a:1'] },
      { columns: { health: 'Degraded' }, images: ['a:2'] },
    ]);
  });

  it('shows differing parameters, hidden ones as letters: the same letter is the same value', () => {
    const side = sideBySide(
      [
        instance({}, helm({ 'image.tag': '1', password: 'one', greeting: 'hi' })),
        instance({}, helm({ 'image.tag': '2', password: 'two', greeting: 'hi' })),
        instance({}, helm({ 'image.tag': '1', password: 'one', greeting: 'hi', extra: 'x' })),
        instance({}),
      ],
      limits,
    );
    expect(side.equal.parameters).toBe(1);
    expect(side.own.map(({ parameters }) => parameters)).toEqual([
      { 'image.tag': '1', password: '(hidden A)', extra: '(not set)' },
      { 'image.tag': '2', password: '(hidden B)', extra: '(not set)' },
      { 'image.tag': '1', password: '(hidden A)', extra: '(hidden A)' },
      undefined,
    ]);
    expect(JSON.stringify(side)).not.toMatch(/one|two/);
  });

  it('nothing is alike where only one could be read; images in common that are not shown are counted', () => {
    const images = Array.from({ length: 7 }, (_, i) => `a:${i}`);
    const side = sideBySide([instance({ images }, helm({ greeting: 'hi' })), instance({ images })], limits);
    expect(side.equal).not.toHaveProperty('parameters');
    expect(side.equal).toMatchObject({ images: images.slice(0, 5), imagesOmitted: 2 });
    expect(sideBySide([instance({}, helm({ greeting: 'hi' }))], limits).equal.parameters).toBe(1);
  });

  it('counts what it does not show', () => {
    const many = (value: string) => helm(Object.fromEntries(Array.from({ length: 15 }, (_, i) => [`p${i}`, value])));
    const side = sideBySide(
      [
        instance({ images: Array.from({ length: 8 }, (_, i) => `a${i}`), imagesOmitted: 3 }, many('1')),
        instance({}, many('2')),
      ],
      limits,
    );
    expect(side.parametersOmitted).toBe(5);
    expect(side.own[0]).toMatchObject({ imagesOmitted: 6 });
    expect(side.own[0]?.images).toHaveLength(5);
  });

  it('what runs is the compared revision when Synced, and the last that was deployed otherwise', () => {
    const sources = [{ repository: 'r' }];
    const facts = factsOf({ status: { history: [{ revision: 'old', source: { repoURL: 'r' } }] } });
    const deployed = (change: Partial<ApplicationRow>, known = true) =>
      sideBySide([instance({ sources, revisions: ['new'], ...change }, known ? { facts } : {})], limits).equal.deployed;
    expect(deployed({})).toBe('new');
    expect(deployed({ sync: 'OutOfSync' })).toBe('old');
    expect(deployed({ sync: 'OutOfSync' }, false)).toBeUndefined();
  });
});
