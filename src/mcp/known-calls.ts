import type { IncomingHttpHeaders } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import { LRUCache } from 'lru-cache';

/** A call whose text was read before, but for its id. */
export interface KnownCall {
  name: string;
  arguments: Record<string, unknown> | undefined;
  era: 'modern' | 'legacy';
}

/** A text around its id, and the id. */
interface Split {
  key: string;
  id: number;
  withId(id: number): string;
}

const knownMax = 1_000;
const charactersMax = 4_000;
const idField = '"id":';
/** A number as JSON writes it that is surely a safe integer. */
const idAt = /(?:0|[1-9]\d{0,14})(?=[\s,}])/y;
/** What says which era a request belongs to, and whether its client takes the answer. */
const tellingHeaders = ['mcp-protocol-version', 'mcp-method', 'mcp-name', 'accept'] as const;

/**
 * Texts of calls that were read and understood once, so that the next one which differs by nothing but its id need not be
 * read again. A client counts its requests: all else about a call that it repeats stays the same, to the byte.
 */
export class KnownCalls {
  private readonly known = new LRUCache<string, KnownCall>({ max: knownMax });

  find(text: string, headers: IncomingHttpHeaders): (KnownCall & { id: number }) | undefined {
    const split = splitAtId(text, headers);
    const call = split && this.known.get(split.key);
    return call && { ...call, id: split.id };
  }

  /** @param body what the text was read as */
  learn(text: string, headers: IncomingHttpHeaders, body: unknown, call: KnownCall): void {
    const split = splitAtId(text, headers);
    if (!split || this.known.has(split.key)) return;
    // The proof that this is the id and that it stands nowhere else: with another number there, it reads as the same
    // message with that number as its id.
    const id = split.id === 1 ? 2 : 1;
    try {
      if (!isDeepStrictEqual(JSON.parse(split.withId(id)), { ...(body as object), id })) return;
    } catch {
      return;
    }
    this.known.set(split.key, call);
  }
}

function splitAtId(text: string, headers: IncomingHttpHeaders): Split | undefined {
  if (text.length > charactersMax) return undefined;
  const start = text.indexOf(idField) + idField.length;
  if (start < idField.length) return undefined;
  idAt.lastIndex = start;
  const digits = idAt.exec(text)?.[0];
  if (digits === undefined) return undefined;
  const [before, after] = [text.slice(0, start), text.slice(start + digits.length)];
  let told = '';
  for (const name of tellingHeaders) told += `${headers[name] === undefined ? '' : `=${String(headers[name])}`}\n`;
  return { key: `${told}${before} ${after}`, id: Number(digits), withId: (id) => `${before}${id}${after}` };
}
