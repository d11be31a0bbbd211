import { createHash } from 'node:crypto';

/** A number generator that gives the same sequence for the same seed (mulberry32). Not for secrets. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** 40 hex digits that depend on the text alone, as a git commit id looks. */
export function sha1Hex(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

/** A small unsigned integer that depends on the text alone. */
export function hashNumber(text: string): number {
  return createHash('sha1').update(text).digest().readUInt32BE(0);
}

/** A UUID that depends on the text alone: objects of a seeded world keep their uid over restarts. */
export function uuidOf(text: string): string {
  const hex = createHash('sha1').update(text).digest('hex');
  const variant = ((parseInt(hex.slice(16, 18), 16) & 0x3f) | 0x80).toString(16).padStart(2, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(18, 20)}-${hex.slice(20, 32)}`;
}
