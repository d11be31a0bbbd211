import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../../telemetry/logger.js';
import { Feed } from './feed.js';
import { TokenWatch } from './token-watch.js';

const nowMs = Date.UTC(2026, 10, 24, 12);
const hours = (count: number) => new Date(nowMs + count * 3_600_000);

function watching(issued: number | undefined, expires: number | undefined) {
  const lines: string[] = [];
  const feed = new Feed('live');
  const life =
    expires === undefined ? undefined : { expiresAt: hours(expires), ...(issued ? { issuedAt: hours(issued) } : {}) };
  const log = createLogger('info', { write: (line: string) => void lines.push(line) });
  const watch = new TokenWatch({ cluster: 'eu', feed, log, tokenLife: async () => life }, () => nowMs);
  return { watch, feed, lines };
}

describe('the token of a cluster', () => {
  it('is announced a day before it expires, in the feed as long as it lasts and in the log once', async () => {
    const { watch, feed, lines } = watching(-1_000, 23);
    expect(await watch.look()).toBe(23 * 3_600_000);
    await watch.look();
    expect(feed.snapshot().notice).toBe('its token expires at 2026-11-25T11:00:00.000Z');
    expect(lines).toHaveLength(1);
  });

  it.each([
    ['one that has more than a day left', -1_000, 25],
    ['one that is never good for longer than a day', -1, 2],
    ['one that has expired', -1_000, -1],
    ['one that does not say', undefined, undefined],
  ])('is not announced: %s', async (_, issued, expires) => {
    const { watch, feed, lines } = watching(issued, expires);
    await watch.look();
    expect([feed.snapshot().notice, lines]).toEqual([undefined, []]);
  });
});
