import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { KnownCalls, type KnownCall } from './known-calls.js';

const headers = { accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2025-11-25' };
const call: KnownCall = { name: 'list_applications', arguments: { limit: 2 }, era: 'legacy' };
const params = { name: 'list_applications', arguments: { limit: 2 } };
const textOf = (message: object): string => JSON.stringify(message);
const learned = (text: string): KnownCalls => {
  const known = new KnownCalls();
  known.learn(text, headers, JSON.parse(text), call);
  return known;
};

describe('a call that was read once', () => {
  it.each([
    ['first', (id: unknown) => ({ id, jsonrpc: '2.0', method: 'tools/call', params })],
    ['last', (id: unknown) => ({ method: 'tools/call', params, jsonrpc: '2.0', id })],
  ])('is known again by any other id, where it stands %s', (_where, message) => {
    const known = learned(textOf(message(7)));
    for (const id of [0, 1, 7, 8, 999_999_999]) {
      expect(known.find(textOf(message(id)), headers)).toEqual({ ...call, id });
    }
    for (const id of ['7', -1, 1.5, 1e21, null, true, Number.MAX_SAFE_INTEGER]) {
      expect(known.find(textOf(message(id)), headers)).toBeUndefined();
    }
  });

  it('is not known by anything else that differs, nor by other headers', () => {
    const text = textOf({ jsonrpc: '2.0', id: 7, method: 'tools/call', params });
    const known = learned(text);
    expect(known.find(text.replace('"limit":2', '"limit":3'), headers)).toBeUndefined();
    expect(known.find(`${text} `, headers)).toBeUndefined();
    expect(known.find(text.replace(':7', ':07'), headers)).toBeUndefined();
    for (const name of ['accept', 'mcp-protocol-version', 'mcp-method', 'mcp-name']) {
      expect(known.find(text, { ...headers, [name]: 'another' })).toBeUndefined();
    }
  });

  it.each([
    ['inside of its arguments', '{"jsonrpc":"2.0","params":{"arguments":{"id":3}},"id":7}'],
    ['twice', '{"jsonrpc":"2.0","id":3,"id":7}'],
    ['inside of a text', textOf({ params: { arguments: { text: '"id":3,' } }, method: 'x' })],
  ])('is not kept when what looks like its id stands %s', (_where, text) => {
    expect(learned(text).find(text, headers)).toBeUndefined();
  });

  it('reads as it would be read, whatever was learned', () => {
    const values = fc.jsonValue({ maxDepth: 2 });
    fc.assert(
      fc.property(values, fc.nat(), fc.nat(), fc.boolean(), (value, one, other, isFirst) => {
        const message = (id: number) => (isFirst ? { id, value } : { value, id });
        const known = learned(textOf(message(one)));
        const found = known.find(textOf(message(other)), headers);
        if (found) expect(found.id).toBe(other);
      }),
    );
  });
});
