import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { everything, type Scope } from '../fleet/scope.js';
import { AnswerCache } from './answer-cache.js';
import { defineTool } from './tool.js';

const tool = defineTool({
  name: 'list_things',
  title: 'List',
  description: 'Lists.',
  effect: 'read',
  idempotent: true,
  route: 'GET /things',
  toolset: 'applications',
  input: z.strictObject({}),
  output: z.object({}),
  cachedForMs: () => Infinity,
  run: async () => ({}),
});
const callerOf = (scope: Scope) => ({ name: 'x', role: 'viewer' as const, scope, tool: () => true });
const answer = { output: {}, json: '{}', bytes: 2 };

describe('kept answers', () => {
  const open = () => {
    const index = { version: 1, untilMs: Infinity, validUntilMs: (_atMs: number): number => index.untilMs };
    const cache = new AnswerCache(index);
    const key = cache.keyOf(tool, callerOf(everything), { a: 1 }) as string;
    return { index, cache, key };
  };

  it('an answer is given again as long as nothing changes, and never after', () => {
    const { index, cache, key } = open();
    cache.keep(key, answer, cache.begin(), Infinity);
    expect(cache.get(key)).toBe(answer);
    index.version = 2;
    expect(cache.get(key)).toBeUndefined();
  });

  it('the same arguments have another key for another scope and another tool, also as the same object', () => {
    const { cache } = open();
    const input = { a: 1 };
    const narrow = callerOf({ ...everything, key: 'narrow' });
    const keys = () => [
      cache.keyOf(tool, callerOf(everything), input),
      cache.keyOf(tool, narrow, input),
      cache.keyOf({ ...tool, name: 'list_others' }, narrow, input),
    ];
    expect(new Set(keys()).size).toBe(3);
    expect(keys()).toEqual(keys());
    expect(keys()[0]).toBe(cache.keyOf(tool, callerOf(everything), { a: 1 }));
  });

  it('an answer during which the index changed is not kept', () => {
    const { index, cache, key } = open();
    const began = cache.begin();
    index.version = 2;
    cache.keep(key, answer, began, Infinity);
    expect(cache.get(key)).toBeUndefined();
  });

  it('an answer is not kept beyond the moment at which time alone changes the order', () => {
    const { index, cache, key } = open();
    index.untilMs = Date.now() - 1;
    cache.keep(key, answer, cache.begin(), Infinity);
    expect(cache.get(key)).toBeUndefined();
  });

  it('an answer during which time alone changed the order is not kept', () => {
    const { index, cache, key } = open();
    // An index whose order changed a moment ago, and not again since: the answer began before.
    const changedMs = Date.now();
    index.validUntilMs = (atMs: number) => (atMs < changedMs ? changedMs : Infinity);
    cache.keep(key, answer, { version: 1, atMs: changedMs - 5 }, Infinity);
    expect(cache.get(key)).toBeUndefined();
    cache.keep(key, answer, { version: 1, atMs: changedMs }, Infinity);
    expect(cache.get(key)).toBe(answer);
  });

  it('a tool that asks clusters with these arguments is not kept', () => {
    const { cache, key } = open();
    cache.keep(key, answer, cache.begin(), 0);
    expect(cache.get(key)).toBeUndefined();
  });

  it('two scopes never have an answer in common', () => {
    const { cache, key } = open();
    const other: Scope = { ...everything, key: 'projects:web' };
    expect(cache.keyOf(tool, callerOf(other), { a: 1 })).not.toBe(key);
  });

  it('a question too long to be asked twice is not remembered', () => {
    const { cache } = open();
    expect(cache.keyOf(tool, callerOf(everything), { a: 'x'.repeat(5_000) })).toBeUndefined();
  });
});
