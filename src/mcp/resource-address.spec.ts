import { describe, expect, it } from '@jest/globals';
import { readAddress } from './resource-address.js';

describe('a resource address', () => {
  it.each([
    ['fleet://status', 'get_fleet_status', {}],
    ['fleet://clusters/eu-1.prod', 'list_clusters', { cluster: 'eu-1.prod', limit: 1 }],
    ['fleet://clusters/e%75', 'list_clusters', { cluster: 'eu', limit: 1 }],
    [
      'fleet://clusters/eu/applications/argocd/checkout',
      'get_application',
      { cluster: 'eu', namespace: 'argocd', application: 'checkout' },
    ],
    ['fleet://jobs/sync-0abc', 'get_job', { jobId: 'sync-0abc' }],
  ])('%s is one call of %s', (uri, tool, input) => {
    expect(readAddress(uri)).toMatchObject({ tool, input });
  });

  it('is told under the same name however it is spelt', () => {
    expect(readAddress('fleet://clusters/%65u').subject).toBe(readAddress('fleet://clusters/eu').subject);
  });

  it.each([
    '',
    'fleet:',
    'fleet://',
    'FLEET://status',
    'fleet://status/',
    'fleet://status?minutes=5',
    'fleet://status#x',
    'file:///etc/passwd',
    'http://127.0.0.1/fleet://status',
    'fleet://clusters',
    'fleet://clusters/',
    'fleet://clusters/*',
    'fleet://clusters/eu,us',
    'fleet://clusters/!eu',
    'fleet://clusters/env=prod',
    'fleet://clusters/%2a',
    'fleet://clusters/..',
    'fleet://clusters/%2e%2e',
    'fleet://clusters/../jobs/sync-1',
    'fleet://clusters/eu/../us',
    'fleet://clusters/eu%2Fapplications%2Fargocd%2Fcheckout',
    'fleet://clusters/eu/applications/argocd',
    'fleet://clusters/eu/applications/argocd/check%2Fout',
    'fleet://clusters/eu/applications/argocd/checkout/logs',
    'fleet://clusters/eu/applications/argocd/check\nout',
    'fleet://clusters/eu/applications/argocd/%00',
    'fleet://clusters/%',
    'fleet://clusters/%ff',
    `fleet://clusters/${'a'.repeat(64)}`,
    `fleet://jobs/${'a'.repeat(1_000_000)}`,
    'fleet://jobs/a:b',
  ])('refuses URI number %#, and says what there is', (uri) => {
    let said = '';
    try {
      readAddress(uri);
    } catch (error) {
      expect(error).toMatchObject({ code: -32602 });
      said = (error as Error).message;
    }
    expect(said).toContain('fleet://clusters/{cluster}');
    expect(said.length).toBeLessThan(500);
  });
});
