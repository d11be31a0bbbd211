import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { hashKey } from '../../src/auth/api-key.js';
import { Simulator } from '../../src/simulator/simulator.js';
import { command, endCommands } from '../support/command.js';
import { eventually } from '../support/eventually.js';

const modern = (id: number, method: string, params: object = {}): string =>
  `${JSON.stringify({
    jsonrpc: '2.0',
    id,
    method,
    params: {
      ...params,
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': {},
        'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
      },
    },
  })}\n`;

describe('the command line', () => {
  let folder: string;
  let simulator: Simulator;
  let config: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fleet-cli-'));
    simulator = await Simulator.start({ name: 'eu', applications: 10 });
    const token = join(folder, 'token');
    writeFileSync(token, simulator.tokens.admin, { mode: 0o600 });
    config = write('fleet.yaml', {
      server: { port: 0 },
      clusters: [{ name: 'eu', url: simulator.url, token: { file: token } }],
    });
  });
  afterEach(endCommands);
  afterAll(async () => {
    await simulator?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function write(name: string, content: unknown): string {
    const file = join(folder, name);
    writeFileSync(file, stringify(content), { mode: 0o600 });
    return file;
  }

  describe('serve', () => {
    it('answers, and SIGTERM drains it: a call under way is answered, the exit code is 0', async () => {
      const server = command(['serve', '--config', config]);
      const [, url] = await server.prints(/"url":"([^"]+)"/);
      await eventually(async () => {
        const answer = await fetch(`${url}/api/v1/applications?limit=1`);
        expect(((await answer.json()) as { total: number }).total).toBe(10);
      });
      simulator.fault({ kind: 'slow', delayMs: 1000, path: '/api/v1/applications/*', count: 1 });
      const listed = (await (await fetch(`${url}/api/v1/applications?limit=1`)).json()) as any;
      const { name } = listed.applications[0];
      const slow = fetch(`${url}/api/v1/applications/${name}?cluster=eu`);
      await eventually(() => simulator.requests().some(({ path }) => path.includes(`/applications/${name}`)));
      server.kill('SIGTERM');
      expect((await slow).status).toBe(200);
      expect(await server.ended).toBe(0);
      expect(server.stdout()).toBe('');
    });

    it('no token stands in its log, whatever the level', async () => {
      const server = command(['serve', '--config', config, '--log-level', 'trace']);
      const [, url] = await server.prints(/"url":"([^"]+)"/);
      await fetch(`${url}/api/v1/applications`, { headers: { authorization: `Bearer ${simulator.tokens.admin}` } });
      server.kill('SIGTERM');
      await server.ended;
      expect(server.stderr()).not.toContain(simulator.tokens.admin.slice(0, 40));
      expect(server.stderr()).not.toContain(simulator.tokens.admin.slice(-20));
    });

    it.each([
      ['a file that is not there', () => ['serve', '--config', '/no/such/file'], /no\/such\/file.*does not exist/],
      ['an unknown option', () => ['serve', '--confg', 'x'], /--config/],
      ['a worker without Redis', () => ['serve', '--config', config, '--role', 'worker'], /Redis/],
      [
        'an unset variable',
        () => [
          'serve',
          '--config',
          write('unset.yaml', {
            clusters: [{ name: 'a', url: 'http://127.0.0.1:1', token: { env: 'NOT_SET_ANYWHERE' } }],
          }),
        ],
        /NOT_SET_ANYWHERE/,
      ],
      ['an address beyond loopback without keys', () => ['serve', '--config', config, '--host', '0.0.0.0'], /key/],
      ['no configuration at all', () => ['serve'], /--config/],
    ])('%s is one clear message and exit code 2', async (_, args, message) => {
      const server = command(args(), { ARGOCD_BASE_URL: undefined, ARGOCD_API_TOKEN: undefined });
      expect(await server.ended).toBe(2);
      expect(server.stderr()).toMatch(message);
      expect(server.stderr()).not.toMatch(/^\s+at /m);
    });

    it('a port in use is one clear line and exit code 2', async () => {
      const other = createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => other.once('listening', resolve));
      const { port } = other.address() as AddressInfo;
      const server = command(['serve', '--config', config, '--port', String(port)]);
      expect(await server.ended).toBe(2);
      expect(server.stderr().trim().split('\n').at(-1)).toMatch(new RegExp(`Port ${port} .*in use`));
      other.close();
    });

    it('every mistake of a configuration is told at once, and no secret with them', async () => {
      const file = write('wrong.yaml', {
        server: { prot: 1 },
        clusters: [
          { name: 'Eu', url: 'ftp://x', token: 'eyJhbGciOiJIUzI1NiJ9.secret.secret' },
          { name: 'us', url: 'http://127.0.0.1:1', token: { env: 'NOT_SET_ANYWHERE' }, limits: { timeoutMs: -1 } },
        ],
      });
      const server = command(['serve', '--config', file]);
      expect(await server.ended).toBe(2);
      for (const part of [
        'server.prot',
        'port',
        'clusters[0].name',
        'clusters[0].url',
        'clusters[0].token',
        'clusters[1].token',
        'clusters[1].limits.timeoutMs',
      ]) {
        expect(server.stderr()).toContain(part);
      }
      expect(server.stderr()).not.toContain('secret.secret');
    });
  });

  describe('the official server’s environment', () => {
    it('ARGOCD_BASE_URL and ARGOCD_API_TOKEN are a fleet of one, MCP_READ_ONLY and MCP_AUTH_TOKEN hold', async () => {
      const server = command(['serve', '--port', '0'], {
        ARGOCD_BASE_URL: simulator.url,
        ARGOCD_API_TOKEN: simulator.tokens.admin,
        MCP_READ_ONLY: 'true',
        MCP_AUTH_TOKEN: 'a-long-enough-token-of-mine',
      });
      const [, url] = await server.prints(/"url":"([^"]+)"/);
      expect((await fetch(`${url}/api/v1/clusters`)).status).toBe(401);
      const headers = { authorization: 'Bearer a-long-enough-token-of-mine', 'content-type': 'application/json' };
      await eventually(async () => {
        const { clusters } = (await (await fetch(`${url}/api/v1/clusters`, { headers })).json()) as any;
        expect(clusters).toMatchObject([{ feed: { state: 'live' }, applications: 10 }]);
      });
      const sync = await fetch(`${url}/api/v1/applications/x/sync`, { method: 'POST', headers, body: '{}' });
      expect([sync.status, ((await sync.json()) as { code: string }).code]).toEqual([403, 'read_only']);
    });

    it('ARGOCD_TOKEN_REGISTRY_PATH is a fleet of many', async () => {
      const registry = join(folder, 'registry.json');
      const entries = [
        { baseUrl: simulator.url, token: simulator.tokens.admin },
        { baseUrl: 'http://127.0.0.1:9', token: 'x' },
      ];
      writeFileSync(registry, JSON.stringify(entries), { mode: 0o600 });
      const server = command(['serve', '--port', '0'], { ARGOCD_TOKEN_REGISTRY_PATH: registry });
      const [, url] = await server.prints(/"url":"([^"]+)"/);
      const { total } = (await (await fetch(`${url}/api/v1/clusters`)).json()) as { total: number };
      expect(total).toBe(2);
    });
  });

  describe('stdio', () => {
    it('lists its tools without a request to any cluster, and asks at the first use', async () => {
      simulator.clearRequests();
      const server = command(['stdio', '--config', config]);
      server.write(modern(1, 'server/discover'));
      server.write(modern(2, 'tools/list'));
      await server.prints(/"id":2/);
      expect(simulator.requests()).toEqual([]);
      server.write(modern(3, 'tools/call', { name: 'list_applications', arguments: { limit: 1 } }));
      await server.prints(/"id":3.*"total":10|"total":10.*"id":3/);
      expect(simulator.requests().length).toBeGreaterThan(0);
      for (const line of server.stdout().trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('jsonrpc', '2.0');
      server.endInput();
      expect(await server.ended).toBe(0);
    });

    it('bridges to a running server with a key from a file or the environment', async () => {
      const key = 'afm_test-key-for-the-bridge-0000000000000000000';
      const server = command([
        'serve',
        '--config',
        write('keyed.yaml', {
          server: { port: 0, apiKeys: [{ name: 'me', role: 'viewer', hash: hashKey(key) }] },
          clusters: [{ name: 'eu', url: simulator.url, token: { file: join(folder, 'token') } }],
        }),
      ]);
      const [, url] = await server.prints(/"url":"([^"]+)"/);
      const keyFile = join(folder, 'key');
      writeFileSync(keyFile, `${key}\n`, { mode: 0o600 });
      for (const [args, env] of [
        [['--key-file', keyFile], {}],
        [['--key-env', 'MY_KEY'], { MY_KEY: key }],
      ] as const) {
        const bridge = command(['stdio', '--connect', url as string, ...args], env);
        bridge.write(modern(1, 'tools/list'));
        const [, names] = await bridge.prints(/"tools":(\[.*\])/);
        expect(names).toContain('"name":"list_applications"');
        expect(names).not.toContain('"name":"sync_application"');
        bridge.endInput();
        expect(await bridge.ended).toBe(0);
      }
      const keyless = command(['stdio', '--connect', url as string]);
      keyless.write(modern(1, 'tools/list'));
      await keyless.prints(/"error"/);
      expect(keyless.stdout()).not.toContain('list_applications');
    });
  });

  describe('check', () => {
    it('tells of every cluster who the token is, when it expires and what it may do', async () => {
      const expiring = join(folder, 'expiring');
      writeFileSync(expiring, simulator.createToken('reader', { expiresInSeconds: 3600 }), { mode: 0o600 });
      const file = write('check.yaml', {
        clusters: [
          { name: 'good', url: simulator.url, token: { file: join(folder, 'token') } },
          { name: 'reads', url: simulator.url, token: { file: expiring } },
          { name: 'gone', url: 'http://127.0.0.1:9', token: { file: expiring } },
          { name: 'wrong-path', url: `${simulator.url}/wrong`, token: { file: expiring } },
        ],
      });
      const run = command(['check', '--config', file, '--json']);
      expect(await run.ended).toBe(1);
      const checked = JSON.parse(run.stdout()) as any[];
      expect(checked[0]).toMatchObject({ cluster: 'good', reachable: true, account: 'bot', tokenExpires: 'never' });
      expect(checked[0].may).toContain('sync');
      expect(checked[1]).toMatchObject({ reachable: true, account: 'reader' });
      expect(Date.parse(checked[1].tokenExpires)).toBeGreaterThan(Date.now());
      expect(checked[1].may).not.toContain('sync');
      expect(checked[2]).toMatchObject({ cluster: 'gone', reachable: false });
      expect(checked[3].problem).toBeTruthy();
      expect(run.stdout()).not.toContain('eyJ');
    });

    it('a fleet that is fine ends with 0 and a table', async () => {
      const run = command(['check', '--config', config]);
      expect(await run.ended).toBe(0);
      expect(run.stdout()).toMatch(/eu .*yes .*v3\.6\.0.*bot/);
    });
  });

  describe('simulate', () => {
    it('prints one JSON line per cluster and writes a configuration that works', async () => {
      const file = join(folder, 'simulated', 'fleet.yaml');
      const simulators = command([
        'simulate',
        '--clusters',
        '3',
        '--applications',
        '10',
        '--port',
        '0',
        '--write-config',
        file,
      ]);
      await eventually(() => simulators.stdout().trim().split('\n').length === 3, { timeoutMs: 20_000 });
      const lines = simulators
        .stdout()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, string>);
      for (const line of lines) expect(Object.keys(line)).toEqual(['cluster', 'url', 'token', 'version', 'admin']);
      expect(statSync(file).mode & 0o077).toBe(0);
      expect(readFileSync(file, 'utf8')).not.toContain(lines[0]?.['token']);
      const checked = command(['check', '--config', file]);
      expect(await checked.ended).toBe(0);
      const counts = await Promise.all(
        lines.map(async ({ url, token }) => {
          const answer = await fetch(`${url}/api/v1/applications`, { headers: { authorization: `Bearer ${token}` } });
          return ((await answer.json()) as { items: unknown[] }).items.length;
        }),
      );
      expect(counts.reduce((a, b) => a + b, 0)).toBe(10);
      simulators.kill('SIGTERM');
      expect(await simulators.ended).toBe(0);
    });
  });

  describe('demo', () => {
    it('answers the first question without any Redis, tells what to try, and leaves nothing behind', async () => {
      const demo = command(['demo', '--port', '0', '--clusters', '2', '--applications', '12'], {
        REDIS_URL: undefined,
      });
      const [, url] = await demo.prints(/REST\s+(http:\S+)\/api\/v1/);
      const { total, unavailable } = (await (await fetch(`${url}/api/v1/applications`)).json()) as any;
      expect([total, unavailable]).toEqual([12, []]);
      expect(demo.stdout()).toContain('/mcp');
      const { clusters } = (await (await fetch(`${url}/api/v1/clusters`)).json()) as any;
      expect(new Set(clusters.map(({ version }: { version: string }) => version)).size).toBe(2);
      demo.kill('SIGINT');
      expect(await demo.ended).toBe(0);
    });
  });

  describe('key', () => {
    it('makes a key that fits its hash, another one each time', async () => {
      const texts = await Promise.all(
        [command(['key']), command(['key'])].map(async (run) => {
          expect(await run.ended).toBe(0);
          return run.stdout();
        }),
      );
      const keys = texts.map((text) => /afm_[\w-]{43}/.exec(text)?.[0] as string);
      expect(new Set(keys).size).toBe(2);
      expect(texts[0]).toContain(hashKey(keys[0] as string));
    });
  });

  it('--help names every command, and --version is the package’s', async () => {
    const help = command(['--help']);
    expect(await help.ended).toBe(0);
    for (const name of ['serve', 'stdio', 'demo', 'check', 'simulate', 'key']) expect(help.stdout()).toContain(name);
    const version = command(['--version']);
    expect(await version.ended).toBe(0);
    const { version: expected } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(version.stdout().trim()).toBe(expected);
    expect(existsSync('dist/cli/main.js')).toBe(true);
  });
});
