import { afterAll, describe, expect, it } from '@jest/globals';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configEnv as env, oneCluster, problemsOf, readConfig } from '../../test/support/config-fixture.js';
import { loadConfig } from './load-config.js';

const folder = mkdtempSync(join(tmpdir(), 'fleet-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const put = (name: string, text: string, mode = 0o600): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
};

describe('a valid configuration', () => {
  it('is normalised: defaults applied, addresses and limits merged, the cluster wins', () => {
    const { config, warnings } = readConfig(`
server: {corsOrigins: ["https://Portal.example.com"], publicUrl: "https://Fleet.example.com/x/"}
redis: {cache: {env: REDIS_URL}, queue: "redis://127.0.0.1:6391"}
defaults:
  labels: {team: platform, env: dev}
  headers: {X-One: "1", x-two: "2"}
  limits: {timeoutMs: 7000, concurrentRequests: 3}
  readOnly: true
  tls: {insecureSkipVerify: false}
clusters:
  - name: eu-prod
    url: HTTPS://ArgoCD.eu.example.com:443/argocd//
    labels: {env: prod}
    token: {env: TOKEN}
    headers: {x-One: own}
    limits: {timeoutMs: 9000}
    readOnly: false
  - {name: us-prod, url: "http://127.0.0.1:8081", token: {command: [sh, -c, "exit 1"]}}
`);
    expect(warnings).toEqual([]);
    expect(config.server).toEqual({
      host: '127.0.0.1',
      port: 8090,
      publicUrl: 'https://fleet.example.com/x',
      allowedHosts: [],
      corsOrigins: ['https://portal.example.com'],
      readOnly: false,
      apiKeys: [],
    });
    expect(config.redis).toEqual({
      cache: { kind: 'env', name: 'REDIS_URL' },
      queue: { kind: 'value', value: 'redis://127.0.0.1:6391' },
      keyPrefix: 'argocd-fleet',
    });
    expect(config.clusters[0]).toEqual({
      name: 'eu-prod',
      url: 'https://argocd.eu.example.com/argocd',
      labels: { team: 'platform', env: 'prod' },
      token: { kind: 'env', name: 'TOKEN' },
      tls: { insecureSkipVerify: false },
      headers: { 'x-one': 'own', 'x-two': '2' },
      readOnly: false,
      limits: {
        timeoutMs: 9000,
        connectTimeoutMs: 5000,
        concurrentRequests: 3,
        responseBytesMax: 268435456,
        streamIdleMs: 45000,
        streamHeaderMs: 30000,
        relistMs: 300000,
      },
    });
    expect(config.clusters[1]).toMatchObject({
      readOnly: true,
      token: { kind: 'command', argv: ['sh', '-c', 'exit 1'] },
    });
  });

  it('takes relative paths from the folder of the file', () => {
    put('eu.token', 'secret\n');
    const file = put('fleet.yaml', 'clusters: [{name: a, url: "https://a.example", token: {file: eu.token}}]');
    const { config, warnings } = loadConfig({ file, env });
    expect(config.clusters[0]?.token).toEqual({ kind: 'file', path: join(folder, 'eu.token') });
    expect(warnings).toEqual([]);
  });

  it('has the same hash whatever the order of its fields, and another for another meaning', () => {
    const hash = (text: string) => readConfig(text).config.hash;
    const one = hash('clusters: [{name: a, url: "https://a.example", token: {env: TOKEN}}]');
    expect(one).toMatch(/^[0-9a-f]{12}$/);
    expect(hash('# note\nclusters:\n- token: {env: TOKEN}\n  url: https://a.example/\n  name: a')).toBe(one);
    expect(hash('clusters: [{name: a, url: "https://a.example", token: {env: REDIS_URL}}]')).not.toBe(one);
  });

  it('has a hash that says nothing of secrets in it', () => {
    const hash = (secret: string) =>
      readConfig(
        `redis: {cache: "redis://:${secret}@r:1"}\nclusters: [{name: a, url: "https://a.example", token: {env: TOKEN}, headers: {x-k: ${secret}}}]`,
      ).config.hash;
    expect(hash('aaa')).toBe(hash('bbb'));
  });

  it('lets the command line win, but never give rights back', () => {
    const { config } = readConfig(`server: {readOnly: true}\n${oneCluster}`, {
      overrides: { port: 1, readOnly: false, host: '127.0.0.2' },
    });
    expect(config.server).toMatchObject({ port: 1, host: '127.0.0.2', readOnly: true });
  });
});

describe('what deserves a second look', () => {
  it('is a warning', () => {
    put('open.token', 'secret', 0o644);
    const { warnings } = readConfig(
      `
server:
  publicUrl: http://fleet.example.com
  apiKeys: [{name: k, role: viewer, hash: "sha256:${'0'.repeat(64)}", clusters: "aa,*,!env=x"}]
redis: {cache: "redis://:pw@127.0.0.1:1"}
clusters:
  - {name: aaa, url: "http://a.example", token: {file: open.token}, tls: {insecureSkipVerify: true}}
  - {name: bbb, url: "http://a.example/", token: {env: OLD}}
`,
      { baseDir: folder, env: { OLD: `e30.${Buffer.from('{"exp":1}').toString('base64url')}.x` } },
    );
    expect(warnings).toEqual([
      'clusters[0].token.file can be read by other users of this machine; restrict it (chmod 600)',
      expect.stringMatching(/^clusters\[0\]\.tls\.insecureSkipVerify is on/),
      expect.stringMatching(/^clusters\[1\]\.token leads to a token that expired at 1970-01-01T00:00:01/),
      'clusters[0].url is plain http: the token travels unencrypted',
      'clusters[1].url is plain http: the token travels unencrypted',
      'clusters[1].url is also that of aaa: one Argo CD under two names',
      'server.publicUrl is plain http: API keys travel unencrypted',
      'server.apiKeys[0].clusters names aa, which is no cluster of this file. Did you mean aaa?',
      expect.stringMatching(/^redis\.cache holds a password/),
    ]);
  });

  it('is an address for everybody that nobody could use by name', () => {
    const serve = (more: string) =>
      readConfig(`server: {host: 0.0.0.0, ${more}}\n${oneCluster}`, { allowAnonymous: true }).warnings;
    expect(serve('')).toEqual([expect.stringMatching(/^server\.host is every address.*publicUrl or allowedHosts/)]);
    expect(serve('publicUrl: "https://fleet.example.com"')).toEqual([]);
    expect(serve('allowedHosts: [fleet.internal]')).toEqual([]);
  });

  it('a file with a password that others can read warns', () => {
    const file = put('pw.yaml', `redis: {cache: "redis://:pw@127.0.0.1:1"}\n${oneCluster}`, 0o644);
    expect(loadConfig({ file, env }).warnings[0]).toMatch(/holds a password/);
    expect(
      loadConfig({ file: put('pw.yaml', `redis: {cache: "redis://127.0.0.1:1"}\n${oneCluster}`, 0o644), env }).warnings,
    ).toEqual([]);
  });

  it('the official environment is named when a file makes it count for nothing', () => {
    const file = put('fleet.yaml', oneCluster);
    const { warnings } = loadConfig({ file, env: { ...env, ARGOCD_BASE_URL: 'x', MCP_AUTH_TOKEN: 'y' } });
    expect(warnings).toEqual([
      'ARGOCD_BASE_URL, MCP_AUTH_TOKEN: set but not used, because there is a configuration file',
    ]);
  });
});

describe('listening beyond this machine', () => {
  const key = `apiKeys: [{name: k, role: viewer, hash: "sha256:${'0'.repeat(64)}"}]`;
  it.each([
    ['0.0.0.0', '', false],
    ['"::"', '', false],
    ['10.0.0.5', '', false],
    ['fleet.example.com', '', false],
    ['localhost.example.com', '', false],
    ['127.8.9.1', '', true],
    ['"::1"', '', true],
    ['LOCALHOST', '', true],
    ['0.0.0.0', key, true],
  ])('%s with %j: allowed is %s', (host, keys, isAllowed) => {
    const text = `server:\n  host: ${host}\n  ${keys}\n${oneCluster}`;
    if (isAllowed) expect(readConfig(text).config.server.port).toBe(8090);
    else expect(problemsOf(text)).toEqual([expect.objectContaining({ path: 'server.host', line: 2 })]);
    expect(readConfig(text, { allowAnonymous: true }).config.server.port).toBe(8090);
  });

  it('is refused from the command line as well', () => {
    expect(problemsOf(oneCluster, { overrides: { host: '0.0.0.0' } })[0]?.path).toBe('server.host');
  });
});

it('no configuration at all says what to give', () => {
  expect(() => loadConfig({ env: {} })).toThrow(/--config FILE, or set ARGOCD_BASE_URL/);
});
