import type { Answer } from './answer.js';
import type { Tool } from './tool.js';

/** Bytes of JSON text that a list answers with unless the caller asked for a certain number of items. About 5k tokens. */
export const answerBytesDefault = 20_000;
/** Bytes of JSON text that no answer exceeds. */
export const answerBytesMax = 40_000;

const retriesMax = 4;

/**
 * Keeps a list within its budget by asking the tool again for fewer items. Nothing is cut from a finished answer: its
 * `nextCursor` would then skip what was cut. A shorter page carries the cursor that belongs to it, and `total` says how
 * many there are, so every row stays counted and within reach. Only reads with a `limit` are asked again; whatever else
 * is too large has to cut and count by itself.
 *
 * @param again runs the tool with another `limit`
 */
export async function withinBudget(
  tool: Tool,
  input: Record<string, unknown>,
  isLimitGiven: boolean,
  first: Answer,
  again: (input: Record<string, unknown>) => Promise<Answer>,
): Promise<Answer> {
  if (tool.effect !== 'read' || typeof input['limit'] !== 'number') return first;
  const budget = isLimitGiven ? answerBytesMax : answerBytesDefault;
  let answer = first;
  let limit = input['limit'];
  for (let retry = 0; answer.bytes > budget && limit > 1 && retry < retriesMax; retry++) {
    const items = Math.min(limit, longestList(answer.output));
    // A little less than proportional, because rows differ in length.
    limit = Math.max(1, Math.min(limit - 1, Math.floor((items * budget * 0.9) / answer.bytes)));
    answer = await again({ ...input, limit });
  }
  return answer;
}

function longestList(output: Record<string, unknown>): number {
  const lengths = Object.values(output).map((field) => (Array.isArray(field) ? field.length : 0));
  return Math.max(1, ...lengths);
}
