import { describe, expect, it } from '@jest/globals';
import { feedStates, type FeedSnapshot } from './feed.js';
import { formatPublished, parsePublished } from './published-feed.js';

const at = (second: number) => new Date(Date.UTC(2026, 10, 24, 12, 0, second));

/** Every field of a snapshot: whoever adds one is told here that followers must hear of it. */
const full: Required<FeedSnapshot> = {
  state: 'live',
  source: 'leader',
  since: at(1),
  asOf: at(2),
  reason: 'why',
  notice: 'what threatens',
  code: 'cluster_refused',
  incomplete: { code: 'cluster_refused', message: 'what is missing', reduction: 'reads_less' },
  completeAt: at(3),
  lastEventAt: at(4),
  lastListAt: at(5),
};
const facts = { version: 'v3.6.0', uiUrl: 'https://argocd.example.com' };

describe('a published feed', () => {
  it.each(feedStates)('tells followers everything that its leader shows, as %s', (state) => {
    const { source: _own, ...said } = full;
    const text = formatPublished({ feed: { ...full, state }, facts, complete: true });
    expect(parsePublished(text)).toEqual({ feed: { ...said, state }, facts, complete: true });
  });

  it('a state that only a newer version knows is less than live', () => {
    const text = formatPublished({ feed: full, facts, complete: true }).replace('"live"', '"brand-new"');
    expect(parsePublished(text)?.feed.state).toBe('stale');
  });
});
