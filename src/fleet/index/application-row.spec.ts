import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { recordedVersions, recording } from '../../../test/support/recordings.js';
import { application } from '../../argocd/schemas.js';
import { rowOf } from './application-row.js';
import { addressOf, linkOf } from './upstream-values.js';

const parse = (value: unknown) => application.parse(value);
const metadata = { name: 'cart', namespace: 'argocd' };

describe('row of an application', () => {
  it('keeps what Argo CD says', () => {
    const row = rowOf(
      'eu',
      parse({
        metadata: { ...metadata, uid: 'u', resourceVersion: '12', labels: { team: 'web' } },
        spec: {
          project: 'shop',
          source: { repoURL: 'https://git.example.com/a', path: 'cart', targetRevision: 'main' },
          destination: { server: 'https://kubernetes.default.svc', namespace: 'cart' },
          syncPolicy: { automated: {} },
        },
        status: {
          health: { status: 'Degraded', lastTransitionTime: '2026-11-24T03:23:18Z' },
          sync: { status: 'OutOfSync', revision: 'abc' },
          operationState: { phase: 'Failed', message: 'boom' },
          summary: { images: ['cart:1'] },
        },
      }),
    );
    expect(row).toMatchObject({
      cluster: 'eu',
      ...metadata,
      uid: 'u',
      resourceVersion: '12',
      project: 'shop',
      labels: { team: 'web' },
      health: 'Degraded',
      healthSince: '2026-11-24T03:23:18Z',
      sync: 'OutOfSync',
      revisions: ['abc'],
      operation: { phase: 'Failed', message: 'boom' },
      operating: false,
      autoSync: true,
      images: ['cart:1'],
      sources: [{ repository: 'https://git.example.com/a', path: 'cart', targetRevision: 'main' }],
    });
  });

  it.each(recordedVersions)('says of what Argo CD %s has just created that it was not compared', (version) => {
    const rowIn = (name: string) => rowOf('eu', parse(recording(version, name).response.body));
    expect(rowIn('create')).toMatchObject({ sync: 'Unknown', notCompared: true });
    expect(rowIn('get-after-sync')?.notCompared).toBeUndefined();
  });

  it.each([
    [{}],
    [{ name: 'a' }],
    [{ name: 'A', namespace: 'x' }],
    [{ name: '../x', namespace: 'x' }],
    [{ name: 'a'.repeat(300), namespace: 'x' }],
  ])('%j names nothing that could exist: no row', (names) => {
    expect(rowOf('eu', parse({ metadata: names }))).toBeUndefined();
  });

  it('a message keeps no credentials, not even the half of one that is left where it is cut', () => {
    const says = (message: string) => ({
      health: { status: 'Degraded', message },
      operationState: { phase: 'Failed', message },
      conditions: [{ type: 'ComparisonError', message }],
    });
    const messagesOf = (message: string) => {
      const row = rowOf('eu', parse({ metadata, status: says(message) }));
      const all = [row?.healthMessage, row?.operation?.message, row?.conditions[0]?.message];
      expect(new Set(all).size).toBe(1);
      return all[0];
    };
    expect(messagesOf("fatal: unable to access 'https://bot:s3cret@git.example.com/a/': 403")).toBe(
      "fatal: unable to access 'https://[redacted]@git.example.com/a/': 403",
    );
    expect(messagesOf('dial postgres://app:s3cret@db:5432/x failed, password=s3cret')).not.toContain('s3cret');
    for (let length = 460; length < 500; length++) {
      expect(messagesOf(`${'x'.repeat(length)} https://bot:s3cret@git.example.com`)).not.toMatch(/bot|s3c/);
    }
  });

  it('holds every image of an application that has two hundred', () => {
    const images = Array.from({ length: 200 }, (_, i) => `registry.example.com/app-${i}:1`);
    const row = rowOf('eu', parse({ metadata, status: { summary: { images } } }));
    expect(row?.images).toEqual(images);
    expect(row?.imagesOmitted).toBeUndefined();
  });

  it('is bounded, clean and without passwords, whatever a cluster says', () => {
    const evil = `\u001b]0;title\u0007\u202e\n${'x'.repeat(200_000)}`;
    const row = rowOf(
      'eu',
      parse({
        metadata: {
          ...metadata,
          uid: evil,
          resourceVersion: evil,
          creationTimestamp: evil,
          labels: Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`l${i}`, 'v'])),
        },
        spec: {
          project: evil,
          source: { repoURL: 'https://user:hunter2@git.example.com/a', path: evil, targetRevision: evil },
          destination: { server: 'https://u:hunter2@k.example.com', name: evil },
        },
        status: {
          health: { status: '__proto__', message: evil, lastTransitionTime: evil },
          sync: { status: evil, revisions: Array.from({ length: 5000 }, () => evil) },
          operationState: { phase: evil, message: evil },
          conditions: Array.from({ length: 5000 }, () => ({ type: evil, message: evil })),
          summary: { images: Array.from({ length: 5000 }, () => evil) },
        },
      }),
    );
    const text = JSON.stringify(row);
    expect(text.length).toBeLessThan(100_000);
    expect(text).not.toMatch(/hunter2|\\u001b|\\u0007|\u202e|\\n/);
    expect(row).toMatchObject({ health: 'Unknown', sync: 'Unknown', labelsOmitted: 4900, imagesOmitted: 4800 });
    expect(row?.operation).toBeUndefined();
  });

  it.each([
    ['2026-11-24T03:23:18Z', true],
    ['2026-11-24T03:23:18.123456789+14:00', true],
    ['2026-13-24T03:23:18Z', false],
    ['2026-00-00T03:23:18Z', false],
    ['2026-11-24T25:23:18Z', false],
    ['2026-11-24T03:61:18Z', false],
    ['2026-11-24T03:23:18+99:99', false],
    ['-2026-11-24T03:23:18Z', false],
  ])('of the time %s it holds that it is kept: %s', (creationTimestamp, isKept) => {
    const row = rowOf('eu', parse({ metadata: { ...metadata, creationTimestamp } }));
    expect(row?.createdAt).toBe(isKept ? creationTimestamp : undefined);
    if (isKept) expect(Number.isFinite(Date.parse(creationTimestamp))).toBe(true);
  });

  it.each([
    ['1', true],
    ['9223372036854775807', true],
    ['9223372036854775808', false],
    ['99999999999999999999', false],
    ['0012', false],
    ['-5', false],
    ['1e9', false],
  ])('of the resourceVersion %s it holds that it is compared: %s', (resourceVersion, isKept) => {
    const row = rowOf('eu', parse({ metadata: { ...metadata, resourceVersion } }));
    expect(row?.resourceVersion).toBe(isKept ? resourceVersion : undefined);
  });

  it('nothing that parses as an application makes it throw', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), fc.string({ maxLength: 60 }), (a, b) => {
        const value = parse({
          metadata: { ...metadata, uid: a, resourceVersion: b, labels: { [a]: b }, creationTimestamp: a },
          spec: { project: a, source: { repoURL: b } },
          status: { health: { status: a, message: b }, sync: { status: b, revision: a }, operationState: { phase: a } },
        });
        expect(rowOf('eu', value)).toMatchObject(metadata);
      }),
    );
  });
});

describe('addresses from a cluster', () => {
  it.each([
    ['https://argocd.example.com/', 'https://argocd.example.com'],
    ['https://user:secret@argocd.example.com/x', 'https://argocd.example.com/x'],
    ['javascript:alert(1)//', undefined],
    ['data:text/html,x', undefined],
    ['nonsense', undefined],
  ])('%s is shown as the link %s', (given, shown) => {
    expect(linkOf(given)).toBe(shown);
  });

  it.each([
    ['https://user:secret@git.example.com/a', 'https://git.example.com/a'],
    ['ssh://git@git.example.com/a', 'ssh://git.example.com/a'],
    ['git@github.com:org/repo.git', 'git@github.com:org/repo.git'],
  ])('the repository %s is shown as %s', (given, shown) => {
    expect(addressOf(given)).toBe(shown);
  });
});
