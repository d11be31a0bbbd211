import type { LowerTest } from './glob.js';
import { addSign, signWords } from './text-sign.js';

const failed = 1;
const passed = 2;

/** Comparing all signs one after the other is so many times cheaper for each than on demand. */
const advance = 4;

/** Numbers that say who holds a text: how often it is held, and the slot if that is once. */
export const holderWords = 2;

/** The texts of one kind by number: in lower case, their signs, who holds them, and room for a verdict on each. */
export interface JudgedTexts {
  lowers: readonly string[];
  signs: Int32Array;
  holders: Uint32Array;
  verdicts: Uint8Array;
}

/** Puts a test to each distinct text at most once. No text (number 0) fails. */
export class Judge {
  private readonly asked = new Int32Array(signWords);

  constructor(
    private readonly test: LowerTest,
    private readonly texts: JudgedTexts,
  ) {
    for (const literal of test.literals ?? []) addSign(this.asked, 0, literal);
    texts.verdicts[0] = failed;
  }

  /** To be called before so many rows ask: rules out what the signs rule out, for all texts at once if that is cheaper. */
  prepare(rows: number): void {
    const { lowers, signs, verdicts } = this.texts;
    if (!this.isCheaperAtOnce(rows)) return;
    const [first, second, third, fourth] = this.asked as unknown as [number, number, number, number];
    for (let id = 1, at = signWords; id < lowers.length; id++, at += signWords) {
      const isPossible =
        ((signs[at] as number) & first) === first &&
        ((signs[at + 1] as number) & second) === second &&
        ((signs[at + 2] as number) & third) === third &&
        ((signs[at + 3] as number) & fourth) === fourth;
      if (!isPossible) verdicts[id] = failed;
    }
  }

  /** True if looking at all texts is cheaper than at those that so many rows hold. */
  isCheaperAtOnce(rows: number): boolean {
    return rows * advance >= this.texts.lowers.length;
  }

  /**
   * Puts the test to all texts at once, and names the slots of those that pass and are held once. Returns whether others
   * pass too, for which `hasPassed` is to be asked by slot. Texts of slots that are not left are spared the test.
   *
   * @param isLeft by slot: 1 if it is of interest
   */
  findAll(isLeft: Uint8Array, found: (slot: number) => void): boolean {
    const { lowers, signs, holders, verdicts } = this.texts;
    const { asked } = this;
    const strictest = mostBits(asked);
    const bits = asked[strictest] as number;
    let isSomeShared = false;
    for (let id = 1, at = signWords + strictest; id < lowers.length; id++, at += signWords) {
      if (((signs[at] as number) & bits) !== bits || !this.isPossible(id)) continue;
      const isHeldOnce = holders[id * holderWords] === 1;
      const slot = holders[id * holderWords + 1] as number;
      if ((isHeldOnce && isLeft[slot] === 0) || !this.test(lowers[id] as string)) continue;
      if (isHeldOnce) found(slot);
      else {
        verdicts[id] = passed;
        isSomeShared = true;
      }
    }
    return isSomeShared;
  }

  /** After `findAll`: whether a text that is held more than once has passed. */
  hasPassed(id: number): boolean {
    return this.texts.verdicts[id] === passed;
  }

  passes(id: number): boolean {
    const known = this.texts.verdicts[id];
    return known === 0 ? this.decide(id) : known === passed;
  }

  private decide(id: number): boolean {
    const passes = this.isPossible(id) && this.test(this.texts.lowers[id] as string);
    this.texts.verdicts[id] = passes ? passed : failed;
    return passes;
  }

  private isPossible(id: number): boolean {
    const { signs } = this.texts;
    const { asked } = this;
    const at = id * signWords;
    for (let i = 0; i < signWords; i++) {
      const word = asked[i] as number;
      if (((signs[at + i] as number) & word) !== word) return false;
    }
    return true;
  }
}

/** Place of the word with most bits. */
function mostBits(words: Int32Array): number {
  const counts = Array.from(words, (word) => (word >>> 0).toString(2).replaceAll('0', '').length);
  return counts.indexOf(Math.max(...counts));
}
