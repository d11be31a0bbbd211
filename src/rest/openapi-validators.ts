import type { Tool } from '../tools/tool.js';

/** A part of the document. */
type Json = Record<string, unknown>;

const text = { type: 'string' };
const etag = {
  description: 'Weak: the same for answers that differ at most in the times at which they were true',
  schema: text,
};
const asOf = {
  description: 'ISO 8601: asOf of the answer; absent if that is',
  schema: { ...text, format: 'date-time' },
};

/** The header by which a caller says which answer it has; only answers from the index can be asked for that way. */
export const validatorParameters = (tool: Pick<Tool, 'cachedForMs'>): Json[] =>
  tool.cachedForMs
    ? [
        {
          name: 'If-None-Match',
          in: 'header',
          description: 'ETags of answers that the caller has: one that still holds is not sent again (304)',
          required: false,
          schema: text,
        },
      ]
    : [];

/** Headers of an answer that can be asked for again cheaply. */
export function validatorHeaders({ cachedForMs, output }: Pick<Tool, 'cachedForMs' | 'output'>): Json | undefined {
  if (!cachedForMs) return undefined;
  return { ETag: etag, ...('asOf' in output.shape ? { 'X-As-Of': asOf } : {}) };
}

/** The answer to whoever has it already. */
export function notModified(tool: Pick<Tool, 'cachedForMs' | 'output'>): Json {
  const headers = validatorHeaders(tool);
  return headers ? { 304: { description: 'The answer that If-None-Match names still holds; no body', headers } } : {};
}
