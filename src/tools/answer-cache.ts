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

  constructor(private readonly index: IndexClock) {}

  get version(): number {
    return this.index.version;
  }

  /** Under what an answer is kept; undefined for a tool that is none to be kept. `input`: the arguments as they came. */
  keyOf(tool: Tool, caller: Caller, input: unknown): string | undefined {
    if (!tool.cachedForMs) return undefined;
    const text = JSON.stringify(input ?? {});
    return text.length > keyCharactersMax ? undefined : `${tool.name} ${caller.scope.key} ${text}`;
  }

  get(key: string): Answer | undefined {
    const kept = this.kept.get(key);
    if (!kept) return undefined;
    if (kept.version === this.index.version && Date.now() < kept.untilMs) return kept.answer;
    this.kept.delete(key);
    return undefined;
  }

  /**
   * @param version of the index before the tool began: what changed while it ran may be in the answer in part
   * @param forMs how long the tool itself stands by its answer
   */
  keep(key: string, answer: Answer, version: number, forMs: number): void {
    if (forMs <= 0 || version !== this.index.version) return;
    const nowMs = Date.now();
    const untilMs = Math.min(nowMs + forMs, this.index.validUntilMs(nowMs));
    if (untilMs > nowMs) this.kept.set(key, { answer, version, untilMs });
  }
}
