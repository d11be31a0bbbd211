import { failure } from './failure.js';
import { KeptBytes } from './kept-bytes.js';

/** A run of items is handed over when it has so many bytes: little enough that parsing it holds nobody up. */
const runBytes = 32 * 1024;

const enum State {
  Start,
  FirstKey,
  NextKey,
  Key,
  Colon,
  Value,
  InValue,
  AfterValue,
  FirstItem,
  NextItem,
  InItem,
  AfterItem,
  Done,
}

/* Bytes that JSON's own structure is made of. */
const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** What a splitter finds. */
export interface ListParts {
  /**
   * Complete items of the list, with commas between them and nothing around: `[${run}]` is JSON if the items are. Once
   * with nothing for a list that is empty.
   */
  items(run: string): void;
  /** Any other member of the list, and `items` when it is no array; the key is JSON as well. */
  member(key: string, json: string): void;
}

/**
 * Finds the items in the bytes of a JSON object like `{"metadata": ..., "items": [...]}` while they arrive, wherever
 * `items` stands. Looks at brackets and quotes only: what is between them is left to `JSON.parse`. Throws
 * `cluster_unreachable`: `garbage` for what is no such object, `too_large` for one item over `itemBytesMax`.
 */
export class ListSplitter {
  private state = State.Start;
  /** Bytes of earlier chunks that belong to the value, key or run under way. */
  private readonly kept = new KeptBytes();
  /** Where in the chunk the value, key or run begins; -1: none has begun. */
  private from = -1;
  /** Where in the chunk the last complete item of the run ends; -1: none has ended. */
  private runEnd = -1;
  /** Where in the chunk the item under way begins. */
  private itemFrom = 0;
  private itemBytes = 0;
  private depth = 0;
  private isText = false;
  private isEscaped = false;
  private key = '';

  constructor(
    private readonly parts: ListParts,
    private readonly itemBytesMax: number,
  ) {}

  push(chunk: Buffer): void {
    this.from = this.kept.length > 0 ? 0 : -1;
    this.runEnd = -1;
    this.itemFrom = 0;
    let at = 0;
    while (at < chunk.length) at = this.step(chunk, at);
    this.keep(chunk);
  }

  /** The list must be complete by now. */
  end(): void {
    if (this.state !== State.Done) throw garbage();
  }

  /** Goes on from a byte to the next that is not looked at yet. */
  private step(chunk: Buffer, at: number): number {
    const byte = chunk[at] as number;
    switch (this.state) {
      case State.Key:
      case State.InValue:
      case State.InItem:
        return this.within(chunk, at);
      default:
        if (isSpace(byte)) return at + 1;
    }
    switch (this.state) {
      case State.Start:
        if (byte !== openBrace) throw garbage();
        this.state = State.FirstKey;
        return at + 1;
      case State.FirstKey:
        return byte === closeBrace ? this.to(State.Done, at) : this.beginKey(byte, at);
      case State.NextKey:
        return this.beginKey(byte, at);
      case State.Colon:
        if (byte !== colon) throw garbage();
        return this.to(State.Value, at);
      case State.Value:
        if (this.key === '"items"' && byte === openBracket) return this.to(State.FirstItem, at);
        return this.begin(State.InValue, byte, at);
      case State.AfterValue:
        if (byte === comma) return this.to(State.NextKey, at);
        if (byte !== closeBrace) throw garbage();
        return this.to(State.Done, at);
      case State.FirstItem:
        if (byte !== closeBracket) return this.begin(State.InItem, byte, at);
        this.parts.items('');
        return this.to(State.AfterValue, at);
      case State.NextItem:
        return this.begin(State.InItem, byte, at);
      case State.AfterItem:
        if (byte === comma) return this.to(State.NextItem, at);
        if (byte !== closeBracket) throw garbage();
        this.handOver(chunk);
        return this.to(State.AfterValue, at);
      default:
        throw garbage();
    }
  }

  private to(state: State, at: number): number {
    this.state = state;
    return at + 1;
  }

