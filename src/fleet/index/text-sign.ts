/*
 * A sign is 128 bits that say which pairs and triples of characters occur in a text. A text that lacks a bit of what is
 * searched does not contain it; one that has all bits is looked at. Most texts are thus ruled out by comparing a few
 * numbers that lie side by side, without a look at the text.
 * Source of the idea: https://en.wikipedia.org/wiki/Bloom_filter
 */

/** Words that a sign takes. */
export const signWords = 4;

/** The upper bits of a product with 2^32 / golden ratio are well spread. */
const spread = 0x9e3779b1;
const shift = 25;

/** Adds the sign of a text to the words that begin at `at`. A single character has none: it may occur anywhere. */
export function addSign(words: Int32Array, at: number, text: string): void {
  let last = text.charCodeAt(0);
  let pair = 0;
  for (let i = 1; i < text.length; i++) {
    const next = text.charCodeAt(i);
    if (i > 1) setBit(words, at, (pair << 9) ^ next);
    pair = (last << 8) ^ next;
    setBit(words, at, pair);
    last = next;
  }
}

function setBit(words: Int32Array, at: number, characters: number): void {
  const bit = Math.imul(characters, spread) >>> shift;
  const word = at + (bit >>> 5);
  words[word] = (words[word] as number) | (1 << (bit & 31));
}
