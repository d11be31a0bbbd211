import { describe, expect, it } from '@jest/globals';
import { aRow } from '../../../test/support/rows.js';
import { application } from '../../argocd/schemas.js';
import type { ApplicationRow } from '../../cache/row.js';
import { rowOf } from './application-row.js';
import { withListed } from './listed-row.js';
import { reasonOf } from './reason.js';
import { matches } from './row-filter.js';
import { urgencyOf } from './urgency.js';

const drySource = { repoURL: 'https://u:pw@git.example.com/web/dry', path: 'charts/cart', targetRevision: 'main' };
const syncSource = { path: 'cart', targetBranch: 'env/prod' };
const finishedAt = '2026-11-24T11:00:00Z';
const failed = { phase: 'Failed', message: 'Failed to hydrate revision "abc": no such chart', finishedAt };

function hydrated(currentOperation: object | undefined, spec: object = {}): ApplicationRow {
  const read = application.parse({
    metadata: { name: 'cart', namespace: 'argocd', uid: 'u1', resourceVersion: '10' },
    spec: { source: {}, sourceHydrator: { drySource, syncSource, hydrateTo: { targetBranch: 'next' } }, ...spec },
    status: {
      sync: { status: 'Synced' },
      health: { status: 'Healthy' },
      ...(currentOperation ? { sourceHydrator: { currentOperation } } : {}),
    },
  });
  return rowOf('eu', read) as ApplicationRow;
}

describe('a hydrated application', () => {
  const dry = { repository: 'https://git.example.com/web/dry', path: 'charts/cart', targetRevision: 'main' };

  it('is synced from the branch that Argo CD commits to, and is found by what is hydrated too', () => {
    const row = hydrated({ phase: 'Hydrated' });
    expect(row).toMatchObject({
      sources: [{ repository: dry.repository, path: 'cart', targetRevision: 'env/prod' }],
      drySource: dry,
      hydration: 'Hydrated',
      conditions: [],
    });
    const is = (wanted: string) => (text: string) => text === wanted;
    expect(matches(row, { source: { path: is('cart'), targetRevision: is('env/prod') } })).toBe(true);
    expect(matches(row, { source: { path: is('charts/cart'), targetRevision: is('main') } })).toBe(true);
    expect(matches(row, { source: { path: is('charts/cart'), targetRevision: is('env/prod') } })).toBe(false);
    expect(matches(row, { text: 'charts/cart' })).toBe(true);
  });

  it('is synced from the repository that Argo CD commits to, where that is another one', () => {
    const repoURL = 'https://git.example.com/web/wet';
    const row = hydrated(undefined, { sourceHydrator: { drySource, syncSource: { ...syncSource, repoURL } } });
    expect(row).toMatchObject({ sources: [{ repository: repoURL, path: 'cart' }], drySource: dry });
  });

  it('shows a failed hydration, as what keeps it from being compared where it is not fine', () => {
    const row = hydrated(failed);
    const nowMs = Date.parse('2026-11-24T12:00:00Z');
    expect(row.conditions).toEqual([{ type: 'HydrationError', message: failed.message, since: finishedAt }]);
    // What is Synced and Healthy is never broken.
    expect(urgencyOf(row, nowMs)).toBe('out_of_sync');
    expect(urgencyOf({ ...row, sync: 'OutOfSync' }, nowMs)).toBe('comparison_error');
    expect(reasonOf(row, nowMs)).toBe(`HydrationError: ${failed.message}`);
    expect(urgencyOf(hydrated({ phase: 'Hydrating' }), nowMs)).toBe('fine');
  });

  it('says nothing of hydrations once its hydrator is gone', () => {
    const row = hydrated(failed, { sourceHydrator: null, source: { repoURL: 'https://git.example.com/a' } });
    expect(row).toMatchObject({ sources: [{ repository: 'https://git.example.com/a' }], conditions: [] });
    expect(row.drySource).toBeUndefined();
    expect(row.hydration).toBeUndefined();
  });
});

describe('what a list says of hydrations', () => {
  const other = { type: 'OrphanedResourceWarning', message: '3 orphans' };
  const known: ApplicationRow = { ...hydrated(failed), conditions: [...hydrated(failed).conditions, other] };

  it('takes the place of what was known, and leaves the other conditions', () => {
    const mended = withListed(known, hydrated({ phase: 'Hydrated' }));
    expect(mended).toMatchObject({ hydration: 'Hydrated', conditions: [other] });
    expect(withListed(mended, hydrated(failed)).conditions).toEqual(known.conditions);
    expect(withListed(known, hydrated(failed))).toBe(known);
  });

  it('is nothing before Argo CD 3.2, and then what was known stays', () => {
    expect(withListed(known, hydrated(undefined))).toBe(known);
  });

  it('ends with the hydrator', () => {
    const plain = hydrated(undefined, { sourceHydrator: null, source: { repoURL: 'https://git.example.com/a' } });
    expect(withListed(known, plain)).toMatchObject({ conditions: [other] });
    expect(withListed(known, plain).hydration).toBeUndefined();
    const row = aRow();
    expect(withListed(row, aRow())).toBe(row);
  });
});
