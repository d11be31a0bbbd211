import { afterAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clusterNames } from './cluster-names.js';
import { ConfigError } from './config-error.js';
import { loadConfig } from './load-config.js';
import { clusterNamePattern } from './names.js';

const folder = mkdtempSync(join(tmpdir(), 'fleet-env-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const one = { ARGOCD_BASE_URL: 'https://argocd.example.com/', ARGOCD_API_TOKEN: 'abc' };
const load = (env: NodeJS.ProcessEnv, more: object = {}) => loadConfig({ env, ...more });

function registry(content: unknown, mode = 0o600): string {
  const path = join(folder, 'registry.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  chmodSync(path, mode);
  return path;
}

function problemsOf(env: NodeJS.ProcessEnv, more: object = {}): string[] {
  try {
    load(env, more);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).problems.map(({ path, message }) => `${path} ${message}`);
  }
  throw new Error('the environment was accepted');
}

describe("the official server's environment", () => {
  it('is a fleet of one, named by its host', () => {
    const { config, warnings } = load(one);
    expect(config.clusters).toEqual([
      expect.objectContaining({
        name: 'argocd.example.com',
        url: 'https://argocd.example.com',
        token: { kind: 'env', name: 'ARGOCD_API_TOKEN' },
        readOnly: false,
        tls: { insecureSkipVerify: false },
      }),
    ]);
    expect(config.server).toMatchObject({ host: '127.0.0.1', port: 8090, readOnly: false, apiKeys: [] });
    expect(config.hash).toMatch(/^[0-9a-f]{12}$/);
    expect(warnings).toEqual([]);
  });

  it('takes further clusters from the registry', () => {
    const path = registry([
      { baseUrl: 'https://A.example.com', token: 'ta' },
      { baseUrl: 'https://localhost:8081/x', token: 'tb\n' },
      { baseUrl: 'https://localhost:8082', token: 'tc' },
    ]);
    const { config, warnings } = load({ ...one, ARGOCD_TOKEN_REGISTRY_PATH: path });
    expect(config.clusters.map(({ name, url, token }) => [name, url, token])).toEqual([
      ['argocd.example.com', 'https://argocd.example.com', { kind: 'env', name: 'ARGOCD_API_TOKEN' }],
      ['a.example.com', 'https://a.example.com', { kind: 'value', value: 'ta' }],
      ['localhost-8081', 'https://localhost:8081/x', { kind: 'value', value: 'tb' }],
      ['localhost-8082', 'https://localhost:8082', { kind: 'value', value: 'tc' }],
    ]);
    expect(warnings).toEqual([]);
  });

  it('takes the token of ARGOCD_BASE_URL from the registry where ARGOCD_API_TOKEN is not set', () => {
    const path = registry([{ baseUrl: 'https://argocd.example.com', token: 'ta' }]);
    const env = { ARGOCD_BASE_URL: one.ARGOCD_BASE_URL, ARGOCD_TOKEN_REGISTRY_PATH: path };
    expect(load(env).config.clusters.map(({ token }) => token)).toEqual([{ kind: 'value', value: 'ta' }]);
    const both = load({ ...env, ARGOCD_API_TOKEN: 'abc' });
    expect(both.config.clusters.map(({ token }) => token)).toEqual([{ kind: 'env', name: 'ARGOCD_API_TOKEN' }]);
    expect(both.warnings).toEqual([expect.stringMatching(/also stands in the registry/)]);
  });

  it('warns of a registry that others can read', () => {
    const path = registry([{ baseUrl: 'https://a.example', token: 'ta' }], 0o644);
    expect(load({ ARGOCD_TOKEN_REGISTRY_PATH: path }).warnings).toEqual([
      expect.stringMatching(/can be read by other users/),
    ]);
  });

  it.each([
    ['{"baseUrl": "x"', /is no valid JSON$/],
    [{ baseUrl: 'https://a.example', token: 'secret' }, /must hold a list/],
    [[], /must hold a list/],
    [Array(1001).fill({}), /must hold a list of 1 to 1000/],
    [[{ baseUrl: 'https://a.example' }], /entry 1: must hold the texts/],
    [[null, 'secret'], /entry 2: must hold the texts/],
    [[{ baseUrl: 'a.example', token: 'secret' }], /entry 1: baseUrl must begin with https/],
    [[{ baseUrl: 'https://u:secret@a.example', token: 'x' }], /must hold no user name/],
    [[{ baseUrl: 'https://a.example', token: '' }], /entry 1: token is empty/],
    [[{ baseUrl: 'https://a.example', token: 'secret\nX: y' }], /entry 1: token holds more than one line/],
    [
      [
        { baseUrl: 'https://a.example', token: 'secret' },
        { baseUrl: 'https://A.example/', token: 'secret' },
      ],
      /entry 2: baseUrl stands in an earlier entry/,
    ],
    ['x'.repeat(5 * 1024 * 1024), /larger than 4 MiB/],
  ])('refuses a bad registry without quoting it', (content, expected) => {
    const problems = problemsOf({ ARGOCD_TOKEN_REGISTRY_PATH: registry(content) });
    expect(problems.join('\n')).toMatch(expected);
    expect(problems.join('\n')).not.toContain('secret');
  });

  it('tells everything that is wrong at once', () => {
    const problems = problemsOf({
      ARGOCD_BASE_URL: 'argocd.example.com',
      ARGOCD_API_TOKEN: 'a\nb',
      ARGOCD_TOKEN_REGISTRY_PATH: join(folder, 'missing.json'),
      MCP_READ_ONLY: 'maybe',
      MCP_AUTH_TOKEN: 'a b',
      MCP_BIND_ADDRESS: 'host:port',
    });
    expect(problems).toEqual([
      'ARGOCD_TOKEN_REGISTRY_PATH names a file that does not exist',
      'ARGOCD_BASE_URL must begin with https:// or http://',
      'ARGOCD_API_TOKEN holds more than one line',
      'MCP_AUTH_TOKEN holds spaces or characters that no secret has',
      'MCP_BIND_ADDRESS must be a host or host:port, for example 127.0.0.1:8090',
      'MCP_READ_ONLY must be true or false',
    ]);
  });

  it('needs an address and a token', () => {
    expect(problemsOf({ ARGOCD_BASE_URL: 'https://a.example' })).toEqual([
      expect.stringMatching(/^ARGOCD_API_TOKEN is not set/),
    ]);
    expect(problemsOf({ ARGOCD_API_TOKEN: 'abc' })).toEqual([expect.stringMatching(/^ARGOCD_BASE_URL is not set/)]);
    expect(problemsOf({ ARGOCD_BASE_URL: ' ' })).toEqual([expect.stringMatching(/--config FILE/)]);
  });

  it.each([
    ['true', true],
    ['1', true],
    ['TRUE', true],
    ['false', false],
    ['0', false],
    ['', false],
  ])('MCP_READ_ONLY=%s makes the server read-only: %s', (value, expected) => {
    expect(load({ ...one, MCP_READ_ONLY: value }).config.server.readOnly).toBe(expected);
    expect(load({ ...one, MCP_READ_ONLY: value }, { overrides: { readOnly: true } }).config.server.readOnly).toBe(true);
  });

  it('MCP_AUTH_TOKEN becomes an admin key of which only the hash is kept', () => {
    const token = 'a-token-that-is-long-enough';
    const { config, warnings } = load({ ...one, MCP_AUTH_TOKEN: token });
    const hash = `sha256:${createHash('sha256').update(token).digest('hex')}`;
    expect(config.server.apiKeys).toEqual([{ name: 'mcp-auth-token', hash, role: 'admin' }]);
    expect(JSON.stringify([config, warnings])).not.toContain(token);
    expect(load({ ...one, MCP_AUTH_TOKEN: 'short' }).warnings).toEqual([
      expect.stringMatching(/short enough to be guessed/),
    ]);
  });

  it.each([
    ['127.0.0.1', { host: '127.0.0.1', port: 8090 }],
    ['127.0.0.1:3000', { host: '127.0.0.1', port: 3000 }],
    ['localhost:3000', { host: 'localhost', port: 3000 }],
    ['[::1]:3000', { host: '::1', port: 3000 }],
    ['::1', { host: '::1', port: 8090 }],
    [':3000', { host: '127.0.0.1', port: 3000 }],
  ])('MCP_BIND_ADDRESS=%s', (value, expected) => {
    expect(load({ ...one, MCP_BIND_ADDRESS: value }).config.server).toMatchObject(expected);
  });

  it.each(['a:b', '1.2.3.4:99999', '[1.2.3.4]:1', 'http://x', 'a:1:2', 'a b'])(
    'MCP_BIND_ADDRESS=%s is refused',
    (value) => {
      expect(problemsOf({ ...one, MCP_BIND_ADDRESS: value })).toEqual([
        expect.stringMatching(/^MCP_BIND_ADDRESS must be/),
      ]);
    },
  );

  it('listens beyond this machine only with a token, or when told so', () => {
    const open = { ...one, MCP_BIND_ADDRESS: '0.0.0.0:80' };
    expect(problemsOf(open)).toEqual([expect.stringMatching(/^MCP_BIND_ADDRESS is reachable.*MCP_AUTH_TOKEN/)]);
    expect(problemsOf(one, { overrides: { host: '0.0.0.0' } })).toHaveLength(1);
    expect(load({ ...open, MCP_AUTH_TOKEN: 'a-token-that-is-long-enough' }).config.server.host).toBe('0.0.0.0');
    const anonymous = load(open, { allowAnonymous: true });
    expect(anonymous.config.server.port).toBe(80);
    expect(anonymous.warnings).toEqual([expect.stringMatching(/answers only requests to localhost/)]);
    const named = load(open, { allowAnonymous: true, overrides: { allowedHosts: ['Fleet.internal'] } });
    expect(named).toMatchObject({ config: { server: { allowedHosts: ['fleet.internal'] } }, warnings: [] });
    expect(load(open, { overrides: { host: '127.0.0.1' } }).config.server).toMatchObject({
      host: '127.0.0.1',
      port: 80,
    });
  });

  it('heeds NODE_TLS_REJECT_UNAUTHORIZED=0, with a warning', () => {
    const { config, warnings } = load({ ...one, NODE_TLS_REJECT_UNAUTHORIZED: '0' });
    expect(config.clusters[0]?.tls.insecureSkipVerify).toBe(true);
    expect(warnings).toEqual([expect.stringMatching(/NODE_TLS_REJECT_UNAUTHORIZED/)]);
  });
});

describe('names of clusters from addresses', () => {
  it('are valid and unique, whatever the hosts', () => {
    const long = `https://${Array(5).fill('a'.repeat(60)).join('.')}`;
    const urls = [
      'https://a.example',
      'https://a.example/x',
      'http://a.example',
      'https://a.example:8443',
      'https://[::1]:80',
      'http://[fd00::1]',
      'https://under_score.example',
      `${long}.x`,
      `${long}.y`,
      `${long}.x/p`,
      'https://a.example-443',
      'https://xn--bcher-kva.example',
      'https://a.',
    ];
    const names = clusterNames(urls);
    expect(new Set(names).size).toBe(urls.length);
    for (const name of names) expect(name).toMatch(clusterNamePattern);
    expect(names.slice(0, 4)).toEqual(['a.example-443', 'a.example-443-2', 'a.example-80', 'a.example-8443']);
    expect(clusterNames(urls)).toEqual(names);
  });
});
