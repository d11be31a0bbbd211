import type { Path } from './config-error.js';

/** A block as it came out of the YAML, before anything about it is known; empty for what is no block. */
export function block(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

/** The entries of a list with their paths; none for what is no list. */
export function entries(value: unknown, path: Path): { value: Record<string, unknown>; path: Path }[] {
  return Array.isArray(value) ? value.map((entry, index) => ({ value: block(entry), path: [...path, index] })) : [];
}
