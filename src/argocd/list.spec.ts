import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { rejection } from '../../test/support/argocd-client.js';
import { allRecordings, recordedBody } from '../../test/support/recordings.js';
import { applicationBytesMax, applicationsMax, readList, type ListEnd } from './list.js';
import type { Application } from './schemas.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes that are held at the end of `chunks`, before the list says that it is not whole. */
async function heldAfter(chunks: () => Generator<Buffer>): Promise<number> {
  const used = (): number => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = used();
  let held = Infinity;
  const all = async function* (): AsyncGenerator<Buffer> {
    yield* chunks();
    held = used() - before;
  };
  await rejection(readList(all(), () => undefined));
  return held;
}

async function* inParts(bytes: Buffer, sizes: Iterable<number>): AsyncGenerator<Buffer> {
  let at = 0;
  for (const size of sizes) {
    if (at >= bytes.length) return;
    yield bytes.subarray(at, at + size);
    at += size;
  }
  if (at < bytes.length) yield bytes.subarray(at);
}

function* always(size: number): Generator<number> {
  for (;;) yield size;
}

async function read(text: string | Buffer, sizes: Iterable<number> = []): Promise<ListEnd & { items: Application[] }> {
  const items: Application[] = [];
  const end = await readList(inParts(Buffer.from(text), sizes), (application) => items.push(application));
  return { ...end, items };
}

describe('a list that is read while it arrives', () => {
  const lists = allRecordings().filter(
    ({ request: { method, path }, response }) =>
      method === 'GET' &&
      /\/api\/v1\/applications(\?|$)/.test(path) &&
      response.status === 200 &&
      typeof response.body === 'object',
  );

  it('gives of every recorded list, of three versions, what JSON.parse gives', async () => {
    expect(lists.length).toBeGreaterThan(20);
    for (const recorded of lists) {
      const text = recordedBody(recorded);
      const value = JSON.parse(text) as { items: Application[] | null; metadata: { resourceVersion: string } };
      for (const size of [1, 7, 1000, 1_000_000]) {
        expect(await read(text, always(size))).toEqual({
          items: value.items ?? [],
          count: value.items?.length ?? 0,
          unreadable: 0,
          resourceVersion: value.metadata.resourceVersion,
        });
      }
    }
  });

  it('does not care how objects are written and where the bytes are cut', async () => {
    const application = fc.record({ metadata: fc.record({ name: fc.string() }), other: fc.jsonValue() });
    const member = fc.tuple(
      fc.string().filter((key) => key !== 'items' && key !== 'metadata'),
      fc.jsonValue(),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(application),
        fc.array(member, { maxLength: 2 }),
        fc.array(member, { maxLength: 2 }),
        fc.constantFrom(undefined, 0, 2, '\t'),
        fc.array(fc.integer({ min: 1, max: 40 })),
        async (items, before, after, space, sizes) => {
          const written = Object.fromEntries([...before, ['items', items], ...after, ['metadata', {}]]);
          const { items: found } = await read(JSON.stringify(written, null, space), sizes);
          expect(found).toEqual(JSON.parse(JSON.stringify(items)));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('of a list that is not whole JSON, or breaks off anywhere, nothing is taken for the whole', async () => {
    const text =
      '{"items":[{"metadata":{"name":"a"}}\n,{"metadata":{"name":"b\\"]}"}}],"metadata":{"resourceVersion":"7"}}';
    expect((await read(text)).count).toBe(2);
    for (let length = 0; length < text.length; length++) {
      expect(await rejection(read(text.slice(0, length), always(5)))).toMatchObject({
        code: 'cluster_unreachable',
        details: { reason: 'garbage' },
      });
    }
  });

  it.each([
    '',
    'null',
    '[]',
    '{}',
    '{"metadata":{}}',
    '{"metadata":[],"items":[]}',
    '{"metadata":{"resourceVersion":5},"items":[]}',
    '{"items":{}}',
    '{"items":"none"}',
    '{"items":[null]}',
    '{"items":["a", 1]}',
    '{"items":[{}{}]}',
    '{"items":[{},]}',
    '{"items":[,{}]}',
    '{"items":[{]]}',
    '{"items":[{"a":1}}]}',
    '{"items":[nul]}',
    '{"items":[]]}',
    '{"items":[]}}',
    '{"items":[]} x',
    '{"items" []}',
    '{items:[]}',
    '{"items":[],}',
    '{"items":[{"metadata":{"name":"\u0000"}}]}',
    '<html></html>',
  ])('%j is no list', async (text) => {
    for (const size of [1, 1000]) {
      expect(await rejection(read(text, always(size)))).toMatchObject({ details: { reason: 'garbage' } });
    }
  });

  it.each([
    ['{"items":null}', 0],
    ['{"items":[]}', 0],
    [' {"metadata":{"resourceVersion":"5"}}\n', 0],
    ['{"metadata":null,"items":[ ]}', 0],
    ['{"metadata":{},"items":[{}\n,{}\n]}', 2],
  ])('%j is one with %d applications', async (text, count) => {
    for (const size of [1, 1000]) expect((await read(text, always(size))).items).toHaveLength(count);
  });

  it('counts what is no application, and gives the others', async () => {
    expect(await read('{"items":[{"metadata":{"name":"a"}},null,5,{"status":5}]}', always(3))).toEqual({
      items: [{ metadata: { name: 'a' } }],
      count: 1,
      unreadable: 3,
    });
  });

  it('an item that comes byte by byte costs no more than its bytes', async () => {
    const held = await heldAfter(function* () {
      yield Buffer.from('{"items":[{"a":"');
      for (let i = 0; i < 1_000_000; i++) yield Buffer.from('x');
    });
    expect(held).toBeLessThan(10_000_000);
  });

  it('what a list says beside its items is not collected', async () => {
    const held = await heldAfter(function* () {
      yield Buffer.from('{"items":[]');
      for (let i = 0; i < 20_000; i++) yield Buffer.from(`,"member ${i}":"${String(i).repeat(200)}"`);
    });
    expect(held).toBeLessThan(5_000_000);
  });

  it.each(['{}', '{"metadata":{"name":"a","namespace":"b"}}', '5'])('a list of %s without end ends', async (item) => {
    const run = Buffer.from(`${item},`.repeat(1_000));
    let runs = 0;
    const chunks = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.from('{"items":[');
      for (; runs < 1_000; runs++) yield run;
    };
    expect(await rejection(readList(chunks(), () => undefined))).toMatchObject({ details: { reason: 'too_large' } });
    expect(runs).toBeLessThan(applicationsMax / 1_000 + 100);
  });

  it('items that are nested as deep as there is room are taken for what they are', async () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    expect(await read(`{"items":[{"metadata":{"name":"a"},"other":${deep}},${deep}]}`)).toMatchObject({
      count: 1,
      unreadable: 1,
    });
  });

  it('one item or name without end is not collected for ever', async () => {
    const endless = async function* (head: string): AsyncGenerator<Buffer> {
      yield Buffer.from(head);
      for (let bytes = 0; ; bytes += 65_536) {
        expect(bytes).toBeLessThan(2 * applicationBytesMax);
        yield Buffer.alloc(65_536, 'x');
      }
    };
    for (const head of ['{"items":[{"metadata":{"name":"', '{"metadata":"', '{"', '{"items":[{},{"a":"']) {
      const taken: Application[] = [];
      const failed = rejection(readList(endless(head), (application) => taken.push(application)));
      expect(await failed).toMatchObject({ details: { reason: 'too_large' } });
    }
  });
});
