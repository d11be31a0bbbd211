import { withoutRepeats } from '../index/repeats.js';
import { maskWord } from './cause-words.js';

const lengthMax = 400;
const maskedLengthMax = 120;

/** What may stand between things of one kind for them to be a list. */
const listGlue = /^(?:[\s,;]|and)*$/;

/**
 * What a message says with everything taken out that differs from one application to the next: what is quoted, objects,
 * names, paths, addresses, hashes, numbers, times. Messages with the same cause give the same text, which people can
 * still read. `names` are what else stands for the application itself, in lower case: its name, the namespace
 * it deploys to.
 *
 * The text may be anything: it is walked once, and at most its first 400 characters count.
 */
export function maskCause(text: string, names: readonly string[] = []): string {
  const whole = withoutCutWord(text.slice(0, lengthMax));
  const masker = new Masker(whole, new Set(names.filter((name) => mentions(whole, name))));
  const masked = withoutRepeats(masker.run());
  if (masked.length <= maskedLengthMax) return masked;
  const characters = Array.from(masked.slice(0, 2 * maskedLengthMax));
  return characters.length > maskedLengthMax ? `${characters.slice(0, maskedLengthMax - 1).join('')}…` : masked;
}

/** Whether a text holds a name (lower case); most hold none, and cost little then. */
export const mentions = (text: string, name: string): boolean =>
  text.includes(name) || (/[A-Z]/.test(text) && text.toLowerCase().includes(name));

/** A text that was cut ends somewhere in a word: how much of it is left depends on the names before it. */
function withoutCutWord(text: string): string {
  if (!text.endsWith('…') && text.length < lengthMax) return text;
  const end = text.lastIndexOf(' ');
  return end > 0 ? text.slice(0, end) : text;
}

/** What a character is, by its code; those beyond ASCII are letters. Quotes and brackets begin something. */
const [other, letter, inWord, opening] = [0, 1, 2, 3];
const kinds = new Uint8Array(128).fill(other);
for (let code = 0; code < 128; code++) {
  const character = String.fromCharCode(code);
  if (/[A-Za-z]/.test(character)) kinds[code] = letter;
  else if (/[0-9_./:@%+~#$&?*\\^|-]/.test(character)) kinds[code] = inWord;
  else if (/["'{[]/.test(character)) kinds[code] = opening;
}
const closings: Readonly<Record<string, string>> = { '"': '"', "'": "'", '[': ']' };
/** Words that are longer may be a hash although they hold no digit. */
const plainWordLengthMax = 11;

/** One walk over a text. A search that found nothing is not made again from further on, so the walk is linear. */
class Masker {
  private at = 0;
  private out = '';
  /** The last mask, and where it ended in `out`. */
  private last = { mask: '', end: 0 };
  private unclosed = '';

  constructor(
    private readonly text: string,
    private readonly names: ReadonlySet<string>,
  ) {}

  run(): string {
    const { text } = this;
    while (this.at < text.length) {
      const kind = this.kindAt(this.at);
      if (kind === opening) this.opened(text[this.at] as string);
      else if (kind === other) this.between();
      else this.word();
    }
    return this.out.trim();
  }

  private kindAt(at: number): number {
    return kinds[this.text.charCodeAt(at)] ?? letter;
  }

  /** What stands between words; spaces as one. */
  private between(): void {
    const begin = this.at;
    while (this.at < this.text.length && this.kindAt(this.at) === other) this.at++;
    const text = this.text.slice(begin, this.at);
    this.out += text.length === 1 ? text : text.replaceAll(/\s+/g, ' ');
  }

  private word(): void {
    const begin = this.at;
    let isPlain = true;
    for (; this.at < this.text.length; this.at++) {
      const kind = this.kindAt(this.at);
      if (kind === inWord) isPlain = false;
      else if (kind !== letter) break;
    }
    const whole = this.text.slice(begin, this.at);
    if (isPlain && whole.length <= plainWordLengthMax && !this.isOwn(whole)) {
      this.out += whole;
      return;
    }
    const word = isPlain ? whole : whole.replace(/[.:?|&*]+$/, '');
    const masked = maskWord(word, this.names);
    if (masked.isMask) this.put(masked.text);
    else this.out += masked.text;
    this.out += whole.slice(word.length);
  }

  private isOwn(word: string): boolean {
    return this.names.size > 0 && this.names.has(word.toLowerCase());
  }

  private opened(character: string): void {
    if (character === '{') return this.object();
    const end = this.endOf(character);
    // A name holds no space: what does is a sentence, which tells one cause from another.
    const isSentence = character !== '[' && end > 0 && this.text.slice(this.at, end).includes(' ');
    if (end < 0 || isSentence) {
      this.out += character;
      this.at++;
      return;
    }
    this.at = end + 1;
    this.put(character === '[' ? '[…]' : '"…"');
  }

  /** An apostrophe within a word quotes nothing, and one that ends a quote is not followed by the rest of a word. */
  private endOf(open: string): number {
    const close = closings[open] as string;
    const isQuote = open !== '[';
    if (this.unclosed.includes(close) || (isQuote && this.at > 0 && this.isWordAt(this.at - 1))) return -1;
    let end = this.text.indexOf(close, this.at + 1);
    while (end >= 0 && isQuote && end + 1 < this.text.length && this.isWordAt(end + 1)) {
      end = this.text.indexOf(close, end + 1);
    }
    if (end < 0) this.unclosed += close;
    return end;
  }

  private isWordAt(at: number): boolean {
    const code = this.text.charCodeAt(at);
    return this.kindAt(at) === letter || (code >= 48 && code <= 57);
  }

  /** An object without an end was cut off: nothing follows it. */
  private object(): void {
    let depth = 0;
    let end = this.at;
    for (; end < this.text.length; end++) {
      if (this.text[end] === '{') depth++;
      else if (this.text[end] === '}' && --depth === 0) break;
    }
    this.at = end + 1;
    this.put('{…}');
  }

  /** A list of masked things is one thing, however many they are. */
  private put(mask: string): void {
    const { last, out } = this;
    const isListed = last.mask === mask && out.length > last.end && listGlue.test(out.slice(last.end));
    this.out = isListed ? out.slice(0, last.end) : out + mask;
    this.last = { mask, end: this.out.length };
  }
}
