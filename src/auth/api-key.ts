import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const prefix = 'afm_';
const hashPrefix = 'sha256:';

/** A new API key: `afm_` and 43 characters, 32 random bytes in base64url. */
export const newKey = (): string => prefix + randomBytes(32).toString('base64url');

/** What the configuration holds instead of a key: `sha256:<hex>`. Keys are 256 random bits, so no slow hash is needed. */
export const hashKey = (key: string): string => hashPrefix + digest(key).toString('hex');

const digest = (key: string): Buffer => createHash('sha256').update(key, 'utf8').digest();

/**
 * Finds who owns a key. Takes the same time whichever key it is, or none: all are compared, each in constant time, and
 * what is compared are digests, so nothing about a key's bytes leaks through timing.
 */
export function findKey<T extends { hash: string }>(keys: readonly T[], presented: string): T | undefined {
  const wanted = digest(presented);
  let found: T | undefined;
  for (const key of keys) {
    const isEqual = timingSafeEqual(wanted, digestIn(key.hash));
    found = isEqual ? key : found;
  }
  return found;
}

/** Anything that is no digest becomes one that no key has. */
function digestIn(hash: string): Buffer {
  const bytes = Buffer.from(hash.slice(hashPrefix.length), 'hex');
  return bytes.length === 32 && hash.startsWith(hashPrefix) ? bytes : Buffer.alloc(32);
}
