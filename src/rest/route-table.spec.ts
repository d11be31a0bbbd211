import { describe, expect, it } from '@jest/globals';
import { RouteTable } from './route-table.js';

const table = new RouteTable();
for (const route of [
  'GET /api/v1/applications',
  'HEAD /api/v1/applications',
  'GET /api/v1/applications/:application',
  'POST /api/v1/applications/:application/sync',
  'GET /api/v1/jobs/:jobId',
  'POST /mcp',
]) {
  const [method, url] = route.split(' ') as [string, string];
  table.add(method, url);
}

describe('RouteTable', () => {
  it.each([
    ['/api/v1/applications', ['GET', 'HEAD', 'OPTIONS']],
    ['/api/v1/applications/a%2Fb/sync', ['OPTIONS', 'POST']],
    ['/mcp', ['OPTIONS', 'POST']],
    ['/api/v1/applications/', []],
    ['/api/v1', []],
    ['/:x', []],
    ['', []],
  ])('knows the methods of %j', (path, methods) => {
    expect(table.methodsOf(path)).toEqual(methods);
  });

  it.each([
    ['GET', '/api/v1/application', 'GET /api/v1/applications'],
    ['GET', '/api/v2/jobs/12', 'GET /api/v1/jobs/{jobId}'],
    ['GET', '/jobs/12', 'GET /api/v1/jobs/{jobId}'],
    ['POST', '/api/v1/applications/shop/synch', 'POST /api/v1/applications/{application}/sync'],
    ['POST', '/mpc', 'POST /mcp'],
  ])('finds what %s %s was meant to be', (method, path, route) => {
    expect(table.closest(method, path)).toBe(route);
  });

  it.each(['/', '/favicon.ico', '/.git/config', '/x/y/z', `/${'mcp'.repeat(1000)}`])(
    'guesses nothing for %s',
    (path) => {
      expect(table.closest('GET', path)).toBeUndefined();
    },
  );

  it('answers within 100 ms for a path of 8 kB made of slashes or letters', () => {
    const started = performance.now();
    for (const path of ['/'.repeat(8000), `/${'a'.repeat(8000)}`, `${'/a'.repeat(100)}`]) table.closest('GET', path);
    expect(performance.now() - started).toBeLessThan(100);
  });
});
