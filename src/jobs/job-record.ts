import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { job, type JobKind, type JobRecord } from './job.js';

/** A record as it is kept: checked when it is read back. Fields of a newer version are kept, not understood. */
const jobRecord = z.looseObject({
  ...job.shape,
  namespace: z.string(),
  project: z.string(),
  caller: z.string(),
  parameters: z.looseObject({
    revision: z.string().optional(),
    prune: z.boolean().optional(),
    dryRun: z.boolean().optional(),
    force: z.boolean().optional(),
  }),
  postingAt: z.string().optional(),
  acceptedVersion: z.string().optional(),
  deadlineAt: z.string(),
}) satisfies z.ZodType<JobRecord>;

/** The record in a text that Redis gave; `undefined` if it is none. */
export function parseJobRecord(text: string): JobRecord | undefined {
  try {
    return jobRecord.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Crockford's alphabet in small letters: no letter looks like a digit. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** `<kind>-<26 characters of base32>`, for example `sync-7h2k...`: 130 random bits, so nobody guesses another's job. */
export function newJobId(kind: JobKind): string {
  return `${kind}-${[...randomBytes(26)].map((byte) => alphabet[byte & 31]).join('')}`;
}

/** True if a text can be a job's id at all; what callers send is checked before it becomes part of a key. */
export const isJobId = (text: string): boolean => /^[a-z]{1,16}-[0-9a-z]{26}$/.test(text);

/** Equal for jobs that would do the same: `joined` means this. */
export function requestKey({ kind, parameters }: JobRecord): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
  return JSON.stringify([kind, given.sort(([a], [b]) => (a < b ? -1 : 1))]);
}

/** Equal for jobs of one application: only one of them is under way. `cluster/namespace/application`, percent-encoded. */
export function applicationKey({ cluster, namespace, application }: JobRecord): string {
  return [cluster, namespace, application].map(encodeURIComponent).join('/');
}
