import { describe, expect, it } from '@jest/globals';
import { allRecordings, recordedFrames, type Recording } from '../../test/support/recordings.js';
import {
  application,
  canIAnswer,
  listMetadata,
  settings,
  streamError,
  unaryError,
  userInfo,
  version,
  watchFrame,
} from './schemas.js';
import { z } from 'zod';

/** What a list is made of; it is read piece by piece, see list.spec.ts. */
const applicationList = z.looseObject({ metadata: listMetadata, items: z.array(application).nullable() });

interface Case {
  kind: string;
  schema: z.ZodType;
  values: unknown[];
}

const applicationPath = /^\/api\/v1\/applications\/[^/?]+(?:\/(?:sync|rollback))?(?:\?|$)/;

/** Which of our schemas has to read a recording, if any. */
function caseOf({ request: { method, path }, response }: Recording): Case | undefined {
  const bare = path.replace(/^\/prefix|^\/argocd/, '').split('?')[0] ?? '';
  const { body, status = 0 } = response;
  const isStream = bare.startsWith('/api/v1/stream/');
  if (response.chunks) {
    if (bare !== '/api/v1/stream/applications') return undefined;
    const isRefused = status !== 200 && status !== 0;
    const frames = recordedFrames({ response } as Recording);
    if (isRefused) return { kind: 'stream error', schema: streamError, values: frames };
    if (!path.includes('fields=') || path.includes('result.type'))
      return { kind: 'frame', schema: watchFrame, values: frames };
    // Asked for without the type of the event, which our client never does.
    const values = frames.map((frame) => (frame as { result: { application: unknown } }).result.application);
    return { kind: 'application of a frame', schema: application, values };
  }
  if (body === undefined || typeof body === 'string') return undefined;
  if (status !== 200) {
    if (Object.keys(body as object).length === 0) return undefined;
    return (body as { error?: unknown }).error instanceof Object || isStream
      ? { kind: 'stream error', schema: streamError, values: [body] }
      : { kind: 'error', schema: unaryError, values: [body] };
  }
  if (bare === '/api/version') return { kind: 'version', schema: version, values: [body] };
  if (bare === '/api/v1/settings') return { kind: 'settings', schema: settings, values: [body] };
  if (bare === '/api/v1/session/userinfo') return { kind: 'user info', schema: userInfo, values: [body] };
  if (bare.startsWith('/api/v1/account/can-i/')) return { kind: 'can-i', schema: canIAnswer, values: [body] };
  if (bare === '/api/v1/applications') {
    return method === 'GET'
      ? { kind: 'list', schema: applicationList, values: [body] }
      : { kind: 'application', schema: application, values: [body] };
  }
  if (applicationPath.test(bare) && method !== 'DELETE')
    return { kind: 'application', schema: application, values: [body] };
  return undefined;
}

describe('the schemas', () => {
  const recordings = allRecordings();
  const cases = recordings.flatMap((recorded) => {
    const found = caseOf(recorded);
    return found ? [{ ...found, file: `${recorded.version}/${recorded.name}`, version: recorded.version }] : [];
  });

  it('read every recording of an endpoint that they are for, in all three versions', () => {
    const failures = cases.flatMap(({ file, schema, values }) =>
      values.flatMap((value) => {
        const parsed = schema.safeParse(value);
        return parsed.success ? [] : [{ file, issues: parsed.error.issues }];
      }),
    );
    expect(failures).toEqual([]);
  });

  it('lose nothing that a recording holds', () => {
    for (const { schema, values } of cases) for (const value of values) expect(schema.parse(value)).toEqual(value);
  });

  it('have really been held against the recordings', () => {
    const counts: Record<string, number> = {};
    for (const { kind, values } of cases) counts[kind] = (counts[kind] ?? 0) + values.length;
    expect(recordings).toHaveLength(389);
    expect(counts).toEqual({
      application: 97,
      'can-i': 7,
      error: 88,
      frame: 233,
      'application of a frame': 15,
      list: 30,
      settings: 7,
      'stream error': 7,
      'user info': 6,
      version: 5,
    });
    expect(new Set(cases.map((one) => one.version))).toEqual(new Set(['v2.14', 'v3.1', 'v3.6']));
    expect(
      cases
        .filter(({ values }) => values.length === 0)
        .map(({ file }) => file)
        .sort(),
    ).toEqual([
      'v3.6/stream-missing-name',
      'v3.6/stream-sse-no-rights-at-all',
      'v3.6/stream-sse-with-resourceversion-quiet',
    ]);
  });

  it('take null and absence for every part of an application', () => {
    for (const value of [
      {},
      { metadata: null, spec: null, operation: null, status: null },
      { metadata: { name: 'a', labels: null, annotations: null, deletionTimestamp: null } },
      { status: { conditions: null, history: null, resources: null, operationState: null, summary: {}, health: {} } },
      { status: { operationState: { finishedAt: null, syncResult: { resources: null } } } },
      { operation: { info: null, initiatedBy: {}, retry: {} } },
    ]) {
      expect(application.safeParse(value).success).toBe(true);
    }
  });

  it('take words that a newer Argo CD may bring, and fields nobody knows', () => {
    const value = { metadata: { name: 'a', fresh: [1] }, status: { health: { status: 'Dreaming' }, new: { a: 1 } } };
    expect(application.parse(value)).toEqual(value);
  });

  it.each([
    [{ metadata: 'a' }],
    [{ metadata: { name: 5 } }],
    [{ metadata: { labels: ['a'] } }],
    [{ metadata: { labels: { a: 1 } } }],
    [{ status: { conditions: {} } }],
    [{ status: { health: 'Healthy' } }],
    [{ status: { summary: { images: 'x' } } }],
    [{ status: { operationState: { retryCount: '1' } } }],
    [[]],
    ['application'],
    [null],
  ])('refuse an application whose parts are of another kind: %j', (value) => {
    expect(application.safeParse(value).success).toBe(false);
  });
});
