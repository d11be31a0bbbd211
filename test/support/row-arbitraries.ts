import fc from 'fast-check';
import type { ApplicationRow } from '../../src/cache/row.js';
import { parseLowerGlob } from '../../src/fleet/index/glob.js';
import { parseLabelSelector } from '../../src/fleet/index/label-selector.js';
import type { RowFilter } from '../../src/fleet/index/row-filter.js';
import { urgencyRanks } from '../../src/fleet/index/urgency.js';
import { aRow } from './rows.js';

/** A moment that the times of the rows lie around. */
export const noonMs = Date.parse('2026-11-24T12:00:00Z');

/** Some just before noon, some late, many equal: orders must be told by the rest. */
const time = fc.option(
  fc.constantFrom(
    '2026-11-24T11:59:00Z',
    '2026-11-24T11:51:00Z',
    '2026-11-24T11:49:00Z',
    '2026-11-24T11:00:00Z',
    '2026-11-20T08:00:00.5Z',
    '2026-11-24T12:30:00+01:00',
  ),
  { nil: undefined },
);
const message = fc.option(fc.constantFrom('Boom at Node-7', 'no such path', 'image not found: nginx'), {
  nil: undefined,
});

/** Rows of few words, so that filters find some of them. */
export const anyRow: fc.Arbitrary<ApplicationRow> = fc
  .record({
    cluster: fc.constantFrom('eu', 'us', 'ap'),
    namespace: fc.constantFrom('argocd', 'team-a'),
    name: fc.oneof(fc.stringMatching(/^[a-c]{1,3}$/), fc.constantFrom('payments-api', 'payments-api-2', 'payments-ui')),
    uid: fc.constantFrom('u1', 'u2', undefined),
    project: fc.constantFrom('default', 'shop', 'Ops'),
    labels: fc.dictionary(fc.constantFrom('team', 'tier', 'wave'), fc.constantFrom('web', 'db', '', '3', '12'), {
      noNullPrototype: true,
    }),
    health: fc.constantFrom('Healthy', 'Degraded', 'Missing', 'Progressing', 'Suspended', 'Unknown'),
    healthMessage: message,
    healthSince: time,
    sync: fc.constantFrom('Synced', 'OutOfSync', 'Unknown'),
    notCompared: fc.constantFrom(undefined, undefined, true),
    revisions: fc.uniqueArray(fc.constantFrom('0a1b2c3d', 'ffee0011', '1.2.3', 'HEAD'), { maxLength: 2 }),
    operation: fc.option(
      fc.record({
        phase: fc.constantFrom('Succeeded', 'Failed', 'Error', 'Running'),
        message,
        startedAt: time,
        finishedAt: time,
      }),
      { nil: undefined },
    ),
    conditions: fc.array(
      fc.record({
        type: fc.constantFrom('ComparisonError', 'HydrationError', 'OrphanedResourceWarning'),
        message: fc.constantFrom('no such path', 'x'),
        since: time,
      }),
      { maxLength: 2 },
    ),
    destination: fc.record({
      server: fc.constantFrom(undefined, 'https://k1.example.com', 'https://kubernetes.default.svc'),
      name: fc.constantFrom(undefined, 'prod-1', 'in-cluster'),
      namespace: fc.constantFrom(undefined, 'web', 'db'),
    }),
    sources: fc.array(
      fc.record({
        repository: fc.constantFrom('https://git.example.com/a.git', 'https://charts.example.com'),
        path: fc.constantFrom(undefined, 'apps/a', 'apps/b'),
        chart: fc.constantFrom(undefined, 'redis'),
        targetRevision: fc.constantFrom(undefined, 'main', '1.2.*'),
      }),
      { maxLength: 2 },
    ),
    drySource: fc.option(
      fc.record({
        repository: fc.constantFrom('https://git.example.com/a.git', 'https://git.example.com/dry'),
        path: fc.constantFrom(undefined, 'apps/a', 'dry/a'),
        targetRevision: fc.constantFrom(undefined, 'main'),
      }),
      { nil: undefined },
    ),
    autoSync: fc.boolean(),
    images: fc.uniqueArray(fc.constantFrom('nginx:1.25', 'ghcr.io/Acme/api:2', 'registry/db@sha256:abc'), {
      maxLength: 2,
    }),
    createdAt: time,
    deletingSince: time,
  })
  // Argo CD says nothing of the sync of what it has not compared.
  .map((row) => (row.notCompared ? { ...row, sync: 'Unknown' } : row))
  .map((row) => aRow(JSON.parse(JSON.stringify(row)) as Partial<ApplicationRow>));

const glob = (...patterns: string[]) => fc.constantFrom(...patterns).map((pattern) => parseLowerGlob('x', pattern));
const ms = fc.constantFrom(noonMs - 86_400_000, noonMs - 600_000, noonMs);

/** One or two filters of every kind at a time, which find something more often than many do. */
export const anyFilter: fc.Arbitrary<RowFilter> = fc
  .record<Required<RowFilter>>({
    health: fc.subarray(['Healthy', 'Degraded', 'Progressing']),
    sync: fc.subarray(['Synced', 'OutOfSync', 'Never']),
    phase: fc.subarray(['Succeeded', 'Failed', 'Never']),
    project: glob('default', '*o*', 'ops', 'x?*'),
    namespace: fc.constantFrom('argocd', 'team-a', 'nowhere'),
    name: glob('a*', '*-api*', 'PAYMENTS-*', '?', '*a*b*', 'payments-api'),
    labels: fc
      .constantFrom(
        'team',
        '!team',
        'team=web',
        'team!=web',
        'tier in (db,web),team',
        'wave>3',
        'wave<12',
        'tier=',
        'x',
      )
      .map(parseLabelSelector),
    destination: glob('https://k1*', 'prod-*', '*'),
    destinationNamespace: glob('web', '*', 'd?'),
    source: fc.record(
      {
        repository: glob('*git*', 'https://charts.example.com'),
        path: glob('apps/*', '*a'),
        chart: glob('redis', '*'),
        targetRevision: glob('main', '1.*'),
      },
      { requiredKeys: [] },
    ),
    revision: glob('0a1b*', '*', '1.2.3', 'head'),
    image: glob('nginx:*', '*acme*', '*sha256*'),
    text: fc.constantFrom('boom', 'node-7', 'payments', 'team=web', 'm=', '=w', 'nginx', 'a', 'error', 'shop', 'tier='),
    lastSyncBeforeMs: ms,
    lastSyncAfterMs: ms,
    becomesLate: fc.record({ fromMs: ms, toMs: fc.constant(noonMs + 600_000) }),
    autoSync: fc.boolean(),
    ranks: fc.subarray([...urgencyRanks]).map((ranks) => new Set(ranks)),
  })
  .chain((all) =>
    fc.subarray(Object.keys(all) as (keyof RowFilter)[], { maxLength: 2 }).map((kept): RowFilter => {
      return Object.fromEntries(kept.map((key) => [key, all[key]]));
    }),
  );
