import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aRow } from '../../../test/support/rows.js';
import type { ApplicationRow } from '../../cache/row.js';
import { parseGlob } from '../index/glob.js';
import { matches } from '../index/row-filter.js';
import { applicationFilter, dependsOnTime, type ApplicationQuery } from './application-filter.js';
import { imageTest } from './filter-patterns.js';

const nowMs = Date.parse('2026-11-24T12:00:00Z');
const finds = (query: ApplicationQuery, row: Partial<ApplicationRow>): boolean =>
  matches(aRow(row), applicationFilter(query, nowMs), nowMs);

const hash = '0a1b2c3d4e5f60718293a4b5c6d7e8f901234567';
const nginx = 'docker.io/library/nginx:1.25.3@sha256:0a1b2c';

describe('image', () => {
  it.each([
    ['nginx', nginx, true],
    ['nginx:1.25.3', nginx, true],
    ['nginx:1.2*', nginx, true],
    ['*nginx:1.2*', nginx, true],
    ['library/nginx', nginx, true],
    ['docker.io/library/nginx', nginx, true],
    ['DOCKER.IO/*', nginx, true],
    ['sha256:0a1b*', nginx, true],
    [nginx, nginx, true],
    ['ngin', nginx, false],
    ['ginx:1.25.3', nginx, false],
    ['nginx:1.2', nginx, false],
    ['nginx', 'nginx-exporter:1', false],
    ['nginx', 'nginx', true],
    ['registry:5000/api', 'registry:5000/api:2', true],
    ['registry', 'registry:5000/api:2', false],
    ['api:2', 'registry:5000/team/api:2', true],
    ['5000/api*', 'registry:5000/api:2', false],
    ['*', 'a', true],
    ['/', 'a/b', false],
  ])('%s on %s is %s', (image, reference, expected) => {
    expect(finds({ image }, { images: [reference] })).toBe(expected);
  });

  it('fits as the glob fits some part of the reference that is left when what may be left out is', () => {
    const reference = fc.stringMatching(/^[ab]{1,2}(:1)?(\/[ab]{0,2}){0,2}(:[12]{1,2})?(@[a:]{1,2})?$/);
    const pattern = fc.stringMatching(/^[ab*?]{0,3}[:/@]?[a12*?]{1,3}$/);
    fc.assert(
      fc.property(pattern, reference, (image, text) => {
        const fits = parseGlob('image', image);
        const begins = [0, ...[...text.matchAll(/\//g)].map(({ index }) => index + 1)];
        const digest = text.includes('@') ? text.indexOf('@') : text.length;
        const tag = /:[^/:]*$/.exec(text.slice(0, digest))?.index ?? digest;
        const parts = begins.flatMap((begin) => [text.length, digest, tag].map((end) => text.slice(begin, end)));
        const isDigestFitting = digest < text.length && fits(text.slice(digest + 1));
        expect(imageTest(image)(text)).toBe(isDigestFitting || parts.some((part) => part !== '' && fits(part)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is some image of the application', () => {
    expect(finds({ image: 'db' }, { images: ['web:1', 'db:2'] })).toBe(true);
    expect(finds({ image: '*' }, { images: [] })).toBe(false);
  });
});

describe('other patterns', () => {
  it.each<[ApplicationQuery, Partial<ApplicationRow>, boolean]>([
    [{ revision: '0a1b2c3' }, { revisions: [hash] }, true],
    [{ revision: hash.toUpperCase() }, { revisions: ['x', hash] }, true],
    [{ revision: '1b2c' }, { revisions: [hash] }, false],
    [{ revision: '*4567' }, { revisions: [hash] }, true],
    [{ revision: '0a*' }, { revisions: ['1.2.3'] }, false],
    [{ repository: 'https://git.example.com/a' }, { sources: [{ repository: 'https://git.example.com/a.git' }] }, true],
    [
      { repository: 'https://git.example.com/A.git/' },
      { sources: [{ repository: 'https://git.example.com/a' }] },
      true,
    ],
    [{ repository: '*/a' }, { sources: [{ repository: 'https://git.example.com/ba' }] }, false],
    [{ destination: 'prod-*' }, { destination: { name: 'prod-1' } }, true],
    [{ destination: 'https://k1*' }, { destination: { server: 'https://k1.example.com' } }, true],
    [{ destination: 'in-cluster' }, { destination: { server: 'https://kubernetes.default.svc' } }, true],
    [{ destination: 'https://kubernetes.default.svc' }, { destination: { name: 'in-cluster' } }, true],
    [{ destination: 'in-cluster' }, { destination: { server: 'https://k1.example.com' } }, false],
    [{ destinationNamespace: 'we?' }, { destination: { namespace: 'web' } }, true],
    [{ text: ' BOOM ' }, { healthMessage: 'it went boom' }, true],
    [{ text: 'team=we' }, { labels: { team: 'web' } }, true],
    [{ text: 'nothing' }, {}, false],
    [{ phase: ['Failed'] }, { operation: { phase: 'Failed' } }, true],
    [{ phase: ['Failed'] }, {}, false],
    [{ autoSync: false }, { autoSync: true }, false],
    [{ problem: ['degraded'] }, { health: 'Degraded' }, true],
  ])('%j on %j is %s', (query, row, expected) => {
    expect(finds(query, row)).toBe(expected);
  });

  it('repository, path, chart and targetRevision are those of one source', () => {
    const sources = [
      { repository: 'https://git.example.com/a', path: 'x', targetRevision: 'main' },
      { repository: 'https://charts.example.com', chart: 'redis', targetRevision: '1.2.3' },
    ];
    expect(finds({ chart: 'redis', targetRevision: '1.*' }, { sources })).toBe(true);
    expect(finds({ chart: 'redis', targetRevision: 'main' }, { sources })).toBe(false);
  });
});

describe('times of the last sync', () => {
  const ended = (finishedAt?: string): Partial<ApplicationRow> => ({ operation: { phase: 'Succeeded', finishedAt } });

  it.each<[ApplicationQuery, string, boolean]>([
    [{ lastSyncAfter: '2h' }, '2026-11-24T10:00:00Z', true],
    [{ lastSyncAfter: '2h' }, '2026-11-24T09:59:59Z', false],
    [{ lastSyncBefore: '7d' }, '2026-11-17T11:59:59Z', true],
    [{ lastSyncBefore: '7d' }, '2026-11-17T12:00:00Z', false],
    [{ lastSyncBefore: '1w' }, '2026-11-01T00:00:00Z', true],
    [{ lastSyncAfter: '2026-11-24' }, '2026-11-24T00:00:00Z', true],
    [{ lastSyncBefore: '2026-11-24T12:00:00+02:00' }, '2026-11-24T10:00:00Z', false],
    [{ lastSyncAfter: '3h', lastSyncBefore: '90m' }, '2026-11-24T10:00:00Z', true],
  ])('%j on %s is %s', (query, finishedAt, expected) => {
    expect(finds(query, ended(finishedAt))).toBe(expected);
  });

  it('an application that was never synced was synced neither before nor after', () => {
    expect(finds({ lastSyncBefore: '2h' }, {})).toBe(false);
    expect(finds({ lastSyncAfter: '9999w' }, ended())).toBe(false);
  });

  it('only times relative to now make the answer depend on now', () => {
    expect(dependsOnTime({ lastSyncAfter: '2h' })).toBe(true);
    expect(dependsOnTime({ lastSyncBefore: '2026-11-24' })).toBe(false);
    expect(dependsOnTime({})).toBe(false);
  });
});

it.each<[keyof ApplicationQuery, ApplicationQuery]>([
  ['lastSyncAfter', { lastSyncAfter: 'yesterday' }],
  ['lastSyncAfter', { lastSyncAfter: '2026-13-40' }],
  ['lastSyncAfter', { lastSyncAfter: '2026-02-30' }],
  ['lastSyncBefore', { lastSyncBefore: '2026-04-31T00:00:00+02:00' }],
  ['lastSyncBefore', { lastSyncBefore: '2026-11-24T12:00:00' }],
  ['lastSyncBefore', { lastSyncBefore: '-2h' }],
  ['lastSyncBefore', { lastSyncBefore: '9999999d' }],
  ['text', { text: '   ' }],
  ['image', { image: '*a'.repeat(11) }],
  ['revision', { revision: '*'.repeat(11) }],
  ['destination', { destination: '*a'.repeat(11) }],
  ['repository', { repository: '*a'.repeat(11) }],
  ['path', { path: 'x'.repeat(254) }],
  ['labels', { labels: 'a===b' }],
])('%s is refused with its name: %j', (path, query) => {
  expect(() => applicationFilter(query, nowMs)).toThrow(
    expect.objectContaining({ code: 'invalid_input', message: expect.stringMatching(new RegExp(`^${path}: `)) }),
  );
});
