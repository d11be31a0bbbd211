import type { LowerTest } from './glob.js';
import { Judge } from './judge.js';
import { addSign, signWords } from './text-sign.js';

/**
 * Texts of one kind, each held once and known by a small number, so that a question is put to each distinct text and
 * not to each row. They are counted: a text that nothing holds any more is forgotten and its number given to another,
 * because revisions change all the time.
 *
 * Number 0 stands for no text.
 */
export class Atoms {
  private readonly ids = new Map<string, number>();
  private readonly texts: string[] = [''];
  private readonly lowers: string[] = [''];
  private counts = new Uint32Array(64);
  private signs = new Int32Array(64 * signWords);
  private readonly free: number[] = [];

  /** Every number is below. */
  get capacity(): number {
    return this.texts.length;
  }

  /** Distinct texts. */
  get size(): number {
    return this.ids.size;
  }

  /** The number of a text, which stays until `release` was called as often as `retain`. */
  retain(text: string | undefined): number {
    if (!text) return 0;
    const known = this.ids.get(text);
    if (known === undefined) return this.add(text);
    this.counts[known] = (this.counts[known] as number) + 1;
    return known;
  }

  release(id: number): void {
    if (id === 0) return;
    const count = (this.counts[id] as number) - 1;
    this.counts[id] = count;
    if (count > 0) return;
    this.ids.delete(this.texts[id] as string);
    this.texts[id] = '';
    this.lowers[id] = '';
    this.free.push(id);
  }

  /** The number of a text if some row holds it, else 0. */
  find(text: string): number {
    return this.ids.get(text) ?? 0;
  }

  text(id: number): string {
    return this.texts[id] as string;
  }

  /** The text in lower case: patterns do not tell upper and lower case apart. */
  lower(id: number): string {
    return this.lowers[id] as string;
  }

  /** A test of texts by number. Good until the next `retain` or `release`. `verdicts` holds zeros. */
  judge(test: LowerTest, verdicts: Uint8Array): Judge {
    return new Judge(test, { lowers: this.lowers, signs: this.signs, verdicts });
  }

  private add(text: string): number {
    const id = this.free.pop() ?? this.texts.length;
    if (id >= this.counts.length) this.grow();
    const lower = text.toLowerCase();
    this.ids.set(text, id);
    this.texts[id] = text;
    this.lowers[id] = lower;
    this.counts[id] = 1;
    const at = id * signWords;
    this.signs.fill(0, at, at + signWords);
    addSign(this.signs, at, lower);
    return id;
  }

  private grow(): void {
    const length = this.counts.length * 2;
    const counts = new Uint32Array(length);
    counts.set(this.counts);
    this.counts = counts;
    const signs = new Int32Array(length * signWords);
    signs.set(this.signs);
    this.signs = signs;
  }
}
