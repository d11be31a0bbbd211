import type { z } from 'zod';
import { AppError } from '../errors/app-error.js';
import type { Tool } from './tool.js';

/** What leaves the gate: checked, without empty fields, and its JSON text, made once for both transports. */
export interface Answer {
  output: Record<string, unknown>;
  json: string;
  bytes: number;
}

/**
 * Checks what a tool came back with against what it promised. Unknown fields are cut, null and undefined are left out;
 * anything else that does not fit is a defect of ours and never shown in part.
 */
export function checkAnswer(tool: Tool, raw: unknown): Answer {
  const parsed = tool.output.safeParse(withoutEmpty(raw));
  if (!parsed.success) {
    // Paths and kinds only: the values may be anything.
    const issues = parsed.error.issues.map(({ path, code }: z.core.$ZodIssue) => `${path.join('.')}: ${code}`);
    throw new AppError(
      'internal',
      'The server failed on this call.',
      {},
      {
        cause: new Error(
          `${tool.name} answered what its output schema does not allow: ${issues.slice(0, 10).join('; ')}`,
        ),
      },
    );
  }
  const output = parsed.data;
  const json = JSON.stringify(output);
  return { output, json, bytes: Buffer.byteLength(json) };
}

/** Fields of null and undefined are left out, at any depth. Items of arrays stay: a place in a list is not empty. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== 'object' || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const kept: [string, unknown][] = [];
  for (const [key, field] of Object.entries(value)) {
    if (field !== undefined && field !== null) kept.push([key, withoutEmpty(field)]);
  }
  return Object.fromEntries(kept);
}
