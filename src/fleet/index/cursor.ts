import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../../errors/app-error.js';

const lengthMax = 2000;
const content = z.tuple([z.string(), z.unknown()]);

/**
 * A cursor is a place in an order, not a snapshot: base64url of `[binding, position]`. It holds only what the caller
 * has seen (the last row's place), and every page is filtered by the caller's scope again, so it needs no signature.
 * The binding ties it to the filter and the scope it was made for: callers who may see the same may share one.
 */
export function encodeCursor(bound: unknown, position: unknown): string {
  return Buffer.from(JSON.stringify([bindingOf(bound), position])).toString('base64url');
}

/** Throws `invalid_input` when it is no cursor of ours or was made for another question or scope. */
export function decodeCursor<T>(bound: unknown, cursor: string, position: z.ZodType<T>): T {
  const parsed = cursor.length > lengthMax ? undefined : content.safeParse(parse(cursor));
  const place = parsed?.success ? position.safeParse(parsed.data[1]) : undefined;
  if (!parsed?.success || !place?.success) throw invalid('is not one that this server gave out');
  if (parsed.data[0] !== bindingOf(bound)) {
    throw invalid('belongs to another question: repeat the call with the same filters, or leave the cursor out');
  }
  return place.data;
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

const bindingOf = (bound: unknown): string =>
  createHash('sha256').update(JSON.stringify(bound)).digest('base64url').slice(0, 16);

const invalid = (what: string): AppError =>
  new AppError('invalid_input', `cursor: it ${what}.`, { issues: [{ path: 'cursor', message: `it ${what}` }] });
