import { z } from 'zod';
import { errorCatalogue, type ErrorCode } from '../../errors/catalogue.js';
import { feedStates, reductions, type FeedSnapshot } from './feed.js';

/** What a leader says of its feed, for those who follow it. */
export interface PublishedFeed {
  feed: Omit<FeedSnapshot, 'source'>;
  facts: { version?: string; uiUrl?: string };
  /** The store holds everything that the leader knows. */
  complete: boolean;
}

const time = z.iso.datetime({ offset: true }).transform((text) => new Date(text));
const code = z.enum(Object.keys(errorCatalogue) as [ErrorCode, ...ErrorCode[]]);

/** Written by another process, perhaps of another version: what it knows and we do not is less than live. */
const published = z.object({
  feed: z.object({
    state: z.enum(feedStates).catch('stale'),
    since: time,
    asOf: time.optional(),
    lastEventAt: time.optional(),
    lastListAt: time.optional(),
    reason: z.string().optional(),
    notice: z.string().optional(),
    code: code.optional().catch(undefined),
    incomplete: z
      .object({
        code: code.catch('cluster_not_ready'),
        message: z.string(),
        reduction: z.enum(reductions).optional().catch(undefined),
      })
      .optional(),
    completeAt: time.optional(),
  }),
  facts: z.object({ version: z.string().optional(), uiUrl: z.string().optional() }),
  complete: z.boolean(),
}) satisfies z.ZodType<PublishedFeed>;

export function formatPublished({ feed, facts, complete }: PublishedFeed & { feed: FeedSnapshot }): string {
  const { source: _ours, ...said } = feed;
  return JSON.stringify({ feed: said, facts, complete });
}

/** Undefined when it cannot be read. */
export function parsePublished(text: string): PublishedFeed | undefined {
  try {
    return published.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** What a feed says while who watches it changes. */
export const takenOver = {
  code: 'cluster_not_ready',
  message: 'This replica has just begun to watch the cluster; its rows are being read anew.',
} as const;
export const unheard = {
  code: 'unavailable',
  message: 'The replica that watches this cluster has not been heard of for a while.',
} as const;
