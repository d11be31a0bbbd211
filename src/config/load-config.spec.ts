import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, type ConfigProblem } from './config-error.js';
import { loadConfig, parseConfig } from './load-config.js';

const folder = mkdtempSync(join(tmpdir(), 'fleet-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const put = (name: string, text: string | Buffer, mode = 0o600): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
};

const env = { TOKEN: 'opaque-token', REDIS_URL: 'redis://127.0.0.1:6390/0', PATH: process.env['PATH'] };
const parse = (text: string, more: object = {}) =>
  parseConfig(text, { source: 'fleet.yaml', baseDir: folder, env, ...more });

function problemsOf(text: string, more: object = {}): ConfigProblem[] {
  try {
    parse(text, more);
  } catch (error) {
    if (error instanceof ConfigError) return [...error.problems];
    throw error;
  }
  throw new Error('the configuration was accepted');
}

const cluster = 'clusters: [{name: a, url: "https://a.example", token: {env: TOKEN}}]\n';

describe('a valid configuration', () => {
  it('is normalised: defaults applied, addresses and limits merged, the cluster wins', () => {
    const { config, warnings } = parse(`
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
    const hash = (text: string) => parse(text).config.hash;
    const one = hash('clusters: [{name: a, url: "https://a.example", token: {env: TOKEN}}]');
    expect(one).toMatch(/^[0-9a-f]{12}$/);
    expect(hash('# note\nclusters:\n- token: {env: TOKEN}\n  url: https://a.example/\n  name: a')).toBe(one);
    expect(hash('clusters: [{name: a, url: "https://a.example", token: {env: REDIS_URL}}]')).not.toBe(one);
  });

  it('has a hash that says nothing of secrets in it', () => {
    const hash = (secret: string) =>
      parse(
        `redis: {cache: "redis://:${secret}@r:1"}\nclusters: [{name: a, url: "https://a.example", token: {env: TOKEN}, headers: {x-k: ${secret}}}]`,
      ).config.hash;
    expect(hash('aaa')).toBe(hash('bbb'));
  });

  it('lets the command line win, but never give rights back', () => {
    const { config } = parse(`server: {readOnly: true}\n${cluster}`, {
      overrides: { port: 1, readOnly: false, host: '127.0.0.2' },
    });
    expect(config.server).toMatchObject({ port: 1, host: '127.0.0.2', readOnly: true });
  });
});

describe('what is wrong', () => {
  it('is told all at once, each with its path, place and what to do', () => {
    const text = `server:
  prot: 1
  host: 0.0.0.0
clusters:
  - name: EU
    url: argocd.example.com
    token: {env: NOT_SET}
  - name: b
    url: https://u:p@b.example
    token: plain-secret
    timeoutMs: 5
  - name: b
    url: https://c.example?x=1
    token: {env: TOKEN, file: x}
    limits: {timeoutMs: "5"}
    labels: {tier: 1}
`;
    expect(problemsOf(text).map(({ line, column, path, message }) => `${line}:${column} ${path} ${message}`)).toEqual([
      '2:3 server.prot is not known. Did you mean port?',
      expect.stringMatching(/^3:3 server\.host is reachable from other machines.*argocd-fleet-mcp key/),
      expect.stringMatching(/^5:5 clusters\[0\]\.name must be 1 to 63 lower-case/),
      '6:5 clusters[0].url must begin with https:// or http://',
      '7:13 clusters[0].token.env names the environment variable NOT_SET, which is not set',
      '9:5 clusters[1].url must hold no user name and no password; the credentials are the token',
      '10:5 clusters[1].token must not stand in this file itself: keep it elsewhere and write {env: NAME}, {file: PATH} or {command: [PROGRAM, ARGUMENT, ...]}',
      '11:5 clusters[1].timeoutMs is not known here; it belongs to limits.timeoutMs',
      '12:5 clusters[2].name is the name of another cluster too; names must differ',
      '13:5 clusters[2].url must hold no query (nothing from ? on)',
      '14:5 clusters[2].token has env and file; keep exactly one of them',
      '15:14 clusters[2].limits.timeoutMs must be a whole number',
      '16:14 clusters[2].labels.tier must be text; put it into quotes',
    ]);
  });

  it.each([
    ['', /^fleet\.yaml: is empty: it needs at least `clusters:`/],
    ['# only a comment\n', /is empty/],
    ['- a\n', /must be a block of fields/],
    ['clusters:\n', /clusters is empty: give it a value/],
    ['clusters: []', /at least 1 entry/],
    ['clusters:\n\t- name: a', /tab/],
    ['clusters: "x', /closing quote/],
    ['clusters: []\n---\nclusters: []', /more than one YAML document/],
    ['clusters: !env X', /uses a tag/],
    [`${cluster}clusters: []`, /clusters stands here a second time/],
    [`__proto__: {}\n${cluster}`, /__proto__/],
    [
      `server: {apiKeys: [{name: a, role: oprator, hash: "sha256:${'0'.repeat(64)}"}]}\n${cluster}`,
      /Did you mean operator\?/,
    ],
    [`server: {apiKeys: [{name: a, role: viewer, hash: afm_abcdefgh}]}\n${cluster}`, /hash is a key itself/],
    [
      `server: {apiKeys: [{name: a, role: viewer, hash: x, clusters: "a,,b"}]}\n${cluster}`,
      /clusters must be a comma list/,
    ],
    [`server: {apiKeys: [{name: local, role: viewer, hash: x}]}\n${cluster}`, /without a key/],
    [`server: {corsOrigins: ["*"]}\n${cluster}`, /every web page/],
    [`server: {corsOrigins: ["https://a.example/"]}\n${cluster}`, /without a path or slash/],
    [`redis: {cache: "http://x"}\n${cluster}`, /redis\.cache must be an address such as redis/],
    [`redis: {cache: {env: TOKEN}}\n${cluster}`, /redis\.cache leads to something that is no address/],
    [`redis: {cache: {command: [x]}}\n${cluster}`, /redis\.cache\.command is not known/],
    [`redis: {cache: 5}\n${cluster}`, /redis\.cache must be \{env: NAME\} or \{file: PATH\}/],
    ['clusters: [{name: a, url: "https://a.example"}]', /token is required/],
    ['clusters: [{name: a, url: "https://a.example", token: {}}]', /token must be \{env: NAME\}, \{file/],
    [
      'clusters: [{name: a, url: "https://a.example", token: {envv: A}}]',
      /token\.envv is not known\. Did you mean env\?/,
    ],
    [
      'clusters: [{name: a, url: "https://a.example", token: {command: no-such-program-here}}]',
      /token\.command must be a list/,
    ],
    [
      'clusters: [{name: a, url: "https://a.example", token: {command: [no-such-program-here]}}]',
      /no program that can be run/,
    ],
    [
      'clusters: [{name: a, url: "https://a.example", token: {file: missing}}]',
      /names a file that cannot be read \(ENOENT\)/,
    ],
    ['clusters: [{name: a, url: "https://a.example", token: {file: .}}]', /not a regular file/],
    ['clusters: [{name: a, url: "https://a.example/api/v1", token: {env: TOKEN}}]', /leave out \/api\/v1/],
    ['clusters: [{name: a, url: "https://a.example", token: {env: TOKEN}, tls: {certFile: x}}]', /lacks keyFile/],
    ['clusters: [{name: a, url: "https://a.example", token: {env: TOKEN}, tls: {caFile: x}}]', /caFile cannot be read/],
    [
      'clusters: [{name: a, url: "https://a.example", token: {env: TOKEN}, headers: {Authorization: x}}]',
      /sets itself/,
    ],
    ['clusters: [{name: a, url: "https://a.example", token: {env: TOKEN}, headers: {x: "a\\nb"}}]', /printable ASCII/],
    ['clusters: [{name: a, url: "https://a.example", token: {env: TOKEN}, headers: {x: a, X: b}}]', /twice/],
    ['clusters: [{name: a, url: "https://a.example", token: {env: TOKEN}, labels: {"a,b": c}}]', /no label name/],
    ['clusters: [{name: a, url: "https://a.example", token: {env: TOKEN}, labels: {a: "b=c"}}]', /no label value/],
    ['server: {apiKeys: [{name: a, clusters: *}]}', /put text with a \* in front into quotes/],
    ['server: {apiKeys: [{name: a, clusters: !eu-dev }]}', /put text with a ! in front into quotes/],
    ['clusters: [{<<: {}, name: a, url: "https://a.example", token: {env: TOKEN}}]', /merge keys are not supported/],
  ])('%j is explained', (text, expected) => {
    const messages = () => {
      try {
        parse(text);
        return 'accepted';
      } catch (error) {
        return (error as ConfigError).message;
      }
    };
    expect(messages()).toMatch(expected);
  });

  it('never quotes a token, wherever it was put by mistake', () => {
    const secret = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJlc2lnbmF0dXJl';
    const places = [
      `clusters: [{name: a, url: "https://a.example", token: ${secret}}]`,
      `clusters: [{name: a, url: "https://a.example", token: {env: ${secret}}}]`,
      `clusters: [{name: a, url: "https://a.example", token: {${secret}: x}}]`,
      `clusters: [{name: a, url: "https://x:${secret}@a.example", token: {env: TOKEN}}]`,
      `clusters: [{name: ${secret}, url: ${secret}, token: [${secret}], role: ${secret}}]`,
      `clusters: [{name: a, url: "https://a.example", token: "${secret}`,
      `clusters:\n  - name: a\n    token: ${secret}: x\n   bad ${secret}`,
      `*${secret}`,
      `!${secret} x`,
      `${secret}`,
      `redis: {cache: "redis//:${secret}@x"}`,
      `server: {apiKeys: [{name: a, role: ${secret}, hash: ${secret}}]}`,
    ];
    for (const text of places) {
      const problems = problemsOf(text);
      expect(problems.length).toBeGreaterThan(0);
      expect(JSON.stringify(problems)).not.toContain(secret.slice(0, 30));
    }
  });

  it('never quotes a token that looks like a name, either', () => {
    const secret = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a';
    const texts = [`{env: ${secret}}`, `{${secret}: x}`, `{${secret}}`, `[${secret}]`, secret].map(
      (token) => `clusters: [{name: a, url: "https://a.example", token: ${token}}]`,
    );
    for (const text of texts) expect(JSON.stringify(problemsOf(text))).not.toContain(secret.slice(4));
  });

  it('refuses a secret that would inject a header', () => {
    const injected = { ...env, TOKEN: 'good\r\nX-Evil: 1' };
    expect(problemsOf(cluster, { env: injected })[0]?.message).toMatch(/which holds more than one line/);
  });

  it.each([
    [
      'aliases that multiply',
      `a: &a [x,x,x,x,x,x,x,x,x,x]\n${[...'bcdefghij'].map((name, i) => `${name}: &${name} [${Array(10).fill(`*${'abcdefghij'[i]}`).join()}]`).join('\n')}`,
    ],
    ['many aliases', `a: &a x\nb: [${Array(20_000).fill('*a').join()}]`],
    ['depth', `clusters: ${'['.repeat(100_000)}`],
    ['balanced depth', `clusters: ${'['.repeat(3_000)}${']'.repeat(3_000)}`],
    ['many values', `clusters: [${Array(101_000).fill('x').join()}]`],
    ['many keys', `clusters: {${Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join()}}`],
  ])('bounds %s', (_name, text) => {
    expect(problemsOf(text).length).toBeLessThan(5_000);
  });

  it('bounds the file, and says what kind of thing it is instead', () => {
    const message = (file: string) => {
      try {
        loadConfig({ file, env });
        return 'accepted';
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
        return (error as ConfigError).message;
      }
    };
    expect(message(put('large.yaml', `#${' '.repeat(4 * 1024 * 1024)}`))).toMatch(/larger than 4 MiB/);
    expect(message(put('binary.yaml', Buffer.from([0xff, 0xfe, 0x00])))).toMatch(/not UTF-8/);
    expect(message(join(folder, 'missing.yaml'))).toMatch(/missing\.yaml: does not exist/);
    expect(message(folder)).toMatch(/is a folder/);
  });

  it('is a ConfigError, whatever the text', () => {
    const yaml = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.json(),
      fc.json().map((json) => `clusters: ${json}`),
      fc.json().map((json) => `server: ${json}\nredis: ${json}\ndefaults: ${json}\nclusters: [${json}]`),
      fc
        .array(
          fc.constantFrom(
            'clusters:',
            ' ',
            '\n',
            '- ',
            'name: a',
            '{',
            '}',
            '[',
            ']',
            '&a ',
            '*a',
            '"',
            "'",
            '|',
            '!',
            '<<: ',
            ': ',
            ',',
            '\t',
            '#',
            '%',
            '---',
          ),
        )
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(yaml, (text) => {
        try {
          parse(text);
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
          for (const { message } of (error as ConfigError).problems) expect(message).not.toBe('');
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('what deserves a second look', () => {
  it('is a warning', () => {
    put('open.token', 'secret', 0o644);
    const { warnings } = parse(
      `
server:
  publicUrl: http://fleet.example.com
  apiKeys: [{name: k, role: viewer, hash: "sha256:${'0'.repeat(64)}", clusters: "aa,*,!env=x"}]
redis: {cache: "redis://:pw@127.0.0.1:1"}
clusters:
  - {name: aaa, url: "http://a.example", token: {file: open.token}, tls: {insecureSkipVerify: true}}
  - {name: bbb, url: "http://a.example/", token: {env: OLD}}
`,
      { env: { OLD: `e30.${Buffer.from('{"exp":1}').toString('base64url')}.x` } },
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
      parse(`server: {host: 0.0.0.0, ${more}}\n${cluster}`, { allowAnonymous: true }).warnings;
    expect(serve('')).toEqual([expect.stringMatching(/^server\.host is every address.*publicUrl or allowedHosts/)]);
    expect(serve('publicUrl: "https://fleet.example.com"')).toEqual([]);
    expect(serve('allowedHosts: [fleet.internal]')).toEqual([]);
  });

  it('a file with a password that others can read warns', () => {
    const file = put('pw.yaml', `redis: {cache: "redis://:pw@127.0.0.1:1"}\n${cluster}`, 0o644);
    expect(loadConfig({ file, env }).warnings[0]).toMatch(/holds a password/);
    expect(
      loadConfig({ file: put('pw.yaml', `redis: {cache: "redis://127.0.0.1:1"}\n${cluster}`, 0o644), env }).warnings,
    ).toEqual([]);
  });

  it('the official environment is named when a file makes it count for nothing', () => {
    const file = put('fleet.yaml', cluster);
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
    const text = `server:\n  host: ${host}\n  ${keys}\n${cluster}`;
    if (isAllowed) expect(parse(text).config.server.port).toBe(8090);
    else expect(problemsOf(text)).toEqual([expect.objectContaining({ path: 'server.host', line: 2 })]);
    expect(parse(text, { allowAnonymous: true }).config.server.port).toBe(8090);
  });

  it('is refused from the command line as well', () => {
    expect(problemsOf(cluster, { overrides: { host: '0.0.0.0' } })[0]?.path).toBe('server.host');
  });
});

it('no configuration at all says what to give', () => {
  expect(() => loadConfig({ env: {} })).toThrow(/--config FILE, or set ARGOCD_BASE_URL/);
});