  private beginKey(byte: number, at: number): number {
    if (byte !== quote) throw garbage();
    return this.begin(State.Key, byte, at);
  }

  private begin(state: State, byte: number, at: number): number {
    if (byte === comma || byte === colon || byte === closeBracket || byte === closeBrace) throw garbage();
    this.state = state;
    if (this.from < 0) this.from = at;
    this.itemFrom = at;
    this.itemBytes = 0;
    this.isText = byte === quote;
    this.isEscaped = false;
    // -1: a word or a number, which has no end of its own and ends before what follows it.
    this.depth = byte === openBrace || byte === openBracket ? 1 : this.isText ? 0 : -1;
    return at + 1;
  }

  /** Looks for the end of the value under way: the only loop over bytes that there is. */
  private within(chunk: Buffer, from: number): number {
    let at = from;
    if (this.depth < 0) {
      for (; at < chunk.length; at++) if (endsWord(chunk[at] as number)) return this.ended(chunk, at);
      return at;
    }
    let { depth, isText } = this;
    if (this.isEscaped) {
      this.isEscaped = false;
      at++;
    }
    for (const end = chunk.length; at < end; at++) {
      let byte = chunk[at] as number;
      if (isText) {
        while (byte !== quote && byte !== backslash && ++at < end) byte = chunk[at] as number;
        if (at === end) break;
        if (byte === quote) {
          isText = false;
          if (depth === 0) return this.ended(chunk, at + 1);
        } else if (++at === end) {
          // The next byte means nothing; it is in the next chunk.
          this.isEscaped = true;
        }
      } else if (byte === quote) isText = true;
      else {
        // Brackets and braces differ in one bit.
        byte |= 0x20;
        if (byte === openBrace) depth++;
        else if (byte === closeBrace && --depth === 0) return this.ended(chunk, at + 1);
      }
    }
    this.depth = depth;
    this.isText = isText;
    return at;
  }

  private ended(chunk: Buffer, at: number): number {
    if (this.state === State.InItem) {
      this.state = State.AfterItem;
      this.runEnd = at;
      if (this.kept.length + at - this.from >= runBytes) this.handOver(chunk);
      return at;
    }
    const text = this.textTo(chunk, at);
    if (this.state === State.Key) {
      this.key = text;
      this.state = State.Colon;
    } else {
      this.state = State.AfterValue;
      this.parts.member(this.key, text);
    }
    return at;
  }

  /** Gives away the items that are complete, if there are any. */
  private handOver(chunk: Buffer): void {
    if (this.runEnd < 0) return;
    this.parts.items(this.textTo(chunk, this.runEnd));
    this.runEnd = -1;
  }

  private textTo(chunk: Buffer, end: number): string {
    const { from } = this;
    this.from = -1;
    if (this.kept.length === 0) return chunk.toString('utf8', from, end);
    this.kept.add(chunk, from, end);
    return this.kept.take();
  }

  /** At the end of a chunk: gives away what is complete and keeps what is not. */
  private keep(chunk: Buffer): void {
    const isInItem = this.state === State.InItem;
    if (isInItem) this.itemBytes += chunk.length - this.itemFrom;
    else if (this.from >= 0) this.itemBytes = this.kept.length + chunk.length - this.from;
    if (this.itemBytes > this.itemBytesMax) {
      throw failure('cluster_unreachable', 'too_large', `One item of the list exceeds ${this.itemBytesMax} bytes.`);
    }
    if (this.from < 0) return;
    if (this.runEnd >= 0) {
      this.handOver(chunk);
      if (!isInItem) return;
      this.from = this.itemFrom;
    }
    this.kept.add(chunk, this.from, chunk.length);
  }
}

const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
const endsWord = (byte: number): boolean =>
  isSpace(byte) || byte === comma || byte === closeBrace || byte === closeBracket;

const garbage = () =>
  failure('cluster_unreachable', 'garbage', 'The cluster answers with something that is not a list in JSON.');
