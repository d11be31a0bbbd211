import { z } from 'zod';
import { isChangeId, type LoggedChange, type RowRef, type StoredChange } from './change-log.js';
import { parseJson } from './store-format.js';

/** An entry of the stream, read. */
export interface ChangeEntry {
  id: string;
  /** Id of the entry before it, if that can be read. */
  after?: string;
  /** Undefined when it cannot be read, or another version of this program wrote a kind of its own. */
  change?: LoggedChange;
  stored?: StoredChange;
}

const refs = z.array(
  z.object({
    key: z.string(),
    project: z.string(),
    previousProject: z.string().optional(),
    removed: z.literal(true).optional(),
  }),
) satisfies z.ZodType<RowRef[]>;

const jobNote = z.object({ cluster: z.string(), project: z.string(), job: z.record(z.string(), z.unknown()) });

/** Reads what `store-scripts.ts` wrote: anything may stand in Redis. */
export function parseEntry(id: string, flat: readonly string[]): ChangeEntry {
  const fields: Record<string, string> = {};
  for (let i = 0; i + 1 < flat.length; i += 2) fields[flat[i]!] = flat[i + 1]!;
  const { after = '', kind } = fields;
  const entry: ChangeEntry = { id, ...(isChangeId(after) ? { after } : {}) };
  if (kind === 'rows') return { ...entry, ...rowsChange(id, fields) };
  if (kind === 'gap') return { ...entry, change: { id, kind, reason: fields['reason'] ?? '' } };
  const { data } = jobNote.safeParse(kind === 'job' ? parseJson(fields['note'] ?? '') : undefined);
  return data ? { ...entry, change: { id, kind: 'job', ...data } } : entry;
}

function rowsChange(id: string, fields: Record<string, string>): Pick<ChangeEntry, 'change' | 'stored'> {
  const { cluster, origin, from, to, state } = fields;
  const { data: changes } = refs.safeParse(parseJson(fields['changes'] ?? ''));
  if (!cluster || !origin || !to || !isChangeId(to) || !changes) return {};
  const said = state ? parseJson(state) : undefined;
  return {
    change: { id, kind: 'rows', cluster, changes, ...(said === undefined ? {} : { state: said }) },
    stored: {
      cluster,
      origin,
      to,
      ...(from && isChangeId(from) ? { from } : {}),
      ...(state ? { state } : {}),
      keys: changes.map(({ key }) => key),
    },
  };
}
