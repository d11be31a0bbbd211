import type { Rule } from './accounts.js';
import { globMatches } from './projects.js';

/** What can go wrong, and where it strikes. See README.md for each. */
export type FaultKind =
  | 'hang'
  | 'slow'
  | 'refuse'
  | 'status'
  | 'unauthorized'
  | 'garbage'
  | 'truncated'
  | 'lost-answer'
  | 'hold'
  | 'drop-streams'
  | 'cut-frame'
  | 'silence-streams'
  | 'lose-events'
  | 'late-events'
  | 'old-lists'
  | 'slow-snapshot'
  | 'controller-down'
  | 'repo-server-down'
  | 'clock-skew'
  | 'withdraw-rights'
  | 'flap'
  | 'list-limit';

export const FAULT_KINDS: readonly FaultKind[] = [
  'hang',
  'slow',
  'refuse',
  'status',
  'unauthorized',
  'garbage',
  'truncated',
  'lost-answer',
  'hold',
  'drop-streams',
  'cut-frame',
  'silence-streams',
  'lose-events',
  'late-events',
  'old-lists',
  'slow-snapshot',
  'controller-down',
  'repo-server-down',
  'clock-skew',
  'withdraw-rights',
  'flap',
  'list-limit',
];

export interface Fault {
  kind: FaultKind;
  /** How many requests (streams, events) it strikes before it is over. Absent: until it is removed. */
  count?: number;
  /** With `*` a glob over the whole path, else a part of it. The root path is not part of it. */
  path?: string;
  method?: string;
  /** `slow`: before the answer; `late-events`: of each; `old-lists`: between the making of a list and its answer; `slow-snapshot`: between the snapshot of a stream and its first live event; `hold`: at most. */
  delayMs?: number;
  /** `status`: default 503. */
  status?: number;
  /** `status`, `garbage`: the body; `unauthorized`: the message. */
  body?: string;
  /** `drop-streams`: end them with a proper last chunk instead of a reset. */
  isClean?: boolean;
  /** `lose-events`: only of this kind, only of this application. */
  type?: 'ADDED' | 'MODIFIED' | 'DELETED';
  application?: string;
  /** `clock-skew` */
  skewMs?: number;
  /** `withdraw-rights`: the account, and what it keeps. */
  account?: string;
  rules?: Rule[];
  /** `flap` */
  upMs?: number;
  downMs?: number;
  /** `list-limit`: bytes above which a list answers 429. */
  bytes?: number;
}

/** Kinds that strike a request before or instead of its handling; the others strike streams or the instance. */
export const REQUEST_KINDS: readonly FaultKind[] = [
  'hang',
  'slow',
  'refuse',
  'status',
  'unauthorized',
  'garbage',
  'truncated',
  'lost-answer',
  'hold',
];

/** Whether a fault is about such a request. */
export function fits(fault: Fault, method: string, path: string): boolean {
  if (fault.method !== undefined && fault.method.toUpperCase() !== method) return false;
  if (fault.path === undefined) return true;
  return fault.path.includes('*') ? globMatches(fault.path, path) : path.includes(fault.path);
}
