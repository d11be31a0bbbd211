import type { BodyShape } from './call.js';
import { GrpcError } from './grpc-error.js';
import { isObject } from './spec-shape.js';

/** Decodes a body as Go's encoding/json does, down to its error texts. Empty is an empty object. */
export function decodeBody(text: string, shape: BodyShape | undefined): Record<string, unknown> {
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new GrpcError(3, syntaxError(text));
  }
  if (!isObject(value)) {
    if (value === null) return {};
    throw new GrpcError(
      3,
      `json: cannot unmarshal ${kindOf(value)} into Go value of type ${shape?.name ?? 'map[string]interface {}'}`,
    );
  }
  for (const [field, type] of Object.entries(shape?.fields ?? {})) {
    const given = value[field];
    if (given === undefined || given === null) continue;
    const fault = mismatch(given, type);
    if (fault)
      throw new GrpcError(
        3,
        `json: cannot unmarshal ${fault.kind} into Go struct field ${shape!.name}.${field} of type ${fault.type}`,
      );
  }
  return value;
}

function mismatch(value: unknown, type: string): { kind: string; type: string } | undefined {
  if (type.startsWith('[]')) {
    if (!Array.isArray(value)) return { kind: kindOf(value), type };
    for (const item of value) {
      const fault = mismatch(item, type.slice(2));
      if (fault) return fault;
    }
    return undefined;
  }
  const kind = kindOf(value);
  const fits =
    type === 'string'
      ? kind === 'string'
      : type === 'bool'
        ? kind === 'bool'
        : kind === 'number' && Number.isInteger(value);
  if (fits) return undefined;
  return { kind: kind === 'number' && type === 'int64' ? `number ${String(value)}` : kind, type };
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (value === null) return 'null';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

const LITERALS = ['true', 'false', 'null'];

/** Where and why Go's scanner gives up. */
function syntaxError(text: string): string {
  const closers: string[] = [];
  let expect: 'value' | 'key' | 'colon' | 'afterValue' | 'firstKey' | 'firstItem' | 'end' = 'value';
  let at = 0;
  const bad = (context: string, position = at): string => `invalid character ${quote(text[position]!)} ${context}`;
  while (at < text.length) {
    const char = text[at]!;
    if (/\s/.test(char)) {
      at += 1;
      continue;
    }
    if (expect === 'end') return bad('after top-level value');
    if (expect === 'key' || expect === 'firstKey') {
      if (char === '}' && expect === 'firstKey') expect = close();
      else if (char === '"') {
        const end = stringEnd(text, at);
        if (end < 0) return 'unexpected EOF';
        at = end;
        expect = 'colon';
        continue;
      } else return bad('looking for beginning of object key string');
    } else if (expect === 'colon') {
      if (char !== ':') return bad('after object key');
      expect = 'value';
    } else if (expect === 'afterValue') {
      const isObjectOpen = closers.at(-1) === '}';
      if (char === ',') expect = isObjectOpen ? 'key' : 'value';
      else if (char === closers.at(-1)) expect = close();
      else return bad(isObjectOpen ? 'after object key:value pair' : 'after array element');
    } else if (char === ']' && expect === 'firstItem') expect = close();
    else if (char === '{' || char === '[') {
      closers.push(char === '{' ? '}' : ']');
      expect = char === '{' ? 'firstKey' : 'firstItem';
    } else if (char === '"') {
      const end = stringEnd(text, at);
      if (end < 0) return 'unexpected EOF';
      at = end;
      expect = closers.length > 0 ? 'afterValue' : 'end';
      continue;
    } else {
      const number = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/.exec(text.slice(at));
      const literal = LITERALS.find((word) => word[0] === char);
      if (number) at += number[0].length;
      else if (literal) {
        for (let index = 1; index < literal.length; index += 1) {
          if (at + index >= text.length) return 'unexpected EOF';
          if (text[at + index] !== literal[index])
            return bad(`in literal ${literal} (expecting ${quote(literal[index]!)})`, at + index);
        }
        at += literal.length;
      } else return bad('looking for beginning of value');
      expect = closers.length > 0 ? 'afterValue' : 'end';
      continue;
    }
    at += 1;
  }
  return 'unexpected EOF';

  function close(): 'afterValue' | 'end' {
    closers.pop();
    return closers.length > 0 ? 'afterValue' : 'end';
  }
}

function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at + 1;
  }
  return -1;
}

function quote(char: string): string {
  return char === "'" ? `'\\''` : char === '"' ? `'"'` : `'${char}'`;
}
