import { LRUCache } from 'lru-cache';
import type { Caller } from '../auth/caller.js';
import type { Answer } from './answer.js';
import type { Tool } from './tool.js';

/** What tells whether an answer from the index is still true; `FleetIndex` is one. */
export interface IndexClock {
  /** Grows whenever an answer could become another one. */
  readonly version: number;
  /** Until when time alone changes nothing, in milliseconds since the epoch. */
  validUntilMs(nowMs: number): number;
}

/** The moment before an answer was made. */
export interface Began {
  version: number;
  atMs: number;
}

interface Kept {
  answer: Answer;
  version: number;
  untilMs: number;
}

const bytesMax = 64 * 1024 * 1024;
/** Longer questions are answered anew each time. */
const keyCharactersMax = 4_000;

/**
 * Finished answers of tools that answer from the index alone. Exact, not a guess: an answer is given again only while
 * nothing in the index has changed since, no row, no feed, no sign of life. Bounded by bytes. Keys hold the caller's
 * scope, so nobody gets what was made for another.
 */
export class AnswerCache {
  private readonly kept = new LRUCache<string, Kept>({
    maxSize: bytesMax,
    // The text stands in it twice: as JSON, and as the object that it was made from (about twice its size).
    sizeCalculation: ({ answer }, key) => 3 * answer.bytes + 2 * key.length + 200,
  });

  /** Of arguments that come again as the same object, by which a short way knows them. */
  private readonly keys = new WeakMap<object, { tool: Tool; scope: string; key: string | undefined }>();

  constructor(private readonly index: IndexClock) {}

  /** What the index says before a tool begins; `keep` needs it. */
  begin(): Began {
    return { version: this.index.version, atMs: Date.now() };
  }

  /**
   * Under what an answer is kept; undefined for a tool that is none to be kept.
   *
   * @param input the arguments as they came; nobody may change them
   */
  keyOf(tool: Tool, caller: Caller, input: unknown): string | undefined {
    if (!tool.cachedForMs) return undefined;
    if (typeof input !== 'object' || input === null) return newKey(tool, caller, input);
    const scope = caller.scope.key;
    let known = this.keys.get(input);
    if (known?.tool !== tool || known.scope !== scope) {
      known = { tool, scope, key: newKey(tool, caller, input) };
      this.keys.set(input, known);
    }
    return known.key;
  }

  get(key: string): Answer | undefined {
    const kept = this.kept.get(key);
    if (!kept) return undefined;
    if (kept.version === this.index.version && Date.now() < kept.untilMs) return kept.answer;
    this.kept.delete(key);
    return undefined;
  }

  /**
   * @param began before the tool did: what changed while it ran, be it by time alone, may be in the answer in part
   * @param forMs how long the tool itself stands by its answer
   */
  keep(key: string, answer: Answer, { version, atMs }: Began, forMs: number): void {
    if (forMs <= 0 || version !== this.index.version) return;
    const untilMs = Math.min(atMs + forMs, this.index.validUntilMs(atMs));
    if (untilMs > Date.now()) this.kept.set(key, { answer, version, untilMs });
  }
}

function newKey({ name }: Tool, { scope }: Caller, input: unknown): string | undefined {
  const text = JSON.stringify(input ?? {});
  return text.length > keyCharactersMax ? undefined : `${name} ${scope.key} ${text}`;
}
