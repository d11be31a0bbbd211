import type { LowerTest } from './glob.js';
import { holderWords, Judge } from './judge.js';
import { addSign, signWords } from './text-sign.js';

/**
 * Texts of one kind, each held once and known by a small number, so that a question is put to each distinct text and
 * not to each row. They are counted: a text that nothing holds any more is forgotten and its number given to another,
 * because revisions change all the time. Who holds a text is a slot; of a text that is held once it is known, so that
 * most of what a search finds leads to its row without a walk over all rows.
 *
 * Number 0 stands for no text.
 */
export class Atoms {
  private readonly ids = new Map<string, number>();
  private readonly texts: string[] = [''];
  private readonly lowers: string[] = [''];
  /** Of each text how often it is held, and all slots that hold it combined by exclusive or: a single one is itself. */
  private holders = new Uint32Array(64 * holderWords);
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

  /** The number of a text, which stays until `release` was called as often, with the same slots. */
  retain(text: string | undefined, slot: number): number {
    if (!text) return 0;
    const known = this.ids.get(text);
    if (known === undefined) return this.add(text, slot);
    this.hold(known, slot, 1);
    return known;
  }

  release(id: number, slot: number): void {
    if (id === 0 || this.hold(id, slot, -1) > 0) return;
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
    return new Judge(test, { lowers: this.lowers, signs: this.signs, holders: this.holders, verdicts });
  }

  private hold(id: number, slot: number, change: 1 | -1): number {
    const { holders } = this;
    const at = id * holderWords;
    holders[at + 1] = (holders[at + 1] as number) ^ slot;
    return (holders[at] = (holders[at] as number) + change);
  }

  private add(text: string, slot: number): number {
    const id = this.free.pop() ?? this.texts.length;
    if (id * holderWords >= this.holders.length) this.grow();
    const lower = text.toLowerCase();
    this.ids.set(text, id);
    this.texts[id] = text;
    this.lowers[id] = lower;
    this.hold(id, slot, 1);
    const at = id * signWords;
    this.signs.fill(0, at, at + signWords);
    addSign(this.signs, at, lower);
    return id;
  }

  private grow(): void {
    const holders = new Uint32Array(this.holders.length * 2);
    holders.set(this.holders);
    this.holders = holders;
    const signs = new Int32Array(this.signs.length * 2);
    signs.set(this.signs);
    this.signs = signs;
  }
}
