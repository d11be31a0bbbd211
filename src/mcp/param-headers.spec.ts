import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeHeaderValue, encodeHeaderValue, findHeaderMismatch } from './param-headers.js';

const mirrored = [{ argument: 'cluster', header: 'Cluster' }];
const headers = (value?: string) => new Headers(value === undefined ? {} : { 'Mcp-Param-Cluster': value });
const find = (args: unknown, header?: string, mustMirror = true) =>
  findHeaderMismatch(mirrored, args, headers(header), mustMirror);

describe('header values', () => {
  it('carry every text and come back as they were', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const value = encodeHeaderValue(text);
        // Through a real header: field parsing strips blanks and refuses what is not latin1.
        expect(decodeHeaderValue(headers(value).get('Mcp-Param-Cluster') ?? '')).toBe(text);
      }),
    );
  });

  it.each([
    ['eu', 'eu'],
    ['  eu\t', 'eu'],
    ['=?base64?ZXU=?=', 'eu'],
    ['=?base64??=', ''],
    ['=?base64?ZXU=', '=?base64?ZXU='],
    ['=?BASE64?ZXU=?=', '=?BASE64?ZXU=?='],
  ])('%j means %j', (header, meant) => {
    expect(decodeHeaderValue(header)).toBe(meant);
  });

  it.each([
    '=?base64?ZXU?=',
    '=?base64?ZX!=?=',
    '=?base64?/w==?=',
    '=?base64?ZXU= ?=',
    '=?base64?=',
    '=?base64?ZXV=?=',
  ])('%j means nothing or itself, never another text', (header) => {
    expect([undefined, header, 'eu']).toContain(decodeHeaderValue(header));
  });
});

describe('a mirrored argument', () => {
  it('agrees with its own header and with no other', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ unit: 'grapheme' }), (cluster, other) => {
        expect(find({ cluster }, encodeHeaderValue(cluster))).toBeUndefined();
        if (other !== cluster) expect(find({ cluster }, encodeHeaderValue(other))?.header).toBe('Mcp-Param-Cluster');
      }),
    );
  });

  it('that is absent wants no header and bears none', () => {
    for (const args of [undefined, null, {}, { cluster: null }, 'text', []]) {
      expect(find(args)).toBeUndefined();
      expect(find(args, 'eu')).toBeDefined();
    }
  });

  it('that is inherited is absent', () => {
    expect(find(Object.create({ cluster: 'eu' }))).toBeUndefined();
  });

  it('wants its header, except from clients that know no such headers', () => {
    expect(find({ cluster: 'eu' })).toBeDefined();
    expect(find({ cluster: 'eu' }, undefined, false)).toBeUndefined();
    expect(find({ cluster: 'eu' }, 'us', false)).toBeDefined();
  });

  it('never stands in the complaint, nor does the header: both may be anything', () => {
    expect(JSON.stringify(find({ cluster: 'secret-a' }, 'secret-b'))).not.toContain('secret');
  });
});
