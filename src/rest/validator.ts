import { createHash } from 'node:crypto';

/** What HTTP caches need to know of an answer that was built from the index. */
export interface Validator {
  /**
   * Weak: two answers with the same tag differ at most in the times at which they were true. A tag that covered those
   * would change with every sign of life of a cluster, and nobody would ever be told that nothing changed.
   */
  etag: string;
  /** The answer's `asOf`, which a 304 tells as well. */
  asOf?: string;
  /** Its bytes, made once. */
  body: Buffer;
}

/** Header that carries `asOf`, also where there is no body. */
export const asOfHeader = 'x-as-of';
/** Whoever keeps such an answer asks whether it still holds before each use, with its own key. */
export const revalidate = { 'cache-control': 'private, no-cache', vary: 'Authorization' } as const;

/** Signs of life. A quote inside of a text is escaped, so nothing but a field of the answer looks like this. */
const times = /"(?:asOf|lastEventAt|lastListAt|lastSeenAt)":"[^"\\]*"/g;
const made = new WeakMap<object, Validator>();

/** The validator of an answer; kept as long as the answer itself is. */
export function validatorOf({ output, json }: { output: Record<string, unknown>; json: string }): Validator {
  let validator = made.get(output);
  if (!validator) {
    const digest = createHash('sha256').update(json.replace(times, '')).digest('base64url').slice(0, 22);
    const asOf = output['asOf'];
    validator = {
      etag: `W/"${digest}"`,
      ...(typeof asOf === 'string' ? { asOf } : {}),
      body: Buffer.from(json),
    };
    made.set(output, validator);
  }
  return validator;
}

/** True if an `If-None-Match` names the tag: `*` or a list of tags, weak or strong (RFC 9110, section 13.1.2). */
export function matchesTag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch === etag || ifNoneMatch.trim() === '*') return true;
  const opaque = etag.replace(/^W\//, '');
  return ifNoneMatch.split(',').some((tag) => tag.trim().replace(/^W\//, '') === opaque);
}
