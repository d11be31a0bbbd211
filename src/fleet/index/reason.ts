import type { ApplicationRow } from '../../cache/row.js';
import { plainText } from './plain-text.js';
import { withoutRepeats } from './repeats.js';
import { isComparisonError, progressingSince, urgencyOf, type UrgencyRank } from './urgency.js';

const reasonLengthMax = 200;

/** What Argo CD puts before every message of a kind; the cause stands behind it. */
const preambles =
  /Failed to load target state: |failed to generate manifest for source \d+ of \d+: |rpc error: code = \w+ desc = |Manifest generation error \(cached\): |error when (?:patching|creating|replacing|applying patch:?) "[^"]*": |one or more objects failed to apply, reason: /gi;

/**
 * Why the row is not fine, in one line; undefined when it is. Quotes Argo CD's own message after our word for it, so
 * that it reads as data.
 */
export function reasonOf(row: ApplicationRow, nowMs: number): string | undefined {
  const reason = explain(row, nowMs);
  return reason && plainText(withoutPreambles(reason), reasonLengthMax);
}

/** A message of Argo CD from where it says what is the matter. */
export const withoutPreambles = (message: string): string => message.replaceAll(preambles, '');

/** What an operation says, each thing once. */
const said = (message: string | undefined): string | undefined => message && withoutRepeats(withoutPreambles(message));

function explain(row: ApplicationRow, nowMs: number): string | undefined {
  const condition = row.conditions.find(isComparisonError) ?? row.conditions.find(({ type }) => type.endsWith('Error'));
  const rank = urgencyOf(row, nowMs);
  switch (rank) {
    case 'fine':
      return undefined;
    case 'operation_failed':
      return `Last operation ${row.operation?.phase}: ${said(row.operation?.message) ?? 'no message'}`;
    case 'comparison_error':
      return condition ? `${condition.type}: ${condition.message}` : 'Argo CD could not compare it';
    case 'stuck_deleting':
      return `Being deleted since ${row.deletingSince}${condition ? `: ${condition.message}` : ''}`;
    case 'stuck_progressing':
      return withMessage(`${row.notCompared ? 'Not compared yet' : 'Progressing'} since ${progressingSince(row)}`, row);
    case 'degraded':
    case 'missing':
    case 'suspended':
    case 'progressing':
      if (row.operation?.phase === 'Running')
        return `Operation running: ${said(row.operation.message) ?? 'no message'}`;
      return row.healthMessage ?? (row.notCompared ? 'Not compared yet' : sinceWhen(row, rank));
    case 'out_of_sync':
      if (row.operating) return `Operation running: ${said(row.operation?.message) ?? 'requested'}`;
      if (condition) return `${condition.type}: ${condition.message}`;
      return row.autoSync ? 'Differs from Git although auto-sync is on' : 'Differs from Git; auto-sync is off';
  }
}

/** Older Argo CDs say no more of what is broken than that it is. */
const sinceWhen = ({ health, healthSince }: ApplicationRow, rank: UrgencyRank): string | undefined =>
  healthSince && (rank === 'degraded' || rank === 'missing') ? `${health} since ${healthSince}` : undefined;

const withMessage = (text: string, row: ApplicationRow): string =>
  row.healthMessage ? `${text}: ${row.healthMessage}` : text;
