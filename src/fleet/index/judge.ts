import type { LowerTest } from './glob.js';
import { addSign, signWords } from './text-sign.js';

const failed = 1;
const passed = 2;

/** Comparing all signs one after the other is so many times cheaper for each than on demand. */
const advance = 4;

/** The texts of one kind by number: in lower case, their signs, and room for a verdict on each. */
export interface JudgedTexts {
  lowers: readonly string[];
  signs: Int32Array;
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

  /**
   * To be called before so many rows ask: rules out what the signs rule out, for all texts at once if that is cheaper.
   * Returns false if it is known then that none passes.
   */
  prepare(rows: number): boolean {
    const { lowers, signs, verdicts } = this.texts;
    if (rows * advance < lowers.length) return true;
    const [first, second, third, fourth] = this.asked as unknown as [number, number, number, number];
    let isSomePossible = false;
    for (let id = 1, at = signWords; id < lowers.length; id++, at += signWords) {
      const isPossible =
        ((signs[at] as number) & first) === first &&
        ((signs[at + 1] as number) & second) === second &&
        ((signs[at + 2] as number) & third) === third &&
        ((signs[at + 3] as number) & fourth) === fourth;
      if (isPossible) isSomePossible = true;
      else verdicts[id] = failed;
    }
    return isSomePossible;
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
