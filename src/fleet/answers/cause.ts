import { LRUCache } from 'lru-cache';
import type { ApplicationRow } from '../../cache/row.js';
import { withoutPreambles } from '../index/reason.js';
import type { Entry } from '../index/row-table.js';
import { isComparisonError, type UrgencyRank } from '../index/urgency.js';
import { maskCause, mentions } from './cause-mask.js';

/** An entry of the index, as far as its cause goes. */
type Caused = Pick<Entry, 'row' | 'cause'>;

/** Why an application is broken, without what differs from one application to the next. */
export interface Cause {
  /**
   * Our word for it, and the message with names, hashes, numbers and addresses masked. Equal for equal causes, but that
   * one whose message was cut may be the beginning of another. Where no message says why, applications of one name are
   * taken for the same: one that is ill on many clusters is one matter, two of different names that say nothing are not.
   */
  masked: string;
  isCut: boolean;
  /** The message as it came; absent where there is none. */
  text?: string;
}

const words: Partial<Record<UrgencyRank, string>> = {
  operation_failed: 'Operation failed',
  comparison_error: 'Not comparable',
  degraded: 'Degraded',
  missing: 'Missing',
  stuck_deleting: 'Being deleted for over 10 min',
  stuck_progressing: 'Progressing for over 10 min',
};

/**
 * What Argo CD says of the health of an application since 3.2: which resources it is, not what is the matter with them.
 * Source: https://github.com/argoproj/argo-cd/blob/master/controller/health.go
 */
const namesOnly = /^Caused by [^\s:]+:[^\s,]+(, [^\s:]+:[^\s,]+)*(, )?…?$/;

/** Masks of messages that do not mention the application: the same ones come again and again. */
const masks = new LRUCache<string, string>({ max: 5_000 });
/** What is kept with an entry of the index, which is another one after every change of the row. */
interface Known {
  rank: UrgencyRank;
  cause: Cause;
}

/** Cheap from the second time on, as long as the row stays what it is. */
export function causeOf(entry: Caused, rank: UrgencyRank): Cause {
  const known = entry.cause as Known | undefined;
  if (known?.rank === rank) return known.cause;
  const { row } = entry;
  const text = messageOf(row, rank);
  const word = words[rank] ?? rank;
  const isCause = text !== undefined && !namesOnly.test(text);
  const cause: Cause = {
    masked: `${word}: ${isCause ? maskedOf(text, row) : `"${row.name}" (no cause given)`}`,
    isCut: isCause && text.endsWith('…'),
    ...(text === undefined ? {} : { text }),
  };
  entry.cause = { rank, cause } satisfies Known;
  return cause;
}

/** True if `causeOf` would have to mask the message first. */
export const isNewCause = ({ cause }: Caused, rank: UrgencyRank): boolean =>
  (cause as Known | undefined)?.rank !== rank;

function messageOf(row: ApplicationRow, rank: UrgencyRank): string | undefined {
  switch (rank) {
    case 'operation_failed':
      return meant(row.operation?.message);
    case 'comparison_error':
      return meant(row.conditions.find(isComparisonError)?.message);
    case 'stuck_deleting':
      return meant(row.conditions.find(({ type }) => type === 'DeletionError')?.message);
    default:
      return meant(row.healthMessage);
  }
}

const meant = (message: string | undefined): string | undefined => (message && withoutPreambles(message)) || undefined;

function maskedOf(text: string, { name, namespace, destination }: ApplicationRow): string {
  // `default` is a word that messages use for other things.
  const names = [name, namespace, destination.namespace].filter(
    (each) => each !== undefined && each !== 'default' && mentions(text, each),
  ) as string[];
  if (names.length > 0) return maskCause(text, names);
  let masked = masks.get(text);
  if (masked === undefined) masks.set(text, (masked = maskCause(text)));
  return masked;
}
