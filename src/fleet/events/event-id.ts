import { createHash } from 'node:crypto';
import { isChangeId } from '../../cache/change-log.js';

const bindingLength = 8;
const pattern = /^(\d+-\d+)-([\w-]{8})$/;

/**
 * What ties an id to the question it was given out for: who asked, for what, and which clusters there were then. A place
 * in the history says nothing about rows that only another filter shows, or about a cluster that has gone meanwhile.
 */
export function bindingOf(question: unknown): string {
  return createHash('sha256').update(JSON.stringify(question)).digest('base64url').slice(0, bindingLength);
}

/**
 * The id of an event as clients get it: `<ms>-<n>-<binding>`, the place in the history of the fleet up to which its
 * reader has missed nothing. Holds no name. Every replica understands it.
 */
export const encodeEventId = (changeId: string, binding: string): string => `${changeId}-${binding}`;

/** Takes apart what a client sent; undefined when it is no id of ours. */
export function decodeEventId(text: string): { changeId: string; binding: string } | undefined {
  const [, changeId = '', binding = ''] = pattern.exec(text) ?? [];
  return isChangeId(changeId) ? { changeId, binding } : undefined;
}

/** When about the change happened that an id stands for; undefined for what is no id. */
export function toldAtMs(text: string | undefined): number | undefined {
  const decoded = text === undefined ? undefined : decodeEventId(text);
  return decoded && Number.parseInt(decoded.changeId, 10);
}
